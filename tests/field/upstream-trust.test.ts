/** FIELD F16: whom the gate takes for an app behind https, and what it says about everybody else. Real TLS servers, certificates by openssl. */
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import net, { type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import t, { type Test } from 'tap'
import { checkAppsTls } from '../../config/checks/certificates.ts'
import { formatProblem, parseConfig } from '../../config/load.ts'
import { Diagnostics } from '../../config/reading/diagnostics.ts'
import type { App } from '../../src/apps/route-table.ts'
import { UpstreamStates } from '../../src/forwarding/upstream-states.ts'
import { tlsOf } from '../../src/services/app-options.ts'
import type { UpstreamTls } from '../../src/upstream/trust.ts'
import { complete } from '../config/read.ts'
import { at, type Gate, get, host, makeApp, parse, startGate } from '../fixtures/pipeline/forwarding.ts'

const folder = mkdtempSync(join(tmpdir(), 'upstream-trust-'))
t.teardown(() => rmSync(folder, { recursive: true }))

interface Made {
  readonly key: string
  readonly cert: string
  readonly print: string
}

/** A certificate for these names, signed by itself or by `by`. */
function make(name: string, names: string, { by, days = 2 }: { by?: string; days?: number } = {}): Made {
  const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)]
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${names}`]
  const signer = by === undefined ? [] : ['-CA', join(folder, `${by}.pem`), '-CAkey', join(folder, `${by}.key`)]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', String(days)]
  const kind = by === undefined ? [] : ['-addext', 'basicConstraints=critical,CA:FALSE']
  execFileSync('openssl', ['req', '-x509', ...curve, ...signer, ...kind, '-keyout', key, '-out', cert, ...subject], {
    stdio: 'ignore'
  })
  const text = readFileSync(cert, 'utf8')
  return {
    key: readFileSync(key, 'utf8'),
    cert: text,
    print: new X509Certificate(text).fingerprint256.replaceAll(':', '').toLowerCase()
  }
}

const lab = make('lab-ca', 'DNS:lab-ca')
const good = make('good', 'DNS:localhost,IP:127.0.0.1', { by: 'lab-ca' })
const renamed = make('renamed', 'DNS:app.internal', { by: 'lab-ca' })
const instrument = make('instrument', 'DNS:instrument-4711')
const stranger = make('stranger', 'DNS:localhost,IP:127.0.0.1')
const client = make('gate', 'DNS:gate', { by: 'lab-ca' })

const none: UpstreamTls = {
  ca: null,
  cert: null,
  key: null,
  serverName: null,
  fingerprints: null,
  unsafeAnyCertificate: false
}

const upgrade = ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: x', `Origin: https://${host}`]
const handshake = get('/', upgrade).replace('Connection: close', 'Connection: Upgrade')

