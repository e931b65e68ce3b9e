/**
 * Arbitrary clients over raw sockets: any spelling of a claim, any hop-by-hop list, any cookies, any framing, and the properties that hold
 * for all. `FACTORGATE_RUNS` sets the number of cases.
 */
import fc from 'fast-check'
import t from 'tap'
import { runs } from '../../fixtures/in-process/cases.ts'
import { type Recorded, valuesOf } from '../../fixtures/in-process/upstream.ts'
import { head, Lab, Line, type Reply, readReplies, values } from '../../fixtures/in-process/wire.ts'
import { folded, forwardingNames, identityNames, tokenMarks } from './claims.ts'
import { saidAs } from './headers-identity.ts'

const lie = 'zz-claimed'

function law(what: string, holds: boolean, about: unknown): void {
  if (!holds) throw new Error(`${what}: ${JSON.stringify(about)}`)
}

/** A name as somebody may write it who hopes that a filter misses it: any case, any mark for each `-`. */
const spelled = fc
  .tuple(
    fc.constantFrom(...identityNames, ...forwardingNames),
    fc.array(fc.constantFrom('-', '-', '_', ...tokenMarks), { minLength: 8, maxLength: 8 }),
    fc.array(fc.boolean(), { minLength: 16, maxLength: 16 })
  )
  .map(([name, marks, upper]) => {
    let dashes = 0
    return [...name]
      .map((char, i) =>
        char === '-'
          ? marks[dashes++ % marks.length]!
          : upper[i % upper.length]
            ? char.toUpperCase()
            : char.toLowerCase()
      )
      .join('')
  })
const blanks = fc.constantFrom('', ' ', '\t', '  \t ')
const claim = fc.tuple(spelled, blanks, blanks).map(([name, before, after]) => `${name}:${before}${lie}${after}`)

/** The lines of ours, each once and with its value, whatever stood beside them. */
function isOurs(lab: Lab, request: Recorded, what: unknown): void {
  const truths = [
    ['remote-user', 'alice'],
    ['remote-name', 'alice'],
    ['remote-email', 'alice@lab.example'],
    ['remote-groups', 'researchers'],
    ['x-forwarded-for', '127.0.0.1'],
    ['x-forwarded-host', lab.host],
    ['x-forwarded-proto', 'http']
  ] as const
  for (const [name, value] of truths) {
    const said = saidAs(request, name)
    law(`${name} is said once and by us`, said.length === 1 && said[0] === value, [said, what])
  }
  law('Host is the configured one', valuesOf(request, 'host').join() === lab.host, what)
}

