/** The process: start, reload, health, certificates and shutdown. */
import diagnostics from 'node:diagnostics_channel'
import { once } from 'node:events'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import tls from 'node:tls'
import { pino } from 'pino'
import t from 'tap'
import { addKey, createKeyFile, retireOldKeys } from '../../src/keyring/key-file.ts'
import { Listener } from '../../src/server/listener.ts'
import { Server } from '../../src/server/server.ts'
import { TicketKeys, type TicketKeysOfDay } from '../../src/server/ticket-keys.ts'
import { StoreUnreachable } from '../../src/store/store.ts'
import { ask, echoApp, navigation, startGateway } from '../fixtures/in-process/gateway.ts'
import { freePort } from '../fixtures/process/free-port.ts'
import { selfSigned } from '../fixtures/process/self-signed.ts'

const app = (url: string, more = '') =>
  `  - { id: one, title: First app, url: "http://one.localhost:PORT", upstream: "${url}"${more} }`

t.test('a reload swaps the rules in and drops no connection', async t => {
  let finish = () => {}
  const slow = await echoApp(t, (request, response) => {
    if (request.url !== '/slow') return response.end('quick')
    response.write('begun;')
    finish = () => response.end('ended')
  })
  const gate = await startGateway(t, { apps: app(slow.url) })
  const { cookies } = await gate.signIn(await gate.account('alice'), 'one')
  const headers = { cookie: cookies.one as string }
  const download = gate.request('GET', `${gate.origin('one')}/slow`, headers)
  await new Promise<void>(resolve => {
    const look = () => (gate.server.runtime.live.size > 0 && slow.seen.length > 0 ? resolve() : setImmediate(look))
    look()
  })
  const kept = net.connect(gate.port, '127.0.0.1')
  const say = (path: string) =>
    kept.write(`GET ${path} HTTP/1.1\r\nHost: one.localhost:${gate.port}\r\nCookie: ${headers.cookie}\r\n\r\n`)
  let heard = ''
  kept.setEncoding('latin1').on('data', part => {
    heard += part
  })
  const until = async (what: RegExp) => {
    while (!what.test(heard)) await once(kept, 'data')
  }
  say('/before')
  await until(/200 OK[\s\S]*quick/)
  t.same(
    await gate.server.reload(
      await gate.load(app(slow.url, ', rules: [{ path: /after, access: deny }, { access: mfa }]'))
    ),
    []
  )
  say('/after')
  await until(/403 Forbidden/)
  t.pass('the same connection meets the new rules')
  kept.destroy()
  finish()
  t.equal((await download).body, 'begun;ended', 'what was under way, and is permitted still, ends as it began')
  await t.rejects(gate.load('  - { id: one, url: nonsense }'), /apps\[0\]\.url/)
})

t.test('a person in maintenance reads until when, and whom to ask', async t => {
  const upstream = await echoApp(t)
  const gate = await startGateway(t, { apps: app(upstream.url, ', maintenance: { until: "Monday, 8:00" }') })
  const { cookies } = await gate.signIn(await gate.account('alice'), 'one')
  const answer = await gate.request('GET', `${gate.origin('one')}/`, { ...navigation, cookie: cookies.one as string })
  t.equal(answer.status, 503)
  t.equal(answer.headers['factorgate-error'], 'app_maintenance')
  t.match(answer.body, /Monday, 8:00/)
  t.match(answer.body, '<a href="mailto:help@lab.example">help@lab.example</a>')
  t.equal(upstream.seen.length, 0)
})