t.test('FIELD F16 an app is taken for itself by what its operator says, over HTTP and WebSocket alike', async t => {
  const table: [string, Made, Partial<UpstreamTls> | null, boolean, RegExp?][] = [
    ['self-signed, nothing said', instrument, null, false, /apps\[3\]\.tls\.fingerprint/],
    ['a private authority, nothing said', good, null, false, /apps\[3\]\.tls\.ca/],
    ['a private authority', good, { ca: lab.cert }, true],
    ['among several', good, { ca: `${stranger.cert}\n${lab.cert}` }, true],
    ['another authority', good, { ca: stranger.cert }, false, /app 'app': .*apps\[3\]\.tls\.ca/],
    ['the certificate itself for authority', good, { ca: good.cert }, true],
    ['self-signed, as its own authority', instrument, { ca: instrument.cert, serverName: 'instrument-4711' }, true],
    [
      'self-signed, as its own authority, another name',
      instrument,
      { ca: instrument.cert },
      false,
      /apps\[3\]\.tls\.serverName/
    ],
    ['another name', renamed, { ca: lab.cert }, false, /names another host.*apps\[3\]\.tls\.serverName/],
    ['another name, said', renamed, { ca: lab.cert, serverName: 'app.internal' }, true],
    ['another name, said wrongly', renamed, { ca: lab.cert, serverName: 'other.internal' }, false, /serverName/],
    ['an address for a name', good, { ca: lab.cert, serverName: '127.0.0.1' }, true],
    ['a name alone vouches for nobody', renamed, { serverName: 'app.internal' }, false, /apps\[3\]\.tls\.ca/],
    ['pinned', instrument, { fingerprints: [instrument.print] }, true],
    ['pinned for a renewal', instrument, { fingerprints: [good.print, instrument.print] }, true],
    [
      'another is pinned',
      instrument,
      { fingerprints: [good.print] },
      false,
      new RegExp(`sha256:${instrument.print}.*not the pinned|not the pinned.*fingerprint`)
    ],
    ['the authority is pinned, not the app', good, { fingerprints: [lab.print] }, false, /fingerprint/],
    ['pinned, and from an authority', good, { ca: lab.cert, fingerprints: [good.print] }, true],
    [
      'pinned, but not from that authority',
      stranger,
      { ca: lab.cert, fingerprints: [stranger.print] },
      false,
      /fingerprint|\.ca/
    ],
    [
      'from that authority, but not pinned',
      good,
      { ca: lab.cert, fingerprints: [stranger.print] },
      false,
      /fingerprint/
    ],
    ['any', instrument, { unsafeAnyCertificate: true }, true]
  ]
  for (const [title, shown, keys, isFine, why] of table) {
    const up = await startTls(t, shown)
    const keysOf = keys === null ? null : { ...none, ...keys }
    const app = makeApp({
      upstreams: [at({ origin: `https://localhost:${up.port}` })],
      tls: keysOf,
      tlsPath: 'apps[3].tls'
    })
    const gate = await startGate(t, [app])
    // More than once: what is kept or resumed must not know less.
    for (const turn of [1, 2]) {
      t.equal(parse(await gate.ask(get())).status, isFine ? 200 : 502, `${title}, ${turn}`)
      const socket = await gate.connect()
      socket.send(handshake)
      t.equal(parse(await socket.until('\r\n\r\n')).status, isFine ? 101 : 502, `${title}, WebSocket, ${turn}`)
    }
    t.equal(up.requests.length, isFine ? 4 : 0, 'not a byte to anybody else')
    if (why !== undefined) for (const cause of gate.causes) t.match((cause as Error).message, why, title)
  }
})

t.test('FIELD F16 apps that share an upstream do not share their trust, nor their connections', async t => {
  const up = await startTls(t, instrument)
  const other = (name: string, tls: UpstreamTls | null): App =>
    makeApp({
      id: name,
      host: `${name}.lab.example`,
      origin: `https://${name}.lab.example`,
      upstreams: [at({ origin: `https://localhost:${up.port}` })],
      tls
    })
  const gate = await startGate(t, [
    other('pinned', { ...none, fingerprints: [instrument.print] }),
    other('any', { ...none, unsafeAnyCertificate: true }),
    other('wrong', { ...none, fingerprints: [good.print] }),
    other('plain', null)
  ])
  const ask = async (name: string) => parse(await gate.ask(get().replace(host, `${name}.lab.example`))).status
  for (const turn of [1, 2, 3]) {
    t.equal(await ask('any'), 200, `any, ${turn}`)
    t.equal(await ask('pinned'), 200, `pinned, ${turn}`)
    t.equal(await ask('wrong'), 502, `wrong, ${turn}`)
    t.equal(await ask('plain'), 502, `plain, ${turn}`)
  }
})

