/** THREATS D4 to D10: slow, big, endless, many; full disks. */
// First of all: it counts what argon2 is asked to do, and must be there before the gate is.
import './hash-count.ts'

import type { Socket } from 'node:net'
import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { bodyTimeoutMs } from '../../../plugins/portal/forms.ts'
import { headersTimeoutMs } from '../../../src/server/listener.ts'
import { startGateway } from '../../fixtures/in-process/gateway.ts'
import { ok, startUpstream } from '../../fixtures/in-process/upstream.ts'
import { parse } from '../../fixtures/pipeline/forwarding.ts'
import { until } from '../../fixtures/process/redis-server.ts'
import { connect, formType, head, loginForm, password, standstill, timed } from '../doors.ts'
import { type Row, tryAll } from '../table.ts'
import { clocks } from './availability-clock.ts'
import { oddRows } from './availability-odd.ts'
import { hashes } from './hash-count.ts'
import { fullDisk, type Ground, halfHeads, hashFlood, served, stalledHandshake } from './siege.ts'

const piece = Buffer.alloc(64 * 1024, 'factorgate ')
/** What the kernel's buffers between four sockets may hold, and ours. */
const mayBeUnderWay = 40_000_000

t.test('slow, big, endless and many', async t => {
  let produced = 0
  const stream = (socket: Socket, size: number) => {
    const begin = produced
    const more = () => {
      while (produced - begin < size) {
        const chunk = piece.subarray(0, Math.min(piece.length, size - (produced - begin)))
        produced += chunk.length
        if (!socket.write(chunk)) return
      }
      socket.off('drain', more)
    }
    socket.on('drain', more).on('close', () => socket.off('drain', more))
    more()
  }
  const upstream = await startUpstream(t, (socket, { line }) => {
    const asked = line.split(' ')[1] as string
    if (asked.startsWith('/never')) return
    if (asked.startsWith('/endless-head')) return stream(socket, Number.POSITIVE_INFINITY)
    if (asked.startsWith('/endless')) {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      return stream(socket, Number.POSITIVE_INFINITY)
    }
    if (asked.startsWith('/large')) {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${large}\r\n\r\n`)
      return stream(socket, large)
    }
    if (asked.startsWith('/socket'))
      return void socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
    socket.write(ok)
  })
  const gate = await startGateway(t, {
    apps: `  - { id: one, title: One, url: "http://one.localhost:PORT", upstream: "${upstream.origin}", timeouts: { response: 1s },
      rules: [{ path: "/**/a/**/b", access: deny }, { access: mfa }] }`,
    extra: 'trustedProxies: ["127.0.0.1/32"]',
    hasher: 'real'
  })
  const account = await gate.account('alice')
  await gate.server.runtime.local.setPassword(account.id, password)
  const { cookies } = await gate.signIn(account, 'one')
  const ground: Ground = {
    gate,
    upstream,
    form: await loginForm(gate),
    host: `one.localhost:${gate.port}`,
    cookie: `Cookie: ${cookies.one}`,
    portalHost: new URL(gate.portal).host,
    produced: () => produced
  }
  await tryAll(t, rows(ground))
  await t.test('a full disk and a journal that cannot be written: refused, said, and mended', t => fullDisk(t, ground))
})

/** More than twice what memory may grow by: kept whole, it would show. */
const large = 300_000_000
const mayGrow = 120_000_000

function rows(ground: Ground): Row[] {
  const { gate, upstream, host, cookie, portalHost, produced } = ground
  /** The head of a sign-in, as far as its body. */
  const loginHead = (...lines: string[]) =>
    head('POST', '/.factorgate/login', portalHost, [
      `Origin: ${gate.portal}`,
      `Cookie: ${ground.form.cookie}`,
      `Content-Type: ${formType}`,
      ...lines
    ])
  const login = async (t: Test, ...lines: string[]) => {
    const client = await connect(t, gate)
    client.send(`${loginHead(...lines)}\r\n\r\n`)
    return client
  }
  const isServed = (t: Test) => served(t, ground)
  /** Nothing reached the app while `work` ran. */
  const nothingUpstream = async (t: Test, work: () => Promise<unknown>) => {
    const before = upstream.bytes().length
    await work()
    t.equal(upstream.bytes().length, before, 'nothing upstream')
  }
  return [
    {
      id: 'D4',
      refs: 'CVE-2018-12122 CVE-2019-5737 CVE-2020-8251 CVE-2026-22045 CVE-2026-26999',
      tried:
        '500 connections with half a head, a TLS handshake that stalls, a form by the byte, an unread body by the byte',
      safe: 'heads end in 15 s, forms in 20 s, unread bodies with their answer; good clients meanwhile are served',
      async run(t) {
        t.ok(headersTimeoutMs <= 15_000)
        t.ok(bodyTimeoutMs <= 30_000)
        await t.test('half heads', t => halfHeads(t, ground))
        await t.test('a stalled handshake', t => stalledHandshake(t))
        await t.test('a form by the byte', async t => {
          mock.timers.enable({ apis: ['setTimeout'] })
          t.teardown(() => mock.timers.reset())
          const slow = await login(t, 'Content-Length: 400')
          for (const letter of 'csrf=') slow.send(letter)
          await isServed(t)
          mock.timers.tick(bodyTimeoutMs - 1)
          await isServed(t)
          t.notOk(slow.isClosed, 'not a moment early')
          mock.timers.tick(1)
          t.match(await slow.rest(), /^HTTP\/1\.1 408 [\s\S]*factorgate-error: body_too_slow/i)
          mock.timers.reset()
          // What the journal set meanwhile went with the mock; this sets it anew.
          await gate.server.runtime.journal.flush()
        })
        await t.test('a body that nobody reads', async t => {
          for (const [line, status] of [
            [head('GET', '/.factorgate/login', portalHost), 200],
            [head('POST', '/.factorgate/account', portalHost), 4],
            [head('POST', '/', host), 401],
            [
              // What a person sent is lost, and a page says so (FIELD F17).
              head('PUT', '/', host, ['Accept: text/html', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document']),
              401
            ],
            [head('GET', '/.factorgate/', portalHost, ['Accept: text/html']), 302]
          ] as const) {
            const client = await connect(t, gate)
            client.send(`${line}\r\nContent-Length: 100000\r\n\r\nx`)
            const answer = await client.rest()
            t.ok(
              String(parse(answer).status).startsWith(String(status)),
              `${line.split('\r')[0]}: ${parse(answer).status}`
            )
          }
          const kept = await connect(t, gate)
          for (let n = 0; n < 3; n++) {
            kept.send(`${head('GET', '/.factorgate/login', portalHost, ['Content-Length: 0'])}\r\n\r\n`)
            await kept.until('</html>')
          }
          t.notOk(kept.isClosed, 'without a body the connection is kept')
        })
      }
    },
    {
      id: 'D5',
      refs: 'CVE-2018-12121',
      tried: 'a head of 16 KiB and one byte more, 10,000 cookies, 1,100 short headers',
      safe: '431 and closed, nothing upstream',
      async run(t) {
        const cookies = Array.from({ length: 10_000 }, (_, n) => `c${n}=1`).join('; ')
        const bombs = {
          'one long header': [`X: ${'x'.repeat(16 * 1024)}`],
          '10,000 cookies': [`Cookie: ${cookies}`],
          '1,100 short headers': Array.from({ length: 1_100 }, (_, n) => `a${n}: b`),
          '101 headers': Array.from({ length: 101 }, (_, n) => `a${n}: b`)
        }
        await nothingUpstream(t, async () => {
          for (const [name, lines] of Object.entries(bombs))
            for (const at of [host, portalHost]) {
              const client = await connect(t, gate)
              client.send(`${head('GET', '/', at, [cookie, ...lines])}\r\n\r\n`)
              t.match(await client.rest(), /^HTTP\/1\.1 431 [\s\S]*factorgate-error: headers_too_large/i, name)
            }
        })
        await isServed(t)
      }
    },
    {
      id: 'D6',
      refs: '',
      tried:
        'a sign-in of 100 MiB by length and in chunks, 10^5 pairs, nesting of 10^5; what fits, as many and as deep as fits',
      safe: '413 at 16 KiB, before anything is hashed; what fits costs nothing',
      async run(t) {
        const hashed = hashes.begun
        const declared = await login(t, 'Content-Length: 104857600')
        t.match(await declared.rest(), /^HTTP\/1\.1 413 [\s\S]*factorgate-error: body_too_large/i, 'refused unread')
        const chunked = await login(t, 'Transfer-Encoding: chunked')
        let sent = 0
        const chunk = Buffer.concat([Buffer.from('10000\r\n'), piece, Buffer.from('\r\n')])
        const pour = () => {
          while (!chunked.isClosed && sent < 104_857_600) {
            sent += chunk.length
            if (!chunked.socket.write(chunk)) return
          }
        }
        chunked.socket.on('drain', pour)
        pour()
        t.match(await chunked.until('\r\n\r\n'), /^HTTP\/1\.1 413 /)
        await chunked.rest()
        t.ok(sent < mayBeUnderWay, `${sent} bytes were sent before the end`)
        const bodies: [type: string, body: string, status: RegExp][] = [
          [formType, 'a=1&'.repeat(100_000), /^413/],
          [formType, 'a&'.repeat(8_000), /^403/],
          [formType, `username=${'%41'.repeat(5_000)}`, /^403/],
          ['application/json', '['.repeat(100_000), /^41[35]/],
          ['application/json', '{}', /^415/]
        ]
        for (const [type, body, status] of bodies) {
          const ms = await timed(async () => {
            const headers = { 'content-type': type, origin: gate.portal, cookie: ground.form.cookie }
            const answer = await gate.request('POST', `${gate.portal}/.factorgate/login`, headers, body)
            t.match(String(answer.status), status, `${type} ${body.slice(0, 12)}…`)
          })
          t.ok(ms < 2_000, `${ms.toFixed(1)} ms`)
        }
        for (const body of [
          '['.repeat(8_000) + ']'.repeat(8_000),
          `{"csrf":${'{"a":'.repeat(2_000)}1${'}'.repeat(2_001)}`
        ]) {
          const headers = { 'content-type': 'application/json', origin: gate.portal, cookie: ground.form.cookie }
          const answer = await gate.request(
            'POST',
            `${gate.portal}/.factorgate/webauthn/verify?for=login`,
            headers,
            body
          )
          t.equal(answer.status, 400, 'deep JSON')
        }
        t.equal(hashes.begun, hashed, 'nothing was hashed')
        await isServed(t)
      }
    },
    {
      id: 'D7',
      refs: '(ASVS 15.1.3)',
      tried: '200 sign-ins at once from 200 addresses with 64 letters, 50 with more than 1,024, 20 of a megabyte',
      safe: 'two are hashed at a time, those without a place hear 503, what is too long is never hashed (401, 413); the good client is served meanwhile',
      run: t => hashFlood(t, ground)
    },
    {
      id: 'D8',
      refs: 'CVE-2026-26998 GHSA-fw45-f5q2-2p4x',
      tried:
        'an app that never answers, whose head never ends, whose body never ends before a client that does not read',
      safe: '504 in time, 502 at the head’s limit, and an app that is held back',
      async run(t) {
        const ask = (asked: string) => gate.request('GET', gate.origin('one') + asked, { cookie: cookie.slice(8) })
        const never = await ask('/never')
        t.same([never.status, never.headers['factorgate-error']], [504, 'app_timeout'])
        const head502 = await ask('/endless-head')
        t.equal(head502.status, 502)
        const before = produced()
        const client = await connect(t, gate)
        client.send(`${head('GET', '/endless', host, [cookie])}\r\n\r\n`)
        await client.until('\r\n\r\n')
        client.socket.pause()
        await standstill(produced)
        t.ok(produced() - before < mayBeUnderWay, `the app has written ${produced() - before} bytes`)
        await isServed(t)
        client.socket.destroy()
        await until('the app’s connection is closed too', async () => gate.server.runtime.live.size === 0)
      }
    },
    {
      id: 'D9',
      refs: 'CVE-2026-25224 GHSA-mrq3-vjjr-p77c',
      tried: 'a download of 300 MB, not read for a while, then read to its end',
      safe: 'the app is slowed down, memory stays flat, every byte arrives',
      async run(t) {
        const before = produced()
        const rss = process.memoryUsage.rss()
        const client = await connect(t, gate)
        client.send(`${head('GET', '/large', host, [cookie, 'Connection: close'])}\r\n\r\n`)
        await client.until('\r\n\r\n')
        client.socket.pause()
        await standstill(produced)
        t.ok(produced() - before < mayBeUnderWay, `the app has written ${produced() - before} of ${large} bytes`)
        let received = client.take(client.received.length).length
        client.socket.removeAllListeners('data').on('data', chunk => {
          received += chunk.length
        })
        const closed = new Promise(resolve => client.socket.once('close', resolve))
        client.socket.resume()
        await closed
        t.equal(received, large)
        const grown = process.memoryUsage.rss() - rss
        t.ok(grown < mayGrow, `memory grew by ${grown} bytes, fewer than ${mayGrow} of ${large}`)
      }
    },
    {
      id: 'D10',
      refs: 'CVE-2024-22019 CVE-2024-28869',
      tried: 'chunk extensions without end, to our pages and to an app; a length whose body never comes',
      safe: 'closed after a few KiB; a form without its body ends in time',
      async run(t) {
        for (const at of [host, portalHost]) {
          const client = await connect(t, gate)
          const own = at === portalHost
          client.send(
            own
              ? loginHead('Transfer-Encoding: chunked')
              : head('POST', '/', at, [cookie, 'Transfer-Encoding: chunked'])
          )
          client.send('\r\n\r\n1;')
          let sent = 0
          const pour = () => {
            while (!client.isClosed && sent < 50_000_000) {
              sent += piece.length
              if (!client.socket.write(piece)) return
            }
          }
          client.socket.on('drain', pour)
          pour()
          await client.rest()
          t.ok(sent < 20_000_000, `closed after ${sent} bytes that the kernel took`)
        }
        await isServed(t)
      }
    },
    ...oddRows(ground),
    clocks
  ]
}