t.test('health: alive, ready, and numbers in base units', async t => {
  const upstream = await echoApp(t)
  const gate = await startGateway(t, { apps: app(upstream.url) })
  const { cookies } = await gate.signIn(await gate.account('alice'), 'one')
  await gate.request('GET', `${gate.origin('one')}/x`, { cookie: cookies.one as string })
  const admin = (path: string) => ask(gate.adminPort, 'GET', `http://127.0.0.1:${gate.adminPort}${path}`)
  t.equal((await admin('/livez')).status, 200)
  t.equal((await admin('/readyz')).status, 200)
  await gate.request('GET', `${gate.origin('one')}/y`)
  const { body } = await admin('/metrics')
  t.match(body, /^factorgate_refusals_total\{code="sign_in_required"\} 1$/m)
  t.match(body, /^factorgate_store_up 1$/m)
  t.match(body, /^factorgate_journal_writable 1$/m)
  t.match(body, /factorgate_requests_total\{app="one",status="2xx"\} 1/)
  t.match(body, /factorgate_request_duration_seconds_count\{app="one"\} 1/)
  t.match(body, /# TYPE factorgate_open_connections gauge/)
  gate.server.runtime.store.ping = async () => {
    throw new StoreUnreachable('The store is away.')
  }
  t.match(await admin('/readyz'), { status: 503, body: 'store not reachable: The store is away.\n' })
  t.match((await admin('/metrics')).body, /^factorgate_store_up 0$/m)
  t.match(
    gate.log.filter(({ msg }) => msg === 'not ready'),
    [{ level: 50, problem: 'store not reachable: The store is away.' }]
  )
})

t.test('an account that loses its groups loses its open socket', async t => {
  const upstream = await echoApp(t, (_request, response) => response.write('stream'))
  const gate = await startGateway(t, { apps: app(upstream.url, ', rules: [{ groups: [researchers], access: mfa }]') })
  const alice = await gate.account('alice')
  const { cookies } = await gate.signIn(alice, 'one')
  const download = gate.request('GET', `${gate.origin('one')}/`, { cookie: cookies.one as string })
  const cut = t.rejects(download, 'the half answer never looks whole')
  while (gate.server.runtime.live.size === 0) await new Promise(setImmediate)
  await gate.server.runtime.accounts.update(alice.id, { groups: ['guests'] })
  await cut
  t.equal((await gate.request('GET', `${gate.origin('one')}/`, { cookie: cookies.one as string })).status, 403)
})

t.test('TLS: serves it, exchanges the certificate without a restart, speaks HTTP/1.1 only', async t => {
  const port = await freePort()
  const folder = t.testdir({})
  const files = await selfSigned(folder, { commonName: 'first' })
  const listener = new Listener(
    { request: (_request, response) => response.end('secure'), upgrade: (_request, socket) => socket.destroy() },
    { maxHeaderSize: 16_384, tls: files }
  )
  await listener.listen('127.0.0.1', port)
  t.teardown(() => listener.close(0))
  const peer = () =>
    new Promise<{ name: string; alpn: string | false | null }>((resolve, reject) => {
      const socket = tls.connect(
        { port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2', 'http/1.1'] },
        () => {
          resolve({ name: socket.getPeerCertificate().subject.CN as string, alpn: socket.alpnProtocol })
          socket.destroy()
        }
      )
      socket.once('error', reject)
    })
  t.same(await peer(), { name: 'first', alpn: 'http/1.1' })
  await selfSigned(folder, { name: 'new', commonName: 'second' })
  listener.reloadTls({ cert: path.join(folder, 'new.crt'), key: path.join(folder, 'new.key') })
  t.equal((await peer()).name, 'second')
  const whole = readFileSync(path.join(folder, 'new.crt'), 'utf8')
  // The last two are what a program that copies a file over another leaves for a moment.
  for (const text of ['no certificate', '', whole.slice(0, 300)]) {
    writeFileSync(path.join(folder, 'new.crt'), text)
    t.throws(() => listener.reloadTls({ cert: path.join(folder, 'new.crt'), key: path.join(folder, 'new.key') }))
    t.equal((await peer()).name, 'second', `a bad file leaves the old one in place: ${text.length} characters`)
  }

  await t.test('tickets outlive a change of the certificate, and count where the keys are the same', async t => {
    const serve = async (given?: TicketKeysOfDay) => {
      const pipeline = { request: () => {}, upgrade: () => {} }
      const ticketKeys = new TicketKeys(Date.now, given)
      const listener = new Listener(pipeline, { maxHeaderSize: 16_384, tls: files, ticketKeys })
      t.teardown(() => listener.close(0))
      return { listener, port: (await listener.listen('127.0.0.1', 0)).port }
    }
    const keys = new TicketKeys().today
    const [one, worker, stranger, alone] = [await serve(keys), await serve(keys), await serve(), await serve()]
    await selfSigned(folder, { name: 'new', commonName: 'third' })
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const [ticket, own] = [await ticketOf(one.port, version), await ticketOf(alone.port, version)]
      for (const { listener } of [one, alone])
        listener.reloadTls({ cert: path.join(folder, 'new.crt'), key: path.join(folder, 'new.key') })
      t.ok(await resumes(one.port, version, ticket), `after a reload (${version})`)
      t.ok(await resumes(alone.port, version, own), `after a reload, with keys that nobody gave (${version})`)
      t.ok(await resumes(worker.port, version, ticket), `at another worker (${version})`)
      t.notOk(await resumes(stranger.port, version, ticket), `not at another gate (${version})`)
    }
  })
})

/** The ticket of a new TLS session. */
async function ticketOf(port: number, maxVersion: tls.SecureVersion): Promise<Buffer> {
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, maxVersion })
  const [ticket] = (await once(socket, 'session')) as [Buffer]
  socket.destroy()
  return ticket
}