t.test('FIELD F16 a resumed session is no way around a pin', async t => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    // The server takes up old sessions under its new certificate, as servers do that share their ticket keys.
    const up = await startTls(t, instrument, { ticketKeys: Buffer.alloc(48, 7), maxVersion: version, isShort: true })
    const app = makeApp({
      upstreams: [at({ origin: `https://localhost:${up.port}` })],
      tls: { ...none, fingerprints: [instrument.print] }
    })
    const gate = await startGate(t, [app])
    t.equal(parse(await gate.ask(get())).status, 200, version)
    t.equal(parse(await gate.ask(get())).status, 200, version)
    up.server.setSecureContext({ key: stranger.key, cert: stranger.cert, maxVersion: version })
    up.server.setTicketKeys(Buffer.alloc(48, 7))
    t.equal(parse(await gate.ask(get())).status, 502, `${version}: another certificate`)
    t.equal(up.requests.length, 2)
  }
})

t.test('FIELD F16 the gate shows its own certificate where an app asks for one', async t => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const up = await startTls(t, good, {
      ca: lab.cert,
      requestCert: true,
      rejectUnauthorized: true,
      maxVersion: version
    })
    const of = (keys: Partial<UpstreamTls>) =>
      makeApp({
        upstreams: [at({ origin: `https://localhost:${up.port}` })],
        tls: { ...none, ca: lab.cert, ...keys },
        tlsPath: 'apps[0].tls'
      })
    const known = await startGate(t, [of({ cert: client.cert, key: client.key })])
    t.equal(parse(await known.ask(get())).status, 200, version)
    for (const keys of [{}, { cert: stranger.cert, key: stranger.key }]) {
      const unknown = await startGate(t, [of(keys)])
      t.equal(parse(await unknown.ask(get())).status, 502, version)
      t.match((unknown.causes[0] as Error).message, /apps\[0\]\.tls\.cert/)
    }
  }
})

