/** FIELD A5: what is open is judged anew when the configuration changes; what it no longer permits is cut, and nothing else is. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import net, { type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { type Running, startGateway } from '../fixtures/in-process/gateway.ts'
import { TestClock } from '../fixtures/in-process/memory-store.ts'

/** An app whose answers never end, and that answers everything it is sent on a socket. */
async function endlessApp(t: Test): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = []
  const sockets = new Set<Socket>()
  const server = http.createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    request.on('error', () => {})
    if (request.url?.startsWith('/wait')) return
    response.write('begun')
    request.on('data', part => response.write(part))
  })
  server.on('upgrade', (_request, socket) => {
    socket.on('error', () => {})
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x05begun',
      'latin1'
    )
    socket.on('data', (part: Buffer) => socket.write(part)).on('end', () => socket.end())
  })
  server.on('connection', socket => sockets.add(socket))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`, asked }
}

/** One open request and what has come back so far. */
class Open {
  readonly #socket: Socket
  said = ''
  readonly ended: Promise<void>

  constructor(port: number, lines: readonly string[]) {
    this.#socket = net.connect({ port, host: '127.0.0.1' })
    this.#socket.setEncoding('latin1').on('data', (text: string) => {
      this.said += text
    })
    this.#socket.on('error', () => {})
    this.ended = new Promise(resolve => this.#socket.once('close', () => resolve()))
    this.#socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  }

  async until(text: string): Promise<void> {
    while (!this.said.includes(text)) {
      if (this.#socket.destroyed) throw new Error(`ended before '${text}': ${this.said}`)
      await Promise.race([once(this.#socket, 'data'), this.ended])
    }
  }

  write(text: string): void {
    this.#socket.write(text)
  }

  close(): void {
    this.#socket.destroy()
  }
}

const socketLines = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
]

/** An event stream, a WebSocket and an upload of one visitor, all begun. */
async function openAll(gate: Running, cookie: string | null) {
  const head = (line: string) => [
    line,
    `Host: one.localhost:${gate.port}`,
    ...(cookie === null ? [] : [`Cookie: ${cookie}`])
  ]
  const all = {
    events: new Open(gate.port, head('GET /x/events HTTP/1.1')),
    socket: new Open(gate.port, [...head('GET /x/ws HTTP/1.1'), `Origin: ${gate.origin('one')}`, ...socketLines]),
    upload: new Open(gate.port, [...head('POST /x/upload HTTP/1.1'), 'Transfer-Encoding: chunked'])
  }
  all.upload.write('5\r\nfirst\r\n')
  for (const one of Object.values(all)) await one.until('begun')
  return all
}

const first = '[{ groups: [researchers], access: mfa }]'
const app = (upstream: string, rules: string, more = '', id = 'one', host = 'one') =>
  `  - { id: ${id}, url: "http://${host}.localhost:PORT", upstream: "${upstream}", rules: ${rules}${more} }\n`

t.test('FIELD A5 what is open is judged anew after a reload', async t => {
  const time = new TestClock(Date.now())
  const { url, asked } = await endlessApp(t)
  const other = app(url, '[{ access: public }]', '', 'other', 'other')
  const gate = await startGateway(t, { apps: app(url, first) + other, clock: time.read })
  const { runtime } = gate.server
  const alice = await gate.account('alice')
  const reload = async (text: string) => gate.server.reload(await gate.load(text))
  /** Closed by the client; the gate hears of it a little later. */
  const closed = async (all: Record<string, Open>) => {
    for (const one of Object.values(all)) one.close()
    while (runtime.live.size > 0) await new Promise(resolve => setImmediate(resolve))
  }
  const journal = () => readFileSync(`${gate.folder}/journal.jsonl`, 'utf8')

  const cut: [string, string][] = [
    ['denied', app(url, '[{ access: deny }]') + other],
    ['no rule left', app(url, '[{ path: /elsewhere/**, access: mfa }]') + other],
    ['another group', app(url, '[{ groups: [operators], access: mfa }]') + other],
    ['another person', app(url, '[{ users: [bob], access: mfa }]') + other],
    ['another network', app(url, '[{ networks: [10.0.0.0/8], access: mfa }]') + other],
    ['another factor', app(url, '[{ access: mfa, factors: [webauthn] }]') + other],
    ['a proof that is too old by now', app(url, '[{ access: mfa, within: 5m }]') + other],
    ['a path denied before the rule', app(url, '[{ path: /X/**, access: deny }, { access: mfa }]') + other],
    ['the app removed', other],
    ['the app moved to another host', app(url, first, '', 'one', 'two') + other],
    ['another app at its address', app(url, first, '', 'new') + other],
    ['the app moved below its host', app(url, first, '').replace(':PORT"', ':PORT/nb"') + other]
  ]
  for (const [title, text] of cut)
    await t.test(`cut: ${title}`, async t => {
      await reload(app(url, first) + other)
      const { cookies } = await gate.signIn(alice, 'one')
      time.advance(600)
      const all = await openAll(gate, cookies.one as string)
      await reload(text)
      for (const one of Object.values(all)) await one.ended
      t.match(all.socket.said, /begun\x88.\x03\xf0/s, 'the socket hears 1008')
      t.notMatch(all.events.said, /0\r\n\r\n$/, 'half an answer does not look whole')
      t.equal(runtime.live.size, 0)
    })

  const kept: [string, string][] = [
    ['another title', app(url, first, ', title: New') + other],
    ['more groups', app(url, '[{ groups: [operators, researchers], access: mfa }]') + other],
    ['its network', app(url, '[{ networks: [127.0.0.0/8], access: mfa }]') + other],
    ['a fresh enough proof', app(url, '[{ access: mfa, within: 1h }]') + other],
    ['a rule for another path', app(url, '[{ path: /admin/**, access: deny }, { access: mfa }]') + other],
    ['maintenance, which lets what is under way end', app(url, first, ', maintenance: {}') + other],
    ['another upstream', app('http://127.0.0.1:1', first) + other]
  ]
  for (const [title, text] of kept)
    await t.test(`kept: ${title}`, async t => {
      await reload(app(url, first) + other)
      const { cookies } = await gate.signIn(alice, 'one')
      time.advance(600)
      const all = await openAll(gate, cookies.one as string)
      await reload(text)
      await new Promise(resolve => setImmediate(resolve))
      all.socket.write('still')
      all.upload.write('5\r\nstill\r\n')
      await all.socket.until('still')
      await all.upload.until('still')
      t.equal(runtime.live.size, 3)
      await closed(all)
    })

  await t.test('a new `within` counts from the proof, for what was open before', async t => {
    await reload(app(url, first) + other)
    const { cookies } = await gate.signIn(alice, 'one')
    const all = await openAll(gate, cookies.one as string)
    await reload(app(url, '[{ access: mfa, within: 5m }]') + other)
    await new Promise(resolve => setImmediate(resolve))
    time.advance(299)
    t.equal(runtime.live.expire(time.now), 0)
    time.advance(2)
    t.equal(runtime.live.expire(time.now), 3)
    for (const one of Object.values(all)) await one.ended
  })

  await t.test('a stranger’s stream ends when the path is no longer public; a person’s goes on', async t => {
    await reload(app(url, '[{ access: public }]') + other)
    const { cookies } = await gate.signIn(alice, 'one')
    const stranger = await openAll(gate, null)
    const person = await openAll(gate, cookies.one as string)
    await reload(app(url, first) + other)
    for (const one of Object.values(stranger)) await one.ended
    person.socket.write('still')
    await person.socket.until('still')
    t.equal(runtime.live.size, 3)
    await closed(person)
  })

  await t.test(
    'two reloads close together: the look of the first one, which comes late, has nothing to say',
    async t => {
      await reload(app(url, first) + other)
      const { cookies } = await gate.signIn(alice, 'one')
      time.advance(600)
      const all = await openAll(gate, cookies.one as string)
      const { cache } = runtime
      const read = cache.read.bind(cache)
      let go = () => {}
      const isLate = new Promise<void>(resolve => {
        go = resolve
      })
      const reads: Promise<unknown>[] = []
      cache.read = (async (...args: Parameters<typeof read>) => {
        const reading = isLate.then(() => read(...args))
        reads.push(reading)
        return reading
      }) as typeof read
      await reload(app(url, '[{ access: mfa, within: 5m }]') + other)
      t.ok(reads.length > 0, 'the first one looks in the store for a newer proof')
      cache.read = read
      await reload(app(url, '[{ access: mfa, within: 1h }]') + other)
      go()
      await Promise.all(reads)
      await new Promise(resolve => setImmediate(resolve))
      all.socket.write('still')
      await all.socket.until('still')
      t.equal(runtime.live.size, 3, 'the second configuration permits it')
      t.equal(runtime.live.expire(time.now + 2900_000), 0, 'and for as long as it says')
      await closed(all)
    }
  )

  await t.test('whoever still waits for an answer is told, and nothing is asked of an app that is gone', async t => {
    await reload(app(url, first) + other)
    const { cookies } = await gate.signIn(alice, 'one')
    const lines = (path: string) => [
      `GET ${path} HTTP/1.1`,
      `Host: one.localhost:${gate.port}`,
      `Cookie: ${cookies.one}`,
      'Accept: text/html'
    ]
    const waiting = new Open(gate.port, lines('/wait'))
    while (!asked.includes('GET /wait')) await new Promise(resolve => setImmediate(resolve))
    // A second one is held where its session is looked up, so that the swap comes between its two halves.
    let go = () => {}
    const { sessions } = runtime
    const held = new Promise<void>(resolve => {
      const look = sessions.look.bind(sessions)
      sessions.peek = () => undefined
      sessions.look = async (...args) => {
        resolve()
        await new Promise<void>(free => {
          go = free
        })
        return look(...args)
      }
    })
    const late = new Open(gate.port, lines('/wait/late'))
    await held
    await reload(other)
    await waiting.until('Factorgate-Error'.toLowerCase())
    t.match(waiting.said, /^HTTP\/1\.1 421 [\s\S]*factorgate-error: misdirected/)
    go()
    await late.until('factorgate-error')
    t.match(late.said, /^HTTP\/1\.1 421 /)
    t.notOk(asked.includes('GET /wait/late'))
    for (const one of [waiting, late]) one.close()
  })
  for (const reason of [
    'the rules no longer permit it',
    'the app is no longer there',
    'the address is another app’s now'
  ])
    t.match(journal(), `"cut":"${reason}"`, `the journal says: ${reason}`)
})
