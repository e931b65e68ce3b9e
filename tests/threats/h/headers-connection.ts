/** THREATS H15 to H17, H19, H20 and H24 to H27: connections between gate and app, and state that two people might share. */
import http from 'node:http'
import type { Test } from 'tap'
import { type Script, valuesOf } from '../../fixtures/in-process/upstream.ts'
import { echo, head, type Lab, refused, turnedAway, values } from '../../fixtures/in-process/wire.ts'
import type { Row } from '../table.ts'
import { saidAs } from './headers-identity.ts'

/** Bytes that an app, or who holds it, sends after its reply, to be taken for the reply to somebody else. */
const staged = 'HTTP/1.1 200 OK\r\nX-From-App: yes\r\nX-Echo-User: STAGED\r\nContent-Length: 6\r\n\r\nSTAGED'
const afterwards: Record<string, string> = {
  reply: staged,
  'two replies': staged + staged,
  'the head of a reply': 'HTTP/1.1 200 OK\r\nX-Echo-User: STAGED\r\nContent-Length: 600\r\n\r\n',
  'half a line': 'HTTP/1.1 200 OK\r\nX-Echo-User: STAGED',
  'an interim reply': `HTTP/1.1 100 Continue\r\nX-Echo-User: STAGED\r\n\r\n${staged}`,
  'blank lines': `\r\n\r\n${staged}`,
  'a body alone': 'STAGED\r\n'
}

/** An app whose reply to `/said/N` has the N-th of `afterwards` behind it, in one piece or a moment later. */
export const stager: Script = (socket, request) => {
  echo(socket, request)
  const [, when, which] = /^GET \/(together|later)\/(\d+) /.exec(request.line) ?? []
  if (when === undefined) return
  const bytes = Object.values(afterwards)[Number(which)]!
  if (when === 'together') socket.write(bytes)
  else setImmediate(() => socket.write(bytes))
}

interface Near {
  readonly port: number
  readonly lines: string[]
}

/** Two apps on ports P and 10·P+1, whose addresses run into each other when they are written without a mark between port and path. */
export async function nearPorts(t: Test): Promise<[Near, Near]> {
  for (let port = 2_100; port < 6_500; port++) {
    const servers: http.Server[] = []
    const near: Near[] = []
    try {
      for (const each of [port, port * 10 + 1]) {
        const lines: string[] = []
        const server = http.createServer((request, response) => {
          lines.push(`${request.method} ${request.url}`)
          response.end(String(each))
        })
        await new Promise<void>((resolve, reject) =>
          server.once('error', reject).listen(each, '127.0.0.1', () => resolve())
        )
        servers.push(server)
        near.push({ port: each, lines })
      }
    } catch {
      for (const server of servers) server.close()
      continue
    }
    t.teardown(() => {
      for (const server of servers) {
        server.closeAllConnections()
        server.close()
      }
    })
    return near as [Near, Near]
  }
  throw new Error('no two free ports P and 10·P+1')
}