t.test('FIELD F16 an upstream that speaks no TLS is named as such', async t => {
  const server = net.createServer(socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n').on('error', () => {}))
  await new Promise<void>(resolve => server.listen(0, resolve))
  t.teardown(() => server.close())
  const origin = `https://localhost:${(server.address() as AddressInfo).port}`
  const gate = await startGate(t, [makeApp({ upstreams: [at({ origin })], tlsPath: 'apps[0].tls' })])
  t.equal(parse(await gate.ask(get())).status, 502)
  t.match((gate.causes[0] as Error).message, /app 'app': it does not speak TLS.*apps\[0\]\.upstream/)
})

t.test('FIELD F16 an upstream that speaks TLS behind http is named as such', async t => {
  const alert = net.createServer(socket => {
    socket.on('error', () => {})
    // As OpenSSL answers what is no handshake: a fatal alert, protocol_version.
    socket.once('data', () => socket.end(Buffer.from('15030100020246', 'hex')))
  })
  await new Promise<void>(resolve => alert.listen(0, resolve))
  t.teardown(() => alert.close())
  const silent = await startTls(t, good)
  for (const [title, port, why] of [
    [
      'that says so',
      (alert.address() as AddressInfo).port,
      /app 'app': it speaks TLS, and the upstream begins with http: write https \(apps\[0\]\.upstream\)/
    ],
    [
      'that says nothing',
      silent.port,
      /app 'app': it closed the connection without an answer; if it speaks TLS, .* begin with https \(apps\[0\]\.upstream\)/
    ]
  ] as const) {
    const gate = await startGate(t, [
      makeApp({ upstreams: [at({ origin: `http://localhost:${port}` })], tlsPath: 'apps[0].tls' })
    ])
    t.equal(parse(await gate.ask(get())).status, 502, title)
    t.equal(parse(await (await shake(gate)).until('\r\n\r\n')).status, 502, `${title}, WebSocket`)
    for (const cause of gate.causes) t.match((cause as Error).message, why, title)
    t.equal(gate.causes.length, 2, title)
  }
})

t.test('FIELD F16 what check says about the keys and their files', async t => {
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 })
    return name
  }
  const colons = instrument.print.toUpperCase().replace(/..(?=.)/g, '$&:')
  execFileSync('openssl', [
    'x509',
    '-in',
    join(folder, 'good.pem'),
    '-outform',
    'der',
    '-out',
    join(folder, 'good.der')
  ])
  file('none.pem', 'not a certificate')
  copyFileSync(join(folder, 'gate.key'), join(folder, 'open.key'))
  chmodSync(join(folder, 'open.key'), 0o644)
  chmodSync(join(folder, 'gate.key'), 0o600)
  const table: [string, string, RegExp | null][] = [
    ['all', 'ca: lab-ca.pem, serverName: App.Internal, cert: gate.pem, key: gate.key', null],
    ['a pin', `fingerprint: "sha256:${colons}"`, null],
    ['a pin as openssl prints it', `fingerprint: "sha256 Fingerprint=${colons}"`, null],
    ['a pin without colons', `fingerprint: ${instrument.print}`, null],
    ['pins', `fingerprint: ["SHA256:${instrument.print}", "${colons}"]`, null],
    [
      'SHA-1',
      'fingerprint: "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709"',
      /apps\[0\]\.tls\.fingerprint {2}must be 'sha256:'/
    ],
    ['too short', 'fingerprint: "sha256:aabb"', /apps\[0\]\.tls\.fingerprint {2}must be/],
    [
      'of a public key, as curl has it',
      'fingerprint: "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="',
      /fingerprint {2}must be/
    ],
    ['no pins', 'fingerprint: []', /fingerprint {2}is an empty list/],
    ['no such file', 'ca: nowhere.pem', /apps\[0\]\.tls\.ca {2}must name a readable file; there is no such file/],
    ['not PEM', 'ca: none.pem', /apps\[0\]\.tls\.ca {2}must name a PEM file with one certificate or several/],
    ['DER', 'ca: good.der', /openssl x509 -inform der/],
    ['a key for authorities', 'ca: gate.key', /apps\[0\]\.tls\.ca {2}must name/],
    ['a certificate alone', 'cert: gate.pem', /apps\[0\]\.tls\.cert {2}needs apps\[0\]\.tls\.key/],
    ['a key alone', 'key: gate.key', /apps\[0\]\.tls\.key {2}needs apps\[0\]\.tls\.cert/],
    [
      'a key of another',
      'cert: gate.pem, key: good.key',
      /apps\[0\]\.tls\.key {2}does not belong to the certificate in apps\[0\]\.tls\.cert/
    ],
    [
      'a key for a certificate',
      'cert: gate.key, key: gate.key',
      /apps\[0\]\.tls\.cert {2}must name a PEM file that begins with/
    ],
    [
      'a certificate for a key',
      'cert: gate.pem, key: gate.pem',
      /apps\[0\]\.tls\.key {2}must name a PEM file with a private key/
    ],
    [
      'any and one',
      `unsafeAnyCertificate: true, fingerprint: ${instrument.print}`,
      /unsafeAnyCertificate {2}contradicts apps\[0\]\.tls\.fingerprint/
    ],
    ['a name with a port', 'serverName: app.internal:443', /serverName {2}must be a host name/],
    ['a typo', 'fingerprints: x', /did you mean 'fingerprint'/],
    ['any', 'unsafeAnyCertificate: true', /unsafeAnyCertificate {2}the gate accepts any certificate/],
    [
      'a key that all may read',
      'cert: gate.pem, key: open.key',
      /apps\[0\]\.tls\.key {2}everybody on this machine can read/
    ]
  ]
  for (const [title, keys, expected] of table) {
    const text = complete(
      `apps:\n  - id: one\n    url: https://one.lab.example\n    upstream: https://10.1.1.1\n    tls: { ${keys} }\n`
    )
    const loaded = parseConfig(text, join(folder, 'factorgate.yaml'), {})
    const list = (loaded.kind === 'ok' ? loaded.warnings : loaded.problems).map(formatProblem)
    if (expected === null) t.same(list, [], title)
    else
      t.ok(list.length === 1 && expected.test(list[0] as string) && /yaml:5:\d+ {2}/.test(list[0] as string), title, {
        list
      })
    if (loaded.kind !== 'ok' || expected !== null) continue
    const [app] = loaded.config.apps
    t.equal(loaded.files.length, title === 'all' ? 4 : 1, 'its files are watched')
    const read = tlsOf(app!)
    if (title === 'all')
      t.same(read, { ...none, ca: lab.cert, cert: client.cert, key: client.key, serverName: 'app.internal' })
    else t.same(new Set(read?.fingerprints), new Set([instrument.print]), title)
  }
  for (const upstream of ['http://10.1.1.1', 'unix:/run/app.sock', '[https://10.1.1.1, http://10.1.1.2]']) {
    const text = complete(
      `apps:\n  - id: one\n    url: https://one.lab.example\n    upstream: ${upstream}\n    tls: { serverName: a.b }\n`
    )
    const loaded = parseConfig(text, join(folder, 'factorgate.yaml'))
    t.match(
      loaded.kind === 'bad' && loaded.problems.map(formatProblem).join(),
      /yaml:5:10 {2}apps\[0\]\.tls {2}is for upstreams that begin with https/,
      upstream
    )
  }
})