async function resumes(port: number, maxVersion: tls.SecureVersion, session: Buffer): Promise<boolean> {
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, maxVersion, session })
  await once(socket, 'secureConnect')
  const isReused = socket.isSessionReused()
  socket.destroy()
  return isReused
}

t.test('a reload that fails in the middle, or comes after the end, leaves the old gateway and no new one', async t => {
  const upstream = await echoApp(t)
  const gate = await startGateway(t, { apps: app(upstream.url) })
  const config = await gate.load()
  let closed = 0
  const hear = (message: unknown) => {
    const { fastify } = message as { fastify: { addHook(name: 'onClose', hook: () => Promise<void>): void } }
    fastify.addHook('onClose', async () => {
      closed++
    })
  }
  diagnostics.subscribe('fastify.initialization', hear)
  t.teardown(() => diagnostics.unsubscribe('fastify.initialization', hear))
  const half = {
    ...config,
    listen: { ...config.listen, tls: { acme: null, cert: '/nowhere.crt', key: '/nowhere.key' } }
  }
  const { reloadTls } = Listener.prototype
  t.teardown(() => Object.assign(Listener.prototype, { reloadTls }))
  Listener.prototype.reloadTls = () => {
    throw new Error('no such certificate')
  }
  await t.rejects(gate.server.reload(half), /no such certificate/)
  t.equal(closed, 1, 'the new one is closed')
  t.equal((await gate.request('GET', `${gate.origin('one')}/`)).status, 401, 'the old one serves')
  await gate.server.close()
  await t.rejects(gate.server.reload(config), /is ending/)
  t.equal(closed, 2)
})

t.test('refuses to start with a key file that others may read, and leaves nothing behind', async t => {
  const upstream = await echoApp(t)
  const gate = await startGateway(t, { apps: app(upstream.url) })
  const config = await gate.load()
  await gate.server.close()
  chmodSync(config.keyFile, 0o644)
  await t.rejects(Server.start({ config, clock: Date.now, log: pino({ level: 'silent' }) }), /chmod 600/)
})

t.test(
  'a changed key file: a rotation is followed, a key of another store is refused and the old one stays',
  async t => {
    const upstream = await echoApp(t)
    const gate = await startGateway(t, { apps: app(upstream.url) })
    const { keyFile } = await gate.load()
    const { runtime } = gate.server
    const first = runtime.keyring.currentKeyId
    const foreign = path.join(gate.folder, 'foreign.key')
    await createKeyFile(foreign)
    const right = readFileSync(keyFile)
    writeFileSync(keyFile, readFileSync(foreign))
    await t.rejects(gate.server.reloadKeys(), /does not belong to this store: another key sealed it/)
    t.equal(runtime.keyring.currentKeyId, first)
    writeFileSync(keyFile, right)
    const second = await addKey(keyFile)
    await gate.server.reloadKeys()
    await retireOldKeys(keyFile)
    await gate.server.reloadKeys()
    t.equal(runtime.keyring.currentKeyId, second)
  }
)

t.test(
  'what takes a restart is said until it is done, and the key file in use stays the one it began with',
  async t => {
    const upstream = await echoApp(t)
    const gate = await startGateway(t, { apps: app(upstream.url) })
    const config = await gate.load()
    const elsewhere = { ...config, keyFile: path.join(gate.folder, 'elsewhere.key') }
    await createKeyFile(elsewhere.keyFile)
    const { currentKeyId } = gate.server.runtime.keyring
    t.same(await gate.server.reload(elsewhere), ['keyFile'])
    t.same(await gate.server.reload({ ...elsewhere }), ['keyFile'])
    await gate.server.reloadKeys()
    t.equal(gate.server.runtime.keyring.currentKeyId, currentKeyId)
    t.same(await gate.server.reload(config), [])
  }
)