t.test('laws of the wire', { timeout: 60_000 + runs * 1_000 }, async t => {
  const lab = await Lab.start(t, {
    apps: `
  - id: app
    url: "http://app.localhost:PORT"
    upstream: "UP"
    rules: [{ path: /public/**, access: public }, { access: mfa }]`
  })
  /** Sends the bytes in these pieces; gives the answers, and what the app saw once all has settled. */
  const put = async (
    pieces: readonly string[]
  ): Promise<{ replies: Reply[]; requests: readonly Recorded[]; bytes: string }> => {
    const mark = lab.mark()
    const line = new Line(lab.port)
    for (const piece of pieces) {
      line.send(piece)
      await new Promise(setImmediate)
    }
    // Whatever waits for more is left waiting, until others have been served twice; then it ends.
    const settled = lab.settle().then(() => lab.settle())
    await Promise.race([line.closed(), settled])
    await settled
    line.socket.destroy()
    await line.closed()
    const seen = await lab.since(mark)
    return { replies: readReplies(line.received), ...seen }
  }
  /** As `put`, for one whole request: one answer, and one request upstream with no byte besides if it is the app's, otherwise nothing. */
  const putOne = async (bytes: string): Promise<{ reply: Reply; request: Recorded | null }> => {
    const { replies, requests, bytes: seen } = await put([bytes])
    law('one answer', replies.length === 1 && replies[0]!.isWhole, [replies, bytes])
    const reply = replies[0]!
    const isApps = values(reply, 'x-from-app').length === 1
    law('one upstream or none', requests.length === (isApps ? 1 : 0), [bytes, requests.map(({ line }) => line)])
    law('and no byte besides', seen === (isApps ? requests[0]!.raw.toString('latin1') : ''), [bytes, seen])
    return { reply, request: requests[0] ?? null }
  }

  const patient = { timeout: 30_000 + runs * 500 }
  await t.test('no claim of a client arrives, in any spelling, signed in or on a public page', patient, async t => {
    const property = fc.asyncProperty(
      fc.array(claim, { minLength: 1, maxLength: 24 }),
      fc.boolean(),
      fc.constantFrom('GET', 'HEAD', 'OPTIONS', 'DELETE', 'PROPFIND'),
      fc.nat(24),
      async (claims, isKnown, method, at) => {
        const lines = [...claims.slice(0, at), ...(isKnown ? [lab.alice] : []), 'X-Kept: yes', ...claims.slice(at)]
        const { request } = await putOne(head(lab.host, '/public/a', lines, { method }))
        law('it arrives', request !== null, lines)
        law('no lie', !request!.raw.toString('latin1').includes(lie), lines)
        law('what claims nothing is kept', valuesOf(request!, 'x-kept').join() === 'yes', lines)
        if (isKnown) isOurs(lab, request!, lines)
        else law('nobody is nobody', saidAs(request!, 'remote-user').length === 0, lines)
      }
    )
    await fc.assert(property, { numRuns: runs })
    t.pass(`${runs} clients`)
  })

  await t.test('claims change no verdict: a stranger stays one', patient, async t => {
    const property = fc.asyncProperty(
      fc.array(claim, { minLength: 1, maxLength: 24 }),
      fc.boolean(),
      async (claims, isPath) => {
        const lines = isPath ? claims.map(line => line.replace(lie, '/public/a')) : claims
        const { reply, request } = await putOne(head(lab.host, '/private', lines))
        law('401', reply.status === 401 && request === null, [lines, reply])
      }
    )
    await fc.assert(property, { numRuns: runs })
    t.pass(`${runs} strangers`)
  })

  await t.test('no list in Connection takes away what is ours, or what frames the message', patient, async t => {
    const option = fc.oneof(
      fc.constantFrom(
        'close',
        'keep-alive',
        'Upgrade',
        'TE',
        'Cookie',
        'Host',
        'Content-Length',
        'Transfer-Encoding',
        'X-Mine'
      ),
      fc.constantFrom(
        'Remote-User',
        'Remote-Groups',
        'X-Forwarded-For',
        'X-Forwarded-Host',
        'X-Forwarded-Proto',
        'Content-Type'
      ),
      fc.constantFrom('', '"', '@', 'remote_user', '"Remote-User"', 'Remote-User;q=1', '*', '-', 'x=y', 'Remote-*')
    )
    const recased = fc.tuple(option, fc.nat(2), blanks).map(([name, how, blank]) => {
      return blank + [name, name.toUpperCase(), name.toLowerCase()][how]!
    })
    const list = fc.tuple(
      fc.constantFrom(
        'Connection',
        'connection',
        'CONNECTION',
        'Proxy-Connection',
        'Keep-Alive',
        'TE',
        'Trailer',
        'Upgrade'
      ),
      fc.array(recased, { minLength: 1, maxLength: 6 })
    )
    const property = fc.asyncProperty(
      fc.array(list, { minLength: 1, maxLength: 4 }),
      fc.constantFrom('hello', ''),
      async (lists, body) => {
        const lines = lists.map(([name, options]) => `${name}: ${options.join(',')}`)
        const about = [
          lab.alice,
          'Cookie: app=1',
          `Content-Length: ${body.length}`,
          'Content-Type: text/x',
          'X-Mine: 1'
        ]
        const { reply, request } = await putOne(head(lab.host, '/a', [...lines, ...about], { method: 'PUT' }) + body)
        if (reply.status === 400) {
          const upgrades = lists.filter(([name]) => name === 'Upgrade').length
          law('only what is ambiguous is refused', upgrades > 1, lines)
          return
        }
        law('it arrives', request !== null, [lines, reply])
        isOurs(lab, request!, lines)
        law('the body is whole', request!.body.toString() === body, lines)
        law('one length', valuesOf(request!, 'content-length').join() === String(body.length), lines)
        law('the app’s cookie', valuesOf(request!, 'cookie').join('; ') === 'app=1', [
          lines,
          valuesOf(request!, 'cookie')
        ])
        law('its type', valuesOf(request!, 'content-type').join() === 'text/x', lines)
        const hops = ['keep-alive', 'proxy-connection', 'upgrade', 'trailer', 'transfer-encoding']
        law(
          'nothing of the hop',
          hops.every(name => saidAs(request!, name).length === 0),
          [lines, request!.headers]
        )
      }
    )
    await fc.assert(property, { numRuns: runs })
    t.pass(`${runs} lists`)
  })

  await t.test('of all cookies one alone signs in, and it never goes on; the app’s own arrive', patient, async t => {
    const good = lab.alice.slice('Cookie: factorgate='.length)
    const name = fc.constantFrom(
      'factorgate',
      'factorgate',
      'a',
      'b',
      'Factorgate',
      '__Host-factorgate',
      'x-factorgate',
      'factorgate-nonce',
      'factorgate ',
      '',
      '$x'
    )
    const value = fc.constantFrom(
      good,
      good,
      `${good}x`,
      good.slice(1),
      `"${good}"`,
      '',
      '1',
      '=',
      `x=factorgate=${good}`,
      '%00',
      '\xe4',
      `a factorgate=${good}`
    )
    const pair = fc.tuple(blanks, name, fc.constantFrom('=', '=', '=', ''), value, blanks).map(parts => parts.join(''))
    const lineOf = fc.array(pair, { minLength: 1, maxLength: 5 }).map(pairs => pairs.join(';'))
    const property = fc.asyncProperty(fc.array(lineOf, { minLength: 1, maxLength: 3 }), async cookieLines => {
      const lines = cookieLines.map(line => `Cookie: ${line}`)
      // As RFC 6265 §5.4 and a server that joins lines have it.
      const pairs = cookieLines
        .map(line => line.replace(/^[ \t]+|[ \t]+$/g, ''))
        .join('; ')
        .split(';')
      const tokens = pairs.map(pair => pair.replace(/^[ \t]+/, '')).filter(pair => pair.startsWith('factorgate='))
      const isAlice = tokens.length === 1 && tokens[0]!.slice('factorgate='.length).trimEnd() === good
      const { reply, request } = await putOne(head(lab.host, '/a', lines))
      law(isAlice ? 'alice' : 'nobody', reply.status === (isAlice ? 200 : 401), [lines, reply])
      if (request === null) return
      isOurs(lab, request, lines)
      const arrived = valuesOf(request, 'cookie')
        .join(';')
        .split(';')
        .map(pair => pair.trim())
        .filter(Boolean)
      const isGates = (pair: string) =>
        /^(?:__(?:host|secure)-factorgate|factorgate(?:$|-))/i.test(pair.split('=')[0]!.trim())
      law('none of ours goes on', !arrived.some(isGates), [lines, arrived])
      const theirs = pairs.map(pair => pair.trim()).filter(pair => pair !== '' && !isGates(pair))
      law('theirs do', JSON.stringify(arrived) === JSON.stringify(theirs), [lines, arrived, theirs])
    })
    await fc.assert(property, { numRuns: runs })
    t.pass(`${runs} jars`)
  })

  await t.test('no framing hides a request: what nobody signed never goes upstream', patient, async t => {
    const portalHost = new URL(lab.gate.portal).host
    const own = [
      'login',
      'challenge/totp',
      'webauthn/options?for=login',
      'account',
      'auth',
      'logout',
      'no-such-page'
    ].map(page => `/.factorgate/${page}`)
    const hidden = `GET /smuggled HTTP/1.1\r\nHost: ${lab.host}\r\nRemote-User: root\r\n\r\n`
    const size = hidden.length
    const framing = fc.oneof(
      fc.constantFrom(
        'Content-Length: 0',
        'Content-Length: 5',
        `Content-Length: ${size}`,
        `Content-Length: ${size + 5}`,
        'Content-Length: 3'
      ),
      fc.constantFrom(
        'content-length: 0',
        'Content-Length : 5',
        'Content_Length: 0',
        'Content-Length: 5,5',
        'Content-Length: +5',
        'Content-Length:\t5'
      ),
      fc.constantFrom(
        'Transfer-Encoding: chunked',
        'transfer-encoding: CHUNKED',
        'Transfer-Encoding: chunked, identity',
        'Transfer-Encoding: gzip, chunked'
      ),
      fc.constantFrom(
        'Transfer-Encoding:\x0bchunked',
        'Transfer_Encoding: chunked',
        'Transfer-Encoding: xchunked',
        'Transfer-Encoding:chunked\r\nX: y'
      ),
      fc.constantFrom(
        'X: y\r\n Content-Length: 5',
        'X: y\nContent-Length: 5',
        'X: y\rTransfer-Encoding: chunked',
        'Transfer-Encoding\t: chunked'
      ),
      fc.constantFrom(
        'Expect: 100-continue',
        'Upgrade: h2c',
        'Connection: Content-Length',
        'Connection: Transfer-Encoding',
        'TE: trailers',
        'Trailer: X'
      )
    )
    const part = fc.constantFrom(
      ...[
        '0\r\n\r\n',
        '5\r\nhello\r\n',
        '5;x=y\r\nhello\r\n0\r\n\r\n',
        'hello',
        '\r\n',
        '\r\n\r\n',
        '0',
        '\n',
        '\r',
        `${size.toString(16)}\r\n`
      ],
      ...[
        '0\r\nX: y\r\n\r\n',
        '5\r\r\nhello\r\n',
        'ffffffffffffffff\r\n',
        '-1\r\n',
        '0\r\nContent-Length: 5\r\n\r\n',
        '5 \r\nhello\r\n'
      ]
    )
    const body = fc
      .tuple(fc.array(part, { maxLength: 4 }), fc.array(part, { maxLength: 2 }))
      .map(([before, after]) => before.join('') + hidden + after.join(''))
    const property = fc.asyncProperty(
      fc.constantFrom('GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'PROPFIND'),
      fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0'),
      fc.array(framing, { maxLength: 3 }),
      body,
      fc.array(fc.nat(400), { maxLength: 3 }),
      fc.boolean(),
      fc.constantFrom('/p', '/p', ...own),
      async (method, version, framings, body, cuts, keep, target) => {
        const about = [
          `Host: ${target === '/p' ? lab.host : portalHost}`,
          lab.alice,
          ...(keep ? [] : ['Connection: close']),
          ...framings
        ]
        const bytes = `${method} ${target} HTTP/1.1\r\n${about.join('\r\n')}\r\n\r\n${body}`.replace(
          'HTTP/1.1',
          version
        )
        const at = [0, ...cuts.map(cut => cut % bytes.length).sort((a, b) => a - b), bytes.length]
        const pieces = at
          .slice(1)
          .map((end, i) => bytes.slice(at[i], end))
          .filter(Boolean)
        const { replies, requests, bytes: seen } = await put(pieces)
        const lines = requests.map(({ line }) => line)
        if (target !== '/p') {
          law('a page of ours sends nothing on', seen === '', [bytes, seen])
          law(
            'and what answers is ours, each whole',
            replies.every(reply => values(reply, 'x-from-app').length === 0 && reply.status < 500),
            [bytes, replies]
          )
          return
        }
        law(
          'at most the one that was signed',
          lines.length <= 1 && (lines[0] ?? `${method} /p HTTP/1.1`) === `${method} /p HTTP/1.1`,
          [bytes, lines]
        )
        law(
          'an answer of the app for it alone',
          replies.filter(reply => values(reply, 'x-from-app').length > 0).length <= lines.length,
          [bytes, replies]
        )
        if (requests.length === 0)
          return law('at most the beginning of one', /^(?:$|[A-Z]+ \/p HTTP\/1\.1\r\n)/.test(seen), [bytes, seen])
        const [{ raw, headers }] = requests as [Recorded]
        law('no byte besides', seen === raw.toString('latin1'), [bytes, seen])
        isOurs(lab, requests[0]!, bytes)
        const framed = headers.filter(([name]) => ['content_length', 'transfer_encoding'].includes(folded(name)))
        law(
          'one framing at most, and plain',
          framed.length <= 1 && framed.every(([, value]) => /^(?:\d+|chunked)$/.test(value)),
          [bytes, framed]
        )
      }
    )
    await fc.assert(property, { numRuns: runs * 3 })
    t.pass(`${runs * 3} messages, to the app and to pages of ours`)
  })
})
