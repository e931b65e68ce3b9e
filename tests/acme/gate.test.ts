/** A gate with certificates by ACME: real authorities (pebble) over both ways, a first start without a certificate, and new ones that disturb nobody. */
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import tls from 'node:tls'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { loadConfig } from '../../config/load.ts'
import { formatProblem } from '../../config/reading/diagnostics.ts'
import { stateRecord } from '../../src/acme/records.ts'
import { newKey, publicKeyOf } from '../../src/acme/x509.ts'
import { createKeyFile } from '../../src/keyring/key-file.ts'
import type { CertificateSource, Pair } from '../../src/server/issued-contexts.ts'
import { Listener } from '../../src/server/listener.ts'
import { Server } from '../../src/server/server.ts'
import { AcmeServer } from '../fixtures/in-process/acme-server.ts'
import { commandAt } from '../fixtures/in-process/command.ts'
import { ask } from '../fixtures/in-process/gateway.ts'
import { freePort } from '../fixtures/process/free-port.ts'
import { lacksPebble, startPebble } from '../fixtures/process/pebble.ts'
import { temporaryDirectory } from '../fixtures/process/redis-server.ts'

interface Started {
  readonly server: Server
  readonly file: string
  readonly port: number
  readonly httpPort: number
  readonly adminPort: number
  readonly log: Record<string, unknown>[]
}

/** `acme`: YAML of `listen.tls.acme`, in braces. */
async function startGate(t: Test, acme: string, port: number, httpPort: number): Promise<Started> {
  const folder = temporaryDirectory(t)
  const file = path.join(folder, 'factorgate.yaml')
  writeFileSync(
    file,
    `listen: { host: 127.0.0.1, port: ${port}, tls: { acme: ${acme} }, http: { port: ${httpPort} } }
admin: { host: 127.0.0.1, port: 0 }
portal: { url: "https://gate.lab.example:${port}" }
store: embedded:./store
keyFile: ./factorgate.key
journal: { file: ./journal.jsonl }
shutdownTimeout: 1s
apps:
  - { id: notes, url: "https://notes.lab.example:${port}", upstream: "http://127.0.0.1:9" }
`
  )
  await createKeyFile(path.join(folder, 'factorgate.key'))
  const loaded = await loadConfig({ file, env: {}, cwd: folder })
  if (loaded.kind === 'bad') throw new Error(loaded.problems.map(problem => formatProblem(problem)).join('\n'))
  const log: Record<string, unknown>[] = []
  const logger = pino({ level: 'info' }, { write: (line: string) => log.push(JSON.parse(line)) })
  const server = await Server.start({ config: loaded.config, clock: Date.now, log: logger })
  t.teardown(() => server.close())
  return {
    server,
    file,
    port,
    httpPort: server.addresses.http?.port ?? 0,
    adminPort: server.addresses.admin?.port ?? 0,
    log
  }
}

/** Resolves once these hosts have certificates. */
async function served({ server, log }: Started, ...names: string[]): Promise<void> {
  const { certificates } = server
  if (certificates === null) throw new Error('there is no ACME here')
  const failure = new Promise<never>((_, reject) => {
    const look = setInterval(() => {
      const failed = log.find(({ msg }) => String(msg).includes('could not be obtained'))
      if (failed !== undefined) reject(new Error(JSON.stringify(failed)))
    }, 50)
    look.unref()
  })
  const all = new Promise<void>(resolve => {
    const look = () => names.every(name => certificates.pairFor(name) !== null) && resolve()
    certificates.onChange(look)
    look()
  })
  await Promise.race([all, failure])
}

