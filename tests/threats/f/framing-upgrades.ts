/** THREATS F7 to F13: upgrades to a WebSocket, and imitations of them; and responses made to keep a gate busy. */
import type { Test } from 'tap'
import { type Script, valuesOf } from '../../fixtures/in-process/upstream.ts'
import { echo, head, type Lab, Line, readReplies, refused, turnedAway, values } from '../../fixtures/in-process/wire.ts'
import { saidAs } from '../h/headers-identity.ts'
import type { Row } from '../table.ts'

const codings = Array.from({ length: 1_000 }, () => 'gzip').join(', ')

/** An app with replies that were made to hurt. */
export const hurtful: Script = (socket, request) => {
  const [, path] = request.line.split(' ')
  const body = 'Content-Length: 2\r\n\r\nok'
  if (path === '/hints') socket.write(`HTTP/1.1 103 Early Hints\r\nX-Hinted: 1\r\n\r\nHTTP/1.1 200 OK\r\n${body}`)
  else if (path === '/codings') socket.write(`HTTP/1.1 200 OK\r\nContent-Encoding: ${codings}\r\n${body}`)
  else if (path?.startsWith('/window'))
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=${'9'.repeat(400)}\r\n\r\n\x81\x02hi`
    )
  else echo(socket, request)
}

interface Hand {
  readonly origin?: string | null
  readonly lines?: readonly string[]
  readonly method?: string
  readonly upgrade?: string
  readonly host?: string
}

export function upgradeRows(lab: Lab): Row[] {
  const own = `http://${lab.host}`
  const smuggled = head(lab.host, '/smuggled', [lab.alice])
  const handshake = (
    target: string,
    { origin = own, lines = [], method = 'GET', upgrade = 'websocket', host = lab.host }: Hand = {}
  ) =>
    head(
      host,
      target,
      [
        ...[
          'Connection: Upgrade',
          `Upgrade: ${upgrade}`,
          'Sec-WebSocket-Version: 13',
          `Sec-WebSocket-Key: ${'A'.repeat(22)}==`
        ],
        ...(origin === null ? [] : [`Origin: ${origin}`]),
        ...lines
      ],
      { method, keep: true }
    )
  /** Opens a socket and resolves once the app has agreed. */
  const open = async (bytes: string): Promise<Line> => {
    const line = new Line(lab.port)
    line.send(bytes)
    const received = await line.until(text => text.includes('\r\n\r\n'))
    if (!received.startsWith('HTTP/1.1 101 ')) throw new Error(`no socket: ${received}`)
    return line
  }
  /** Refused with `status`, and the connection ends: what came behind the handshake is nobody's request. */
  const isRefused = async (t: Test, bytes: string, status: number, what: string) => {
    const replies = readReplies(await lab.raw(bytes + smuggled))
    t.equal(replies.length, 1, `${what}: one answer`)
    refused(t, replies[0]!, [status], what)
    t.match(values(replies[0]!, 'connection').join().toLowerCase(), 'close', `${what}: closes`)
  }

  return [
    {
      id: 'F7',
      refs: 'h2c smuggling (BishopFox)',
      tried: 'Upgrade: h2c and its kin, alone and beside websocket, by a stranger and by a person; the HTTP/2 preface',
      safe: 'never passed on: served as the plain request it also is, then closed (a browser that merely offers h2c gets its page)',
      run: async t => {
        const offers = [
          'h2c',
          'h2c, websocket',
          'websocket, h2c',
          'websocket\r\nUpgrade: h2c',
          'TLS/1.0',
          'HTTP/2.0',
          'h2',
          'websocket/13'
        ]
        for (const offer of offers) {
          const lines = ['Connection: Upgrade, HTTP2-Settings', `Upgrade: ${offer}`, 'HTTP2-Settings: AAMAAABkAAQAAP__']
          const isTwice = offer.includes('\r\n')
          await lab.nothingUpstream(t, async () => {
            const answer = readReplies(await lab.raw(head(lab.host, '/', lines, { keep: true }) + smuggled))
            t.equal(answer.length, 1, `${offer}: closed after the refusal`)
            if (isTwice) refused(t, answer[0]!, [400], offer)
            else turnedAway(t, lab, answer[0]!, offer)
          })
          if (isTwice) continue
          const seen = await lab.seen(async () => {
            const answers = readReplies(
              await lab.raw(head(lab.host, '/', [lab.alice, ...lines], { keep: true }) + smuggled)
            )
            t.same(
              answers.map(({ status }) => status),
              [200],
              `${offer}: one answer, then the end`
            )
          })
          t.notMatch(seen.raw.toString('latin1'), /upgrade|http2|h2c/i, `${offer}: the app hears nothing of it`)
        }
        await lab.nothingUpstream(t, async () => {
          t.match(await lab.raw(`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${smuggled}`), /^HTTP\/1\.1 400 /, 'prior knowledge')
        })
      }
    },
    {
      id: 'F8',
      refs: 'next GHSA-c4j6-fc7j-m34r, fastify GHSA-c4qr-gmr9-v23w',
      tried:
        'handshakes by a stranger, after the password alone, with an ended session; off the mount; not GET; bytes behind',
      safe: 'refused, the socket ends, nothing upstream (the WebSocket version is between client and app)',
      run: async t => {
        const { runtime } = lab.gate.server
        const device = { userAgent: 'test', address: '127.0.0.1' }
        const account = await lab.gate.account('wilma')
        const proof = { kind: 'password', at: runtime.clock(), userVerified: false } as const
        const half = await runtime.sessions.start({ accountId: account.id, proof, device, host: lab.host })
        const { principal, cookies } = await lab.gate.signIn(await lab.gate.account('ended'), 'app')
        await runtime.sessions.end(principal.session.id, 'revoked')
        const token = lab.alice.slice('Cookie: factorgate='.length)
        await lab.nothingUpstream(t, async () => {
          const doors: [string, string, number][] = [
            ['a stranger', handshake('/chat'), 401],
            ['a stranger without Origin', handshake('/chat', { origin: null }), 401],
            ['a forged cookie', handshake('/chat', { lines: [`Cookie: factorgate=${'A'.repeat(token.length)}`] }), 401],
            ['the password alone', handshake('/chat', { lines: [`Cookie: factorgate=${half.token}`] }), 401],
            ['an ended session', handshake('/chat', { lines: [`Cookie: ${cookies.app}`] }), 401],
            ['POST', handshake('/chat', { lines: [lab.alice], method: 'POST' }), 400],
            ['a body by length', handshake('/chat', { lines: [lab.alice, 'Content-Length: 5'] }), 400],
            ['a body in chunks', handshake('/chat', { lines: [lab.alice, 'Transfer-Encoding: chunked'] }), 400],
            ['another host', handshake('/chat', { lines: [lab.alice], host: 'evil.test' }), 421],
            ['an ambiguous path', handshake('/x%2f..%2f.factorgate/', { lines: [lab.alice] }), 400],
            ['a page of ours', handshake('/.factorgate/nothing', { lines: [lab.alice] }), 404],
            ['a path with NUL', handshake('/chat%00', { lines: [lab.alice] }), 400],
            ['the admin’s socket', handshake('/admin/chat', { lines: [lab.alice] }), 403],
            ['the admin’s socket, spelled', handshake('/public/..;/admin/chat', { lines: [lab.alice] }), 403]
          ]
          for (const [what, bytes, status] of doors) await isRefused(t, bytes, status, what)
          for (const upgrade of ['WebSocket', 'WEBSOCKET ', ' websocket', 'websocket\t'])
            await isRefused(t, handshake('/chat', { upgrade }), 401, `'${upgrade}' by a stranger`)
        })
        const old = await lab.seen(async () => {
          const line = await open(handshake('/chat', { lines: [lab.alice] }).replace('Version: 13', 'Version: 8'))
          line.socket.destroy()
        })
        t.same(valuesOf(old, 'sec-websocket-version'), ['8'])
      }
    },
    {
      id: 'F9',
      refs: 'CVE-2019-13209, CVE-2021-1403, ASVS 4.4.2',
      tried: 'a signed-in person’s browser opens a socket from another site',
      safe: '403, nothing upstream; from its own origin it opens',
      run: async t => {
        const foreign = [
          'https://evil.test',
          'null',
          `${own}.evil.test`,
          `https://${lab.host}`,
          'http://app.localhost',
          `${own}/`,
          `${own}.`
        ]
        foreign.push(
          `http://x@${lab.host}`,
          own.toUpperCase(),
          '',
          `${own}, https://evil.test`,
          lab.gate.portal,
          'file://'
        )
        await lab.nothingUpstream(t, async () => {
          for (const origin of [...foreign, null])
            await isRefused(t, handshake('/chat', { origin, lines: [lab.alice] }), 403, `from ${origin}`)
        })
        const line = await open(handshake('/chat', { lines: [lab.alice] }))
        t.match(line.received, /X-From-App: yes/i)
        line.socket.destroy()
      }
    },
    {
      id: 'F10',
      refs: '',
      tried: 'a handshake that says who it is, with our cookie beside the app’s',
      safe: 'the app gets our identity, its own cookies, and nothing of ours or the client’s',
      run: async t => {
        const claims = [
          'Remote-User: root',
          'remote_user: root',
          'X-Auth-User: root',
          'X-Forwarded-For: 6.6.6.6',
          'Forwarded: for=6.6.6.6'
        ]
        const lines = [`${lab.alice}; app=1; __Host-factorgate=root`, ...claims, 'Connection: Remote-User']
        const seen = await lab.seen(async () => (await open(handshake('/chat', { lines }))).socket.destroy())
        t.notMatch(seen.raw.toString('latin1'), /root|6\.6\.6\.6|factorgate=/)
        t.same(saidAs(seen, 'remote-user'), ['alice'])
        t.same(saidAs(seen, 'remote-groups'), ['researchers'])
        t.same(saidAs(seen, 'x-forwarded-for'), ['127.0.0.1'])
        t.same(valuesOf(seen, 'cookie'), ['app=1'])
        t.same([...valuesOf(seen, 'connection'), ...valuesOf(seen, 'upgrade')], ['Upgrade', 'websocket'])
      }
    },
    {
      id: 'F11',
      refs: '',
      tried:
        'the session is revoked, all of a person’s sessions are ended, or the person is suspended, while a socket is open',
      safe: 'both ends are closed, with 1008 for the browser',
      run: async t => {
        const { runtime } = lab.gate.server
        const ends: [string, (who: { sessionId: string; accountId: string }) => Promise<unknown>][] = [
          ['revoked', ({ sessionId }) => runtime.sessions.end(sessionId, 'revoked')],
          ['all sessions ended', ({ accountId }) => runtime.sessions.endAccount(accountId, 'revoked')],
          ['suspended', ({ accountId }) => runtime.accounts.suspend(accountId, 'gone')]
        ]
        for (const [i, [what, end]] of ends.entries()) {
          const account = await lab.gate.account(`socket${i}`)
          const { principal, cookies } = await lab.gate.signIn(account, 'app')
          const before = lab.up.connections.length
          const line = await open(handshake('/chat', { lines: [`Cookie: ${cookies.app}`] }))
          const app = lab.up.connections[before]!
          const appEnds = new Promise(resolve => app.once('close', resolve))
          await end({ sessionId: principal.session.id, accountId: account.id })
          const received = await line.until(text => /\x88[\s\S]{2}/.test(text))
          t.match(received.slice(received.indexOf('\r\n\r\n') + 4), /^\x88[\s\S]\x03\xf0/, `${what}: Close, 1008`)
          await appEnds
          line.socket.destroy()
        }
      }
    },
    {
      id: 'F12',
      refs: 'CVE-2024-37890, CVE-2021-32640 (ws), CVE-2026-2229 (undici)',
      tried:
        '2,000 header lines and an upgrade; 16 KiB of blanks in a sub-protocol; a window size of 400 digits from the app',
      safe: '431, and 12 KiB pass at once; the app’s words pass as bytes',
      run: async t => {
        const many = Array.from({ length: 2_000 }, (_, i) => `a${i}:`)
        await lab.nothingUpstream(t, () =>
          isRefused(t, handshake('/chat', { lines: [lab.alice, ...many] }), 431, '2,000 lines')
        )
        const began = process.cpuUsage()
        const padded = (blanks: number) => `Sec-WebSocket-Protocol: b${' '.repeat(blanks)}x`
        await isRefused(t, handshake('/chat', { lines: [lab.alice, padded(16_384)] }), 431, '16 KiB in a line')
        const line = await open(handshake('/chat', { lines: [lab.alice, padded(12_000)] }))
        const { user, system } = process.cpuUsage(began)
        t.ok(user + system < 10_000_000, `no backtracking: ${(user + system) / 1000} ms of CPU`)
        line.socket.destroy()
        const windowed = await open(handshake('/stage/window', { lines: [lab.alice] }))
        t.match(
          await windowed.until(text => text.endsWith('hi')),
          /server_max_window_bits=9{400}\r\n[\s\S]*\x81\x02hi$/
        )
        windowed.socket.destroy()
      }
    },
    {
      id: 'F13',
      refs: 'CVE-2026-22036 (undici)',
      tried: 'a reply with a thousand content codings',
      safe: 'passed by: the gate decodes nothing',
      run: async t => {
        const began = process.cpuUsage()
        const [reply] = readReplies(
          await lab.raw(head(lab.host, '/stage/codings', [lab.alice, 'Accept-Encoding: gzip']))
        )
        const { user, system } = process.cpuUsage(began)
        t.equal(reply?.status, 200)
        t.same(values(reply!, 'content-encoding'), [codings])
        t.equal(reply?.body, 'ok')
        t.ok(user + system < 10_000_000, `${(user + system) / 1000} ms of CPU`)
      }
    }
  ]
}