t.test('FIELD F16 what has expired is said before anybody meets it', async t => {
  const diagnostics = new Diagnostics({ file: 'factorgate.yaml', folder, env: {} })
  const tls = { ca: join(folder, 'lab-ca.pem'), cert: join(folder, 'gate.pem'), key: join(folder, 'gate.key') }
  checkAppsTls({ apps: [{ upstream: [], tls }] }, Date.now() + 9 * 86_400_000, diagnostics)
  t.match(
    diagnostics.warnings.map(({ path, message }) => `${path} ${message}`),
    [/^apps\[0\]\.tls\.ca every certificate in it has expired/, /^apps\[0\]\.tls\.cert the certificate expired on/]
  )
})

t.test(
  'FIELD F16 of several upstreams, one with a wrong certificate is as good as down, also for its health checks',
  async t => {
    const [right, wrong] = [await startTls(t, instrument), await startTls(t, stranger)]
    const upstreams = [wrong, right].map(({ port }) => at({ origin: `https://127.0.0.1:${port}` }))
    const health = {
      path: '/healthz',
      everyMs: 1000,
      timeoutMs: 5000,
      status: [{ from: 200, to: 200 }],
      rise: 1,
      fall: 1
    }
    for (const checked of [false, true]) {
      const problems: (string | null)[] = []
      const states = new UpstreamStates((_, problem) => problems.push(problem))
      const app = makeApp({
        upstreams,
        tls: { ...none, fingerprints: [instrument.print] },
        ...(checked ? { health } : {})
      })
      const gate = await startGate(t, [app], { states, clock: () => 1 })
      while (checked && problems.length === 0) await new Promise(setImmediate)
      for (let i = 0; i < 3; i++) t.equal(parse(await gate.ask(get())).status, 200)
      t.equal(parse(await gate.ask(`${get('/', ['Content-Length: 1'], 'POST')}x`)).status, 200)
      t.match(await (await shake(gate)).until('\r\n\r\n'), /^HTTP\/1.1 101 /)
      t.match(problems, [/^app 'app': its certificate is not the pinned one.* \(tls\.fingerprint\)/], 'said once')
    }
    t.same(wrong.requests, [], 'not a byte for the wrong one')
    t.equal(right.requests.filter(text => text.startsWith('GET /healthz ')).length, 1)
  }
)

async function shake(gate: Gate) {
  const client = await gate.connect()
  client.send(handshake)
  return client
}

async function startTls(t: Test, { key, cert }: Made, more: tls.TlsOptions & { isShort?: boolean } = {}) {
  const requests: string[] = []
  const sockets: Socket[] = []
  const server = tls.createServer({ key, cert, ...more }, socket => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.on('data', chunk => {
      const text = chunk.toString('latin1')
      requests.push(text)
      if (/^upgrade: websocket/im.test(text))
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
      else socket.write(`HTTP/1.1 200 OK\r\n${more.isShort ? 'Connection: close\r\n' : ''}Content-Length: 2\r\n\r\nok`)
    })
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>(resolve => server.listen(0, resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { server, port: (server.address() as AddressInfo).port, requests }
}
