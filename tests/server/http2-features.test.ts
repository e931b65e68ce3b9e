/** What people meet beyond plain requests, over HTTP/2: kept POSTs, device keys, client certificates, ACME beside it, and budgets on single streams. On Node 24 alone. */
import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2'
import path from 'node:path'
import tls, { type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { ChallengeBoard } from '../../src/acme/challenge-board.ts'
import { makeKeyring, newMasterKey } from '../../src/keyring/keyring.ts'
import { Listener } from '../../src/server/listener.ts'
import { BoundBrowser } from '../fixtures/in-process/bound-browser.ts'
import { type Answer, echoApp, navigation } from '../fixtures/in-process/gateway.ts'
import { answerTo, ask, type Http2Answer, openSession } from '../fixtures/in-process/http2-client.ts'
import { MemoryStore, TestClock } from '../fixtures/in-process/memory-store.ts'
import { formsOf, type Page, Person, totpCode } from '../fixtures/in-process/person.ts'
import { openSignInGate, password, read } from '../fixtures/in-process/signing-in.ts'
import { startTorrent } from '../fixtures/in-process/torrent.ts'
import { until } from '../fixtures/in-process/until.ts'
import { isOnNode24 } from '../fixtures/process/on-node-24.ts'
import { Pki } from '../fixtures/process/pki.ts'

const MiB = 1024 ** 2
const form = 'application/x-www-form-urlencoded'

/** One connection at a time for all hosts, as of a browser whose certificate fits them all. A new one follows where the gate has ended it. */
class Line {
  readonly sessions: ClientHttp2Session[] = []
  readonly #t: Test
  readonly #port: number
  readonly #identity: { cert: string; key: string } | Record<string, never>

  constructor(t: Test, port: number, identity: { cert: string; key: string } | null = null) {
    this.#t = t
    this.#port = port
    this.#identity = identity ?? {}
  }

  async session(): Promise<ClientHttp2Session> {
    const last = this.sessions.at(-1)
    if (last !== undefined && !last.closed && !last.destroyed) return last
    const createConnection = () =>
      tls.connect({
        ...this.#identity,
        port: this.#port,
        host: '127.0.0.1',
        ALPNProtocols: ['h2'],
        rejectUnauthorized: false
      }) as TLSSocket
    const session = await openSession(this.#t, this.#port, `gate.localhost:${this.#port}`, { createConnection })
    this.sessions.push(session)
    return session
  }

  /** Each cookie is a header line of its own, as browsers send them. */
  async stream(method: string, url: string, headers: OutgoingHttpHeaders, isWhole = true): Promise<ClientHttp2Stream> {
    const { host, pathname, search } = new URL(url)
    const { cookie, ...others } = headers
    const cookies = typeof cookie === 'string' && cookie !== '' ? { cookie: cookie.split('; ') } : {}
    const head = { ':method': method, ':path': pathname + search, ':authority': host, ...others, ...cookies }
    return (await this.session()).request(head, { endStream: isWhole })
  }

  readonly send = async (
    _port: number,
    method: string,
    url: string,
    headers: OutgoingHttpHeaders = {},
    body?: string | Buffer
  ): Promise<Answer & Http2Answer> => {
    const stream = await this.stream(method, url, headers, body === undefined)
    const answer = answerTo(stream)
    if (body !== undefined) stream.end(body)
    return answer.then(one => ({ ...one, body: Buffer.from(one.body, 'latin1').toString() }))
  }
}

class Http2Person extends Person {
  readonly line: Line

  constructor(line: Line, port: number) {
    super(port)
    this.line = line
  }

  override async request(
    method: string,
    url: string,
    { headers = {}, body }: { headers?: OutgoingHttpHeaders; body?: string | Buffer } = {}
  ): Promise<Page> {
    const { host, href } = new URL(url)
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
    const head = { ...navigation, cookie: this.cookies(host), ...length, ...headers }
    const answer = await this.line.send(0, method, url, head, body)
    for (const pair of answer.headers['set-cookie'] ?? []) this.hold(host, pair)
    return { ...answer, url: href }
  }

  follow(page: Page): Promise<Page> {
    return this.open(new URL(String(page.headers.location), page.url).href)
  }
}

interface Seen {
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

async function start(t: Test) {
  const pki = new Pki(path.join(t.testdir({}), 'pki'))
  pki.root('root')
  pki.leaf('server', { by: 'root', eku: 'serverAuth' })
  pki.leaf('alice', { by: 'root', subject: '/O=Lab/CN=Alice Doe', san: 'email:alice@lab.example' })
  pki.leaf('lost', { by: 'root', san: 'email:lost@lab.example' })
  pki.list('root', 'crl', { revoked: ['lost'] })
  const seen: Seen[] = []
  const app = await echoApp(t, (request, response) => {
    const parts: Buffer[] = []
    if (request.url === '/events') return void response.write('x')
    request
      .on('data', part => parts.push(part))
      .on('end', () => {
        seen.push({ url: request.url ?? '', headers: request.headers, body: Buffer.concat(parts) })
        response.end(JSON.stringify({ url: request.url, headers: request.headers }))
      })
  })
  const torrent = await startTorrent(t)
  const budgeted = ['slow', 'held', 'cut', 'sent', 'fed', 'free']
  const fixture = await openSignInGate(
    t,
    `  - { id: own, title: Notebooks, url: "https://own.localhost:PORT", upstream: "${app.url}", keepPosts: { limit: 600KiB }, rules: [{ path: /fresh/**, access: mfa, within: 5m }, { access: mfa }] }
  - { id: bound, title: Bound, url: "https://bound.localhost:PORT", upstream: "${app.url}", deviceBound: preferred }
${budgeted.map(id => `  - { id: ${id}, url: "https://${id}.localhost:PORT", upstream: "${torrent.url}" }`).join('\n')}`,
    `device: { lifetime: 20m }
identity:
  - { id: cards, kind: certificate, title: Card, ca: "${pki.file('root.pem')}", crl: ["${pki.file('crl.pem')}"], mfa: true }
  - { id: local, kind: local }
watch:
  budgets:
    - { id: slow, per: person, app: slow, window: 10m, requests: 2, then: [slow], rate: 1MiB }
    - { id: held, per: person, app: held, window: 10m, bytes: 4MiB, then: [step-up] }
    - { id: cut, per: person, app: cut, window: 10m, bytes: 3MiB, then: [cut] }
    - { id: sent, per: person, app: sent, window: 10m, bytes: 1MiB, direction: in, then: [cut] }
    - { id: fed, per: person, app: fed, window: 10m, bytes: 1MiB, direction: in, then: [step-up] }`,
    undefined,
    { tls: { cert: pki.file('server.pem'), key: pki.file('server.key') } }
  )
  const { gate } = fixture
  const identityOf = (name: string) => ({ cert: pki.read(`${name}.pem`), key: pki.read(`${name}.key`) })
  return {
    ...fixture,
    seen,
    lineOf: (who: string | null = null) => new Line(t, gate.port, who === null ? null : identityOf(who))
  }
}

interface Download {
  readonly status: number
  readonly bytes: number
  /** Of RST_STREAM; 0 where it is whole. */
  readonly end: Promise<number>
  stop(): void
}

/** Resolves with the head of the response. */
async function download(line: Line, url: string, cookie: string): Promise<Download> {
  const stream = await line.stream('GET', url, { ...navigation, cookie })
  const found = {
    status: 0,
    bytes: 0,
    end: new Promise<number>(resolve => stream.on('close', () => resolve(stream.rstCode ?? 0))),
    stop: () => stream.close(8)
  }
  stream.on('error', () => {})
  stream.on('data', part => {
    found.bytes += part.length
  })
  const [head] = await once(stream, 'response')
  found.status = head[':status']
  return found
}

/** The bytes that have come when nothing more comes. */
async function whenStill(count: () => number): Promise<number> {
  for (let last = -1; last !== count(); ) {
    last = count()
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  return count()
}

if (isOnNode24(t, import.meta.url)) {
  t.test('over HTTP/2', async t => {
    const { gate, seen, time, runtime, withPassword, lineOf, host: portal } = await start(t)
    const own = gate.origin('own')

    await t.test('a POST waits while its sender signs in, and arrives once, byte for byte', async t => {
      const who = await withPassword(['totp'])
      const person = new Http2Person(lineOf(), gate.port)
      const signIn = async (page: Page) => {
        const asked = await person.submit(page, { username: who.account.name, password }, /login/)
        const landed = await person.submit(asked, { code: totpCode(who.secret, time.now) }, /totp/)
        time.advance(30)
        return landed
      }
      const here = { origin: own, referer: `${own}/page`, 'sec-fetch-site': 'same-origin' }
      const post = (body: string | Buffer, more: OutgoingHttpHeaders = {}, where = '/write?n=1') =>
        person.request('POST', own + where, { headers: { ...here, 'content-type': form, ...more }, body })
      const press = (page: Page) => {
        const found = formsOf(page.body).find(({ names }) => names.includes('factorgate-kept'))
        if (found === undefined) throw new Error(`nothing to send on ${page.url} (${page.status}): ${read(page)}`)
        const body = `factorgate-kept=${found.hidden['factorgate-kept']}\r\n`
        const headers = { 'content-type': 'text/plain', ...here, referer: page.url }
        return person.request('POST', found.action as string, { headers, body })
      }
      await signIn(await person.open(`${own}/page`))
      const upload = Buffer.concat([
        Buffer.from('--b\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'),
        Buffer.alloc(500_000, Buffer.from([0, 255, 13, 10])),
        Buffer.from('\r\n--b--\r\n')
      ])
      const bodies: [sentence: string, body: Buffer, more: OutgoingHttpHeaders][] = [
        ['a form', Buffer.from('text=three+pages&more=%E2%82%AC'), {}],
        ['a form of unknown length', Buffer.from('text=1'), { 'content-length': undefined }],
        ['an upload of half a megabyte', upload, { 'content-type': 'multipart/form-data; boundary=b' }]
      ]
      for (const [sentence, body, more] of bodies) {
        await runtime.sessions.endAccount(who.account.id, 'revoked')
        seen.length = 0
        const stopped = await post(body, more)
        t.match([stopped.status, stopped.headers['factorgate-error']], [303, 'sign_in_required'], sentence)
        const page = await signIn(await person.follow(stopped))
        t.match(page.body, /data-kept="now"/, 'the page sends it by itself')
        t.equal(seen.length, 0)
        const both = await Promise.all([press(page), press(page)])
        t.same(both.map(({ status }) => status).sort(), [200, 410], 'of two that are sent at once, one arrives')
        t.equal(seen.length, 1)
        const [got] = seen
        t.ok(got?.body.equals(body), 'the same bytes')
        t.match(got, {
          url: '/write?n=1',
          headers: { ...here, 'content-length': String(body.length), 'remote-user': who.account.name }
        })
        t.equal(got?.headers.cookie, undefined)
        t.equal(got?.headers['transfer-encoding'], undefined)
        t.equal((await press(page)).headers['factorgate-error'], 'kept_gone')
      }

      for (const [sentence, body, more] of bodies) {
        time.advance(600)
        seen.length = 0
        const stopped = await post(body, more, '/fresh/x?n=1')
        t.match(
          [stopped.status, stopped.headers['factorgate-error']],
          [303, 'fresh_proof_required'],
          `${sentence}, without a fresh proof`
        )
        const asked = await person.follow(stopped)
        t.match([asked.status, asked.url], [200, /\/challenge\?rd=/])
        const page = await person.submit(asked, { code: totpCode(who.secret, time.now) }, /totp/)
        time.advance(30)
        t.match(page.body, /data-kept="now"/)
        t.equal(seen.length, 0, 'nothing goes before the proof')
        const both = await Promise.all([press(page), press(page)])
        t.same(both.map(({ status }) => status).sort(), [200, 410])
        t.equal(seen.length, 1)
        t.ok(seen[0]?.body.equals(body), 'the same bytes')
        t.match(seen[0], { url: '/fresh/x?n=1', headers: { ...here, 'remote-user': who.account.name } })
        t.equal((await person.open(`${own}/page`)).status, 200)
      }
      time.advance(600)
      const waiting = await person.follow(await post('a=1', {}, '/fresh/y'))
      seen.length = 0
      const early = await person.open(waiting.url)
      t.match(early.url, /\/challenge\?rd=/, 'without the proof its page only asks for it')
      t.equal(seen.length, 0)

      seen.length = 0
      const held = person.cookies(new URL(own).host)
      person.forget(new URL(own).host)
      const foreign = await post('to=mallory', { origin: 'https://idp.example', 'sec-fetch-site': 'cross-site' })
      for (const pair of held.split('; ')) person.hold(new URL(own).host, pair)
      const shown = await person.follow(foreign)
      t.notMatch(shown.body, /data-kept="now"/, 'one of another site is shown first')
      t.match(read(shown), /https:\/\/idp\.example sent this to Notebooks.*to\s*:\s*mallory/)
      t.equal(seen.length, 0)
      t.equal((await press(shown)).status, 200)
      t.match(seen, [{ headers: { origin: 'https://idp.example', 'remote-user': who.account.name } }])

      await runtime.sessions.endAccount(who.account.id, 'revoked')
      seen.length = 0
      const large = await post(Buffer.alloc(700_000, 'a='))
      t.match([large.status, read(large)], [401, /did not get what you sent/], 'a body beyond the limit')
      const cookie = person.cookies(new URL(own).host)
      const broken = await person.line.stream(
        'POST',
        `${own}/write`,
        { ...navigation, ...here, 'content-type': form, cookie },
        false
      )
      const end = answerTo(broken)
      await new Promise(done => broken.write('text=half', done))
      broken.close(8)
      await end
      t.equal((await person.open(`${own}/page`)).status, 200, 'a sender who leaves disturbs nobody on the connection')
      t.equal(seen.length, 0)
      await runtime.journal.flush()
      t.equal(person.line.sessions.length, 1, 'all of it on one connection')
    })

    await t.test('a device key is registered and shown again, and a thief with the whole jar is stopped', async t => {
      const account = await gate.account('ada')
      const line = lineOf()
      const owner = new BoundBrowser(gate.port, true, line.send)
      owner.set(portal, (await gate.signIn(account)).cookies.gate as string)
      time.advance(61)
      await owner.open(`https://${portal}/.factorgate/`)
      t.ok(owner.bound.has(portal), 'the portal')
      const here = gate.origin('bound')
      const { host } = new URL(here)
      t.equal((await owner.open(`${here}/x`)).status, 200)
      t.ok(owner.bound.has(host), 'and the app')
      const thief = owner.stolen()
      const fetched = (who: BoundBrowser) => who.request('GET', `${here}/api`, { 'sec-fetch-mode': 'cors' })
      const got = JSON.parse((await fetched(owner)).body).headers
      t.match(got, { 'remote-user': 'ada' })
      t.equal(got.cookie, undefined, 'the app gets neither cookie')
      t.equal((await fetched(thief)).status, 200, 'the bound cookie still lives')
      const events = await line.stream('GET', `${here}/events`, { cookie: owner.cookie(host) })
      await once(events, 'data')
      time.advance(20 * 60 + 31)
      for (const who of [owner, thief])
        t.match(await fetched(who), { status: 401, headers: { 'factorgate-error': 'device_proof_required' } })
      t.match(
        await thief.request('POST', `${here}/save`, { 'sec-fetch-mode': 'cors' }, 'x'),
        { status: 401, headers: { 'factorgate-error': 'device_proof_required' } },
        'the thief’s own body, on the owner’s connection'
      )
      const refreshed = await owner.refresh(host)
      t.equal(refreshed.status, 200)
      t.match(refreshed.headers['set-cookie'], [
        /^__Host-factorgate-device-\d+=[^;]+; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=1200$/
      ])
      t.equal((await fetched(owner)).status, 200, 'the owner goes on')
      t.equal((await fetched(thief)).status, 401, 'the thief does not')
      const page = await thief.open(`${here}/`)
      t.match(page.url, `https://${portal}/.factorgate/login`)
      t.notMatch(page.body, /\bada\b/)
      t.notOk(thief.bound.has(host), 'and the key of the thief is not taken')
      t.equal(line.sessions.length, 1)
      events.close(8)
    })

    await t.test('a certificate signs its holder in, and each try has a handshake of its own', async t => {
      const login = `https://${portal}/.factorgate/login/cards`
      const alice = new Http2Person(lineOf('alice'), gate.port)
      const first = await alice.line.session()
      const page = await alice.open(login)
      t.ok(first.closed, 'the connection takes no further requests')
      t.match(page.url, `https://${portal}/`)
      const answer = await alice.open(`${own}/data`)
      t.match(
        [answer.status, JSON.parse(answer.body).headers],
        [200, { 'remote-user': 'alice@lab.example', 'remote-name': 'Alice Doe' }]
      )
      const cookie = alice.cookies(new URL(own).host)
      const second = await alice.line.session()
      const events = await alice.line.stream('GET', `${own}/events`, { cookie })
      const broken = answerTo(events)
      await once(events, 'data')
      const again = await alice.request('GET', login)
      t.equal(again.status, 303)
      t.ok(second.closed)
      t.notOk(events.closed, 'what runs on the old connection goes on')
      t.equal((await alice.open(`${own}/data`)).status, 200, 'on a new one')
      t.equal(alice.line.sessions.length, 3)
      await runtime.sessions.endAccount((await runtime.accounts.byName('alice@lab.example'))!.id, 'revoked')
      t.equal((await broken).code, 2, 'and ends with the session')
      for (const [who, detail] of [
        [null, 'no certificate'],
        ['lost', 'a revoked one']
      ] as const) {
        const other = new Http2Person(lineOf(who), gate.port)
        const refused = await other.request('GET', login)
        t.match([refused.status, refused.headers['factorgate-error']], [403, 'institution_refused'], detail)
        t.notMatch(refused.headers['set-cookie'] ?? [], [/factorgate=[^;]/])
        t.ok(other.line.sessions[0]?.closed)
      }
    })

    await t.test('budgets slow, hold and cut single streams; the others of the connection go on', async t => {
      const names = ['slow', 'held', 'cut', 'sent', 'fed', 'free']
      const { cookies, principal } = await gate.signIn(await gate.account('bob'), ...names)
      const line = lineOf()
      const { budgets } = runtime
      const get = (app: string, what: string) => download(line, `${gate.origin(app)}/${what}`, cookies[app] as string)
      const upload = (app: string) => {
        const url = `${gate.origin(app)}/swallow`
        return line.send(0, 'POST', url, { ...navigation, cookie: cookies[app] }, Buffer.alloc(8 * MiB))
      }
      const quiet = await get('free', 'quiet')
      let isQuietOver = false
      quiet.end.then(() => {
        isQuietOver = true
      })
      const others = async (sentence: string) => {
        const other = await get('free', String(2 * MiB))
        t.equal(await other.end, 0, sentence)
        t.equal(other.bytes, 2 * MiB)
      }

      const cut = await get('cut', 'endless')
      t.equal(await cut.end, 2, 'cut: the stream is reset, so that it does not look whole')
      t.ok(cut.bytes < 4 * MiB, `${cut.bytes} bytes came`)
      await others('cut: the others go on')
      t.match(await line.send(0, 'GET', `${gate.origin('cut')}/10`, { cookie: cookies.cut }), {
        status: 429,
        headers: { 'factorgate-error': 'budget_spent' }
      })

      t.match(await upload('sent'), { status: 429, code: 0 }, 'an upload beyond its budget is told why')
      await others('upload: the others go on')

      const held = await get('held', String(6 * MiB))
      await until(() => (budgets?.held ?? 0) > 0, 'something is held')
      const came = await whenStill(() => held.bytes)
      t.ok(came >= 3 * MiB && came <= 5 * MiB, `step-up: ${came} bytes came, then it waits`)
      await others('step-up: the others go on')
      t.match(await line.send(0, 'GET', `${gate.origin('held')}/10`, { ...navigation, cookie: cookies.held }), {
        status: 302,
        headers: { 'factorgate-error': 'budget_proof_required' }
      })
      time.advance(1)
      await runtime.sessions.prove(principal, { kind: 'totp', at: time.now, userVerified: false })
      t.equal(await held.end, 0, 'after the proof it goes on to its end')
      t.equal(held.bytes, 6 * MiB)
      const carol = (await gate.signIn(await gate.account('carol'), 'held')).cookies.held as string
      const second = await download(line, `${gate.origin('held')}/endless`, carol)
      await until(() => (budgets?.held ?? 0) > 0, 'the next one is held')
      time.advance(60.001)
      budgets?.tick()
      t.equal(await second.end, 2, 'without a proof it is reset after a minute')

      const fed = upload('fed')
      await until(() => (budgets?.held ?? 0) > 0, 'the upload is held')
      t.match(await upload('free'), { status: 200, code: 0 }, 'step-up: the uploads of the others go on')
      time.advance(60.001)
      budgets?.tick()
      t.match(await fed, { status: 429, code: 0, headers: { 'factorgate-error': 'budget_spent' } })

      for (const n of ['1', '2', '3']) await (await get('slow', n)).end
      await budgets?.flush()
      const two = await Promise.all([get('slow', 'endless'), get('slow', 'endless')])
      const bytes = () => two.reduce((sum, one) => sum + one.bytes, 0)
      const from = bytes()
      for (let quarter = 0; quarter < 20; quarter++) {
        time.now += 250
        budgets?.tick()
        await budgets?.flush()
        for (let turn = 0; turn < 40; turn++) await new Promise(resolve => setImmediate(resolve))
      }
      const rate = (bytes() - from) / 5 / MiB
      t.ok(rate > 0.5 && rate < 1.3, `slow: ${rate.toFixed(2)} MiB a second`)
      const before = bytes()
      await others('slow: the others are as fast as before')
      t.ok(bytes() - before < MiB)
      for (const one of two) one.stop()
      t.notOk(isQuietOver, 'a stream that is idle has stayed open all the time')
      t.equal(line.sessions.length, 1, 'all of it on one connection')
    })
  })

  t.test(
    'an authority that proves a name by tls-alpn-01 sees its certificate, while people are served over HTTP/2',
    async t => {
      const pki = new Pki(path.join(t.testdir({}), 'pki'))
      pki.root('root')
      pki.leaf('server', { by: 'root', eku: 'serverAuth', san: 'DNS:notes.lab.example' })
      const pair = { cert: pki.read('server.pem'), key: pki.read('server.key') }
      const keyring = makeKeyring([newMasterKey()])
      const clock = new TestClock(Date.now())
      const board = new ChallengeBoard({
        store: new MemoryStore(clock.read),
        keyring: () => keyring,
        clock: clock.read,
        onError: error => t.error(error)
      })
      const pipeline = {
        request: (request: IncomingMessage, response: ServerResponse) =>
          request.url === '/events' ? response.write('x') : response.end(request.headers.host),
        upgrade: () => {}
      }
      const source = { pairFor: () => pair, lacks: () => false, main: pair, onChange: () => {} }
      const listener = new Listener(pipeline as never, {
        maxHeaderSize: 8192,
        tls: { source, challenges: board },
        http2: true
      })
      const { port } = await listener.listen('127.0.0.1', 0)
      t.teardown(() => listener.close(0))
      const visit = (ALPNProtocols: string[]) =>
        new Promise<{ protocol: unknown; cert: X509Certificate } | string>(resolve => {
          const servername = 'notes.lab.example'
          const socket = tls.connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false, ALPNProtocols })
          socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
          socket.once('secureConnect', () => {
            resolve({ protocol: socket.alpnProtocol, cert: new X509Certificate(socket.getPeerCertificate().raw) })
            socket.destroy()
          })
        })
      const earlier = await openSession(t, port, 'notes.lab.example')
      const events = earlier.request({ ':path': '/events' })
      await once(events, 'data')
      const named = { name: 'notes.lab.example', token: 'token', keyAuthorization: 'token.thumbprint' }
      await board.write([{ type: 'tls-alpn-01', ...named }])
      const digest = createHash('sha256').update(named.keyAuthorization).digest()
      const [shown, served] = await Promise.all([visit(['acme-tls/1']), visit(['h2', 'http/1.1'])])
      t.match(shown, { protocol: 'acme-tls/1', cert: { subjectAltName: 'DNS:notes.lab.example' } })
      t.ok(typeof shown === 'object' && shown.cert.raw.includes(digest), 'the digest of the key authorization is in it')
      t.match(served, { protocol: 'h2', cert: { fingerprint256: new X509Certificate(pair.cert).fingerprint256 } })
      const meanwhile = await openSession(t, port, 'notes.lab.example')
      for (const session of [earlier, meanwhile])
        t.match(await ask(session, '/x'), { status: 200, body: 'notes.lab.example' })
      await board.clear()
      t.type(await visit(['acme-tls/1']), 'string', 'nobody else gets it afterwards')
      t.match(await visit(['h2']), { protocol: 'h2' })
      t.notOk(events.closed, 'what was under way goes on')
    }
  )
}