export function connectionRows(lab: Lab, near: readonly [Near, Near]): Row[] {
  /** The app behind /signed gets everything of ours, whatever these lines ask to leave out. */
  const isWhole = async (t: Test, lines: readonly string[], what: string) => {
    const app = 'Cookie: app=1; other=2'
    const seen = await lab.seen(async () => {
      const reply = await lab.ask('/signed/x', [lab.alice, app, 'Content-Length: 4', ...lines], {
        method: 'PUT',
        body: 'body'
      })
      t.equal(reply.status, 200, what)
    })
    t.same(saidAs(seen, 'remote-user'), ['alice'], what)
    t.same(saidAs(seen, 'remote-groups'), ['researchers'], what)
    t.same(saidAs(seen, 'x-forwarded-for'), ['127.0.0.1'], what)
    t.same(saidAs(seen, 'x-forwarded-host'), [lab.host], what)
    t.same(saidAs(seen, 'x-forwarded-proto'), ['http'], what)
    t.same(saidAs(seen, 'x-forwarded-prefix'), ['/signed'], what)
    t.match(saidAs(seen, 'x-factorgate-assertion').join('|'), /^[\w-]+\.[\w-]+\.[\w-]+$/, what)
    t.same(valuesOf(seen, 'host'), [lab.host], what)
    t.same(valuesOf(seen, 'content-length'), ['4'], what)
    t.same(valuesOf(seen, 'cookie'), ['app=1; other=2'], what)
    t.equal(seen.body.toString(), 'body', what)
    t.notMatch(valuesOf(seen, 'connection').join(), /remote|forwarded|cookie|host|length|assertion/i, what)
    return seen
  }

  return [
    {
      id: 'H15',
      refs: 'CVE-2026-33805 GHSA-gwhp-pf74-vj37 (reply-from)',
      tried: 'Connection lists our identity, forwarding and assertion headers',
      safe: 'the app has all of them',
      run: async t => {
        await isWhole(t, ['Connection: close, Remote-User, X-Forwarded-For, X-Factorgate-Assertion'], 'one line')
        await isWhole(t, ['Connection: Remote-User', 'Connection: X-Factorgate-Assertion'], 'two lines')
      }
    },
    {
      id: 'H16',
      refs: 'CVE-2024-45410 GHSA-62c8-mh53-4cqv, CVE-2026-29054 GHSA-92mv-8f8w-wq52, CVE-2021-32813 (Traefik)',
      tried: 'the same in every spelling of a list: case, blanks, quotes, several lines, Cookie, Host, Content-Length',
      safe: 'identity there, framing intact, no 5xx',
      run: async t => {
        const lists = [
          'remote-user, x-forwarded-for',
          'REMOTE-USER,X-FORWARDED-FOR',
          'rEmOtE-gRoUpS ,\tx-Forwarded-Proto\t, ',
          '"Remote-User", "X-Forwarded-For"',
          ',,,remote-user,,;q=1',
          'keep-alive, Cookie, Host, Content-Length',
          'Upgrade, Transfer-Encoding, Content-Length, Host',
          'close\t, remote_user, x_forwarded_for'
        ]
        for (const list of lists) await isWhole(t, [`Connection: ${list}`], list)
        for (const list of lists.slice(0, 3))
          await isWhole(t, [`Proxy-Connection: ${list}`, `Keep-Alive: ${list}`], list)
        const gone = await isWhole(t, ['Connection: X-Mine', 'X-Mine: 1', 'X-Other: 1'], 'what is the client’s own')
        t.same([...valuesOf(gone, 'x-mine'), ...valuesOf(gone, 'x-other')], ['1'], 'is taken out as it asked')
      }
    },
    {
      id: 'H17',
      refs: 'GHSA-w9mr-28mw-j8hg (Oathkeeper), CVE-2025-48865 (Fabio)',
      tried: 'Connection lists X-Forwarded-Host, X-Forwarded-Proto, X-Forwarded-Prefix, Remote-Groups and X-Auth-AAL',
      safe: 'the app has all of ours',
      run: async t => {
        await isWhole(t, ['Connection: X-Forwarded-Host, X-Auth-AAL, X-Forwarded-Prefix'], 'host')
        await isWhole(t, ['Connection: X-Forwarded-Proto, Remote-Groups', 'X-Auth-AAL: 3'], 'proto')
      }
    },
    {
      id: 'H19',
      refs: 'CVE-2026-41181 GHSA-p6hg-qh38-555r (Traefik)',
      tried: 'an app that is down, asked with Authorization and Cookie',
      safe: 'our own error page, made here: nobody else is asked',
      run: t =>
        lab.nothingUpstream(t, async () => {
          const lines = [lab.alice, 'Authorization: Basic c2VjcmV0', 'Accept: text/html']
          const reply = await lab.ask('/broken/x', lines)
          refused(t, reply, [502], 'down')
          t.same(values(reply, 'factorgate-error'), ['app_unreachable'])
          t.notMatch(reply.lines.join('\n') + reply.body, /c2VjcmV0|secret|ECONNREFUSED|127\.0\.0\.1/)
        })
    },
    {
      id: 'H20',
      refs: 'CVE-2026-25748 (authentik)',
      tried: 'session cookies that cannot be read, that nobody made, or two of them',
      safe: 'nobody: 401, never the app without identity; nothing upstream',
      run: t =>
        lab.nothingUpstream(t, async () => {
          const good = lab.alice.slice('Cookie: factorgate='.length)
          const flipped = good.slice(0, -2) + (good.endsWith('AA') ? 'BB' : 'AA')
          const forged = ['%', '""', `"${good}"`, '..', '{}', '[]', 'null', 'true', '__proto__', 'x'.repeat(10_240)]
          forged.push(
            '',
            ' ',
            '=',
            '====',
            '%00',
            '\xff\xfe\x80',
            flipped,
            `${good}A`,
            good.slice(1),
            encodeURIComponent(`${good}.`)
          )
          forged.push(good.toUpperCase(), good.toLowerCase(), `${good}=`, `${good}%00`, `s:${good}`, `${good},${good}`)
          for (const value of forged)
            turnedAway(t, lab, await lab.ask('/private', [`Cookie: factorgate=${value}`]), value.slice(0, 20))
          const pairs = [
            `factorgate=${good}; factorgate=${flipped}`,
            `factorgate=${flipped}; factorgate=${good}`,
            `factorgate=${good}; factorgate=${good}`,
            `__Host-factorgate=${good}`,
            `Factorgate=${good}`,
            `x-factorgate=${good}`,
            `a="; factorgate"=${good}`,
            `factorgate ${good}`,
            `$Version=1; $factorgate=${good}`
          ]
          for (const pair of pairs)
            turnedAway(t, lab, await lab.ask('/private', [`Cookie: ${pair}`]), pair.slice(0, 24))
          const twoLines = [lab.alice, `Cookie: factorgate=${flipped}`]
          turnedAway(t, lab, await lab.ask('/private', twoLines), 'in two lines')
        })
    },
    {
      id: 'H24',
      refs: 'CVE-2026-21710 (Node)',
      tried: '__proto__, constructor and toString as header names, cookie names, form fields and JSON keys',
      safe: 'ordinary answers, the gate lives',
      run: async t => {
        const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype', 'valueOf']
        const lines = names.map((name, i) => `${name}: ${i}`)
        const seen = await lab.seen(async () => t.equal((await lab.ask('/', [lab.alice, ...lines])).status, 200))
        for (const name of names) t.equal(valuesOf(seen, name).length, 1, `${name} is a header like any other`)
        await lab.nothingUpstream(t, async () => {
          turnedAway(t, lab, await lab.ask('/private', [...lines, `Cookie: ${names.join('=1; ')}=1`]), 'not signed in')
          const host = new URL(lab.gate.portal).host
          const json = '{"__proto__":{"isFullySignedIn":true},"constructor":{"prototype":{"access":"public"}}}'
          const form = '__proto__[requires]=anyone&constructor=x&username=a&password=b'
          const posts: [string, string, string][] = [
            ['/.factorgate/webauthn/verify?for=login', 'application/json', json],
            ['/.factorgate/webauthn/options?for=__proto__', 'application/json', json],
            ['/.factorgate/login', 'application/x-www-form-urlencoded', form]
          ]
          for (const [target, type, body] of posts) {
            const about = [`Origin: ${lab.gate.portal}`, `Content-Type: ${type}`, `Content-Length: ${body.length}`]
            const reply = await lab.ask(target, about, { host, method: 'POST', body })
            t.ok(reply.status >= 400 && reply.status < 500, `${target}: ${reply.status}`)
          }
          turnedAway(t, lab, await lab.ask('/private'), 'and nobody was let in for it')
        })
      }
    },
    {
      id: 'H25',
      refs: 'CVE-2026-71326 GHSA-6765-c87h-8mrf (Traefik), CVE-2026-33544 GHSA-9q5m-jfc4-wc92 (tinyauth)',
      tried: '200 requests of two people at once, over kept connections that both use',
      safe: 'each is told as themselves: no mismatch',
      run: async t => {
        const anna = await lab.cookieOf('anna', [])
        const bert = await lab.cookieOf('bert', [])
        const agent = new http.Agent({ keepAlive: true, maxSockets: 12 })
        t.teardown(() => agent.destroy())
        const ask = (cookie: string, path: string) =>
          new Promise<string>((resolve, reject) =>
            http
              .get(
                { host: '127.0.0.1', port: lab.port, agent, path, headers: { host: lab.host, cookie } },
                response => {
                  response
                    .resume()
                    .on('end', () => resolve(`${response.statusCode} ${response.headers['x-echo-user']}`))
                }
              )
              .on('error', reject)
          )
        const answers = await Promise.all(
          Array.from({ length: 200 }, (_, i) => ask((i % 2 ? anna : bert).slice('Cookie: '.length), `/shared/${i}`))
        )
        t.same(
          answers.filter((answer, i) => answer !== `200 ${i % 2 ? 'anna' : 'bert'}`),
          []
        )
      }
    },
    {
      id: 'H26',
      refs: 'CVE-2026-71324 GHSA-3ccp-42pg-hgv6 (Traefik), CVE-2026-48931 (Node)',
      tried: 'an app sends more than its reply; the next person asks over the same pool',
      safe: 'nobody ever gets the staged bytes',
      run: async t => {
        const bodo = await lab.cookieOf('bodo', [])
        for (const when of ['together', 'later'])
          for (const [i, what] of Object.keys(afterwards).entries()) {
            const first = await lab.raw(head(lab.host, `/stage/${when}/${i}`, [lab.alice]))
            t.match(first, /X-Echo-User: alice/i, `${what}, ${when}`)
            t.notMatch(first, 'STAGED', `${what}, ${when}: not behind the first reply`)
            for (let n = 0; n < 3; n++) {
              const next = await lab.raw(head(lab.host, `/stage/x${n}`, [bodo]))
              t.notMatch(next, 'STAGED', `${what}, ${when}`)
              t.match(next, /^HTTP\/1\.1 (?:200 OK\r\n[\s\S]*X-Echo-User: bodo|502 )/i, `${what}, ${when}`)
            }
          }
        t.match(await lab.raw(head(lab.host, '/stage/end', [bodo])), /^HTTP\/1\.1 200 OK\r\n[\s\S]*X-Echo-User: bodo/i)
      }
    },
    {
      id: 'H27',
      refs: 'GHSA-v574-6498-x57v (reply-from)',
      tried: 'two apps on ports P and 10·P+1, paths that make their addresses one text',
      safe: 'each request at its own app',
      run: async t => {
        const [small, large] = near
        for (const path of ['/p', '/1/p', '/', '//1', '/01', '/?1/p', '/1', '/p', '/1/p'])
          for (const [prefix, app] of [
            ['/small', small],
            ['/large', large]
          ] as const) {
            const others = (app === small ? large : small).lines.length
            const reply = await lab.ask(prefix + path, [lab.alice])
            t.equal(reply.body.replace(/^\d+\r\n(\d+)\r\n0\r\n\r\n$/, '$1'), String(app.port), `${prefix}${path}`)
            t.equal(app.lines.at(-1), `GET ${path}`)
            t.equal((app === small ? large : small).lines.length, others)
          }
      }
    }
  ]
}