/** The certificate that a visitor sees, or the code of the failed handshake. */
function handshake(
  port: number,
  servername: string,
  more: tls.ConnectionOptions = {}
): Promise<X509Certificate | string> {
  return new Promise(resolve => {
    const socket = tls.connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false, ...more })
    socket.once('secureConnect', () => {
      const { raw } = socket.getPeerCertificate()
      socket.destroy()
      resolve(new X509Certificate(raw))
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
}

const subject = (seen: X509Certificate | string) => (typeof seen === 'string' ? seen : seen.subjectAltName)

t.test('pebble issues by http-01 and by tls-alpn-01', { skip: lacksPebble }, async t => {
  const [port, httpPort, alpnPort, otherHttp] = [await freePort(), await freePort(), await freePort(), await freePort()]
  const eab = { kid: 'kid-1', secret: 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W' }
  const pebble = await startPebble(t, { httpPort, tlsPort: alpnPort, eab, blocked: ['blocked.lab.example'] })
  const keyFile = path.join(temporaryDirectory(t), 'eab.key')
  writeFileSync(keyFile, `${eab.secret}\n`, { mode: 0o600 })
  const acme = `directory: "${pebble.directory}", ca: "${pebble.ca}", agreeToTerms: true, email: gate@lab.example, eab: { kid: kid-1, keyFile: "${keyFile}" }`
  const [one, other] = await Promise.all([
    startGate(t, `{ ${acme} }`, port, httpPort),
    startGate(t, `{ ${acme}, challenge: tls-alpn-01 }`, alpnPort, otherHttp)
  ])
  for (const gate of [one, other]) {
    await served(gate, 'gate.lab.example', 'notes.lab.example')
    const seen = await handshake(gate.port, 'notes.lab.example')
    t.equal(subject(seen), 'DNS:notes.lab.example', 'each host has its own')
    t.match((seen as X509Certificate).issuer, /Pebble Intermediate/)
    t.equal(subject(await handshake(gate.port, 'GATE.lab.example')), 'DNS:gate.lab.example')
    t.equal(
      subject(await handshake(gate.port, 'other.example')),
      'DNS:gate.lab.example',
      'the portal’s for a name that is not ours'
    )
    t.equal((await ask(gate.adminPort, 'GET', `http://127.0.0.1:${gate.adminPort}/readyz`)).status, 200)
  }
  t.equal(
    await handshake(alpnPort, 'gate.lab.example', { ALPNProtocols: ['acme-tls/1'] }).then(seen => typeof seen),
    'string',
    'the protocol of challenges leads nowhere when none is pending'
  )
  t.match(
    await ask(httpPort, 'GET', 'http://notes.lab.example/a?b').then(({ status, headers }) => ({
      status,
      to: headers.location
    })),
    { status: 301, to: `https://notes.lab.example:${port}/a?b` }
  )
  const { body } = await ask(one.adminPort, 'GET', `http://127.0.0.1:${one.adminPort}/metrics`)
  t.match(
    body,
    /factorgate_certificate_end_timestamp_seconds\{certificate="listen.tls.acme \(notes.lab.example\)"\} \d/
  )
  t.match(body, /factorgate_certificate_orders_total\{outcome="issued"\} 2/)
})

t.test('K8 · a first start without a certificate → no handshake, no redirect, and the reason', async t => {
  const authority = await AcmeServer.start(t, { clock: Date.now })
  authority.lies.dir = (_, response) => {
    response.writeHead(500).end('broken')
    return true
  }
  const gate = await startGate(t, `{ directory: "${authority.directory}", agreeToTerms: true }`, await freePort(), 0)
  const { server, port } = gate
  const failed = () => gate.log.some(({ msg }) => String(msg).includes('could not be obtained'))
  while (!failed()) await new Promise(setImmediate)
  t.match(
    await handshake(port, 'gate.lab.example'),
    /HANDSHAKE_FAILURE|ECONNRESET/,
    'no certificate that people would click away'
  )
  t.match(await handshake(port, ''), /HANDSHAKE_FAILURE|ECONNRESET/)
  const early = await ask(gate.httpPort, 'GET', 'http://gate.lab.example/')
  t.match([early.status, early.body, early.headers['retry-after']], [503, /has no certificate yet/, '30'])
  const ready = await ask(gate.adminPort, 'GET', `http://127.0.0.1:${gate.adminPort}/readyz`)
  t.match([ready.status, ready.body], [503, /there is no certificate for gate.lab.example yet: .*answers 500/])
  const run = commandAt(gate.file)
  const status = await run('status')
  t.match(status.stdout, /certificate notes\.lab\.example +none yet: .*answers 500/s)
  const doctor = await run('doctor')
  t.match(
    doctor.stdout.replaceAll(/\s+/g, ' '),
    /certificates: listen\.tls\.acme: there is no certificate for gate\.lab\.example yet: .*answers 500/
  )

  delete authority.lies.dir
  await server.runtime.store.delete('acme-state:gate.lab.example')
  await server.runtime.store.delete('acme-state:notes.lab.example')
  const loaded = await loadConfig({ file: gate.file, env: {}, cwd: path.dirname(gate.file) })
  // Before the reload, so that a failure of the pass that it begins is not overlooked.
  gate.log.length = 0
  if (loaded.kind === 'ok') await server.reload(loaded.config)
  await served(gate, 'gate.lab.example', 'notes.lab.example')
  t.equal(subject(await handshake(port, 'gate.lab.example')), 'DNS:gate.lab.example', 'then people are served')
  t.equal((await ask(gate.httpPort, 'GET', 'http://gate.lab.example/')).status, 301)
  const readyNow = () => ask(gate.adminPort, 'GET', `http://127.0.0.1:${gate.adminPort}/readyz`)
  t.match(await readyNow(), { status: 200, body: /^ok\n$/ })

  // The authority refuses the account long before the certificate ends.
  const { store } = server.runtime
  const state = await stateRecord.get(store, 'notes.lab.example')
  if (state === null) return t.fail('no state')
  await stateRecord.put(store, 'notes.lab.example', { ...state, renewAt: 0 }, 3600)
  authority.lies.order = (_, response) => {
    response.writeHead(403, { 'content-type': 'application/problem+json' })
    response.end(JSON.stringify({ type: 'urn:ietf:params:acme:error:unauthorized', detail: 'this account is closed' }))
    return true
  }
  gate.log.length = 0
  if (loaded.kind === 'ok') await server.reload(loaded.config)
  while (!gate.log.some(({ msg }) => String(msg).includes('could not be renewed'))) await new Promise(setImmediate)
  const warned = await readyNow()
  t.equal(warned.status, 200, 'a balancer keeps a gate that serves')
  t.match(
    warned.body,
    /^ok\nwarning: the certificate for notes\.lab\.example ends on [\dT:.-]+Z, and could not be renewed: .*this account is closed.*\n$/
  )
  const checked = await run('check')
  t.match(
    `${checked.stdout}${checked.stderr}`.replaceAll(/\s+/g, ' '),
    /could not be renewed: .*this account is closed/
  )
  delete authority.lies.order
  await server.runtime.journal.flush()
  const kinds = (await run('journal', 'search', '--kind', 'certificate', '--json')).stdout
  t.match(kinds, /certificate\.failed[\s\S]*certificate\.issued/)
  const after = await run('status', '--json')
  t.match(JSON.parse(after.stdout).certificates, [{ host: 'gate.lab.example', state: /^until / }, {}])
})

t.test('a new certificate ends no connection and no ticket', async t => {
  const authority = await AcmeServer.start(t, { clock: Date.now })
  const fresh = (name: string): Pair => {
    const key = newKey()
    return {
      cert: authority.issue([name], publicKeyOf(key)),
      key: key.export({ type: 'pkcs8', format: 'pem' }) as string
    }
  }
  const pairs = new Map([
    ['one.example', fresh('one.example')],
    ['two.example', fresh('two.example')]
  ])
  const told: (() => void)[] = []
  const source: CertificateSource = {
    pairFor: name => pairs.get(name) ?? null,
    lacks: name => name === 'three.example',
    get main() {
      return pairs.get('one.example') ?? null
    },
    onChange: listener => void told.push(listener)
  }
  const answers: { write(text: string): unknown; end(text: string): unknown }[] = []
  const pipeline = {
    request: (_: unknown, response: (typeof answers)[number]) => answers.push(response),
    upgrade: () => {}
  }
  const listener = new Listener(pipeline as never, { maxHeaderSize: 8192, tls: { source, challenges: null } })
  const { port } = await listener.listen('127.0.0.1', 0)
  t.teardown(() => listener.close(0))
  const swap = () => {
    for (const name of [...pairs.keys()]) pairs.set(name, fresh(name))
    for (const tell of told) tell()
  }
  for (const servername of ['one.example', 'two.example']) {
    const before = subject(await handshake(port, servername))
    t.equal(before, `DNS:${servername}`)
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = tls.connect({ host: '127.0.0.1', port, servername, maxVersion, rejectUnauthorized: false })
      const session = once(socket, 'session') as Promise<[Buffer]>
      let text = ''
      socket.on('data', part => {
        text += part
      })
      socket.write(`GET / HTTP/1.1\r\nHost: ${servername}\r\nConnection: close\r\n\r\n`)
      while (answers.length === 0) await new Promise(setImmediate)
      const [ticket] = await session
      const answer = answers.pop()!
      answer.write('begun;')
      const old = (pairs.get(servername) as Pair).cert
      swap()
      const seen = (await handshake(port, servername)) as X509Certificate
      t.notMatch(old, seen.toString(), 'a new handshake has the new certificate')
      answer.end('ended')
      await once(socket, 'close')
      t.match(text, /begun;[\s\S]*ended/, 'what was under way ends whole')
      const again = tls.connect({
        host: '127.0.0.1',
        port,
        servername,
        maxVersion,
        session: ticket,
        rejectUnauthorized: false
      })
      await once(again, 'secureConnect')
      t.ok(again.isSessionReused(), `the ticket counts (${servername}, ${maxVersion})`)
      again.destroy()
    }
  }
  t.match(await handshake(port, 'three.example'), /HANDSHAKE_FAILURE|ECONNRESET/, 'a host of ours without one')
})
