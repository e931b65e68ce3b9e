import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import t, { type Test } from 'tap'
import { at, get, header, host, makeApp, parse, startGate } from '../fixtures/pipeline/forwarding.ts'

const upgrade = ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', `Origin: https://${host}`]
const handshake = get('/', upgrade).replace('Connection: close', 'Connection: Upgrade')

t.test('the certificate must be the upstream’s own: neither the public name nor anybody’s will do', async t => {
  const trusted = makeCertificate(t, 'DNS:localhost,IP:127.0.0.1')
  const publicName = makeCertificate(t, `DNS:${host}`)
  const stranger = makeCertificate(t, 'DNS:localhost,IP:127.0.0.1')
  trust(t, [trusted.cert, publicName.cert])
  const table: [string, { key: Buffer; cert: Buffer }, string, boolean, string | false][] = [
    ['by name', trusted, 'localhost', true, 'localhost'],
    ['by address', trusted, '127.0.0.1', true, false],
    ['for the public name only', publicName, 'localhost', false, ''],
    ['for the public name only, by address', publicName, '127.0.0.1', false, ''],
    ['from nobody we know', stranger, 'localhost', false, '']
  ]
  for (const [title, certificate, name, isFine, asked] of table) {
    const up = await startTls(t, certificate)
    const gate = await startGate(t, [makeApp({ upstreams: [at({ origin: `https://${name}:${up.port}` })] })])
    const answer = await gate.ask(get())
    t.equal(parse(answer).status, isFine ? 200 : 502, title)
    if (!isFine) t.same(header(answer, 'factorgate-error'), ['app_unreachable'])
    const socket = await gate.connect()
    socket.send(handshake)
    const head = await socket.until('\r\n\r\n')
    t.equal(parse(head).status, isFine ? 101 : 502, `${title}, WebSocket`)
    t.equal(up.requests.length, isFine ? 2 : 0, 'not a byte where it does not fit')
    if (!isFine) continue
    t.same(up.names, [asked, asked], 'the name asked for is the upstream’s')
    for (const text of up.requests) t.match(text, new RegExp(`host: ${host}`, 'i'), 'and Host stays public')
  }
})

t.test('FIELD F11 an early answer is heard through TLS as well', async t => {
  const certificate = makeCertificate(t, 'DNS:localhost,IP:127.0.0.1')
  trust(t, [certificate.cert])
  const server = tls.createServer(certificate, socket => {
    socket.on('error', () => {})
    socket.once('data', () =>
      socket.write('HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nno!', () =>
        socket.destroy()
      )
    )
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise(resolve => server.close(resolve)))
  const { port } = server.address() as AddressInfo
  const app = makeApp({ upstreams: [at({ origin: `https://127.0.0.1:${port}` })], responseTimeoutMs: 60_000 })
  const gate = await startGate(t, [app])
  for (let i = 0; i < 10; i++) {
    const client = await gate.connect()
    client.send(get('/', ['Content-Length: 8000000'], 'POST'))
    client.send(Buffer.alloc(8_000_000))
    t.match(await client.rest(), /^HTTP\/1\.1 413 [\s\S]*no!$/)
  }
})

function makeCertificate(t: Test, names: string): { key: Buffer; cert: Buffer } {
  const directory = mkdtempSync(join(tmpdir(), 'upstream-tls-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const subject = ['-subj', '/CN=test', '-addext', `subjectAltName=${names}`]
  execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', key, '-out', cert, ...subject], { stdio: 'ignore' })
  return { key: readFileSync(key), cert: readFileSync(cert) }
}

/** Does for this process what NODE_EXTRA_CA_CERTS does at its start. */
function trust(t: Test, ca: Buffer[]): void {
  const { connect } = tls
  const trusting = (options: tls.ConnectionOptions) => connect({ ca, ...options })
  tls.connect = trusting as typeof tls.connect
  t.teardown(() => {
    tls.connect = connect
  })
}

async function startTls(t: Test, certificate: { key: Buffer; cert: Buffer }) {
  const requests: string[] = []
  const names: (string | false)[] = []
  const sockets: Socket[] = []
  const server = tls.createServer(certificate, socket => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.on('data', chunk => {
      const text = chunk.toString('latin1')
      requests.push(text)
      names.push((socket as tls.TLSSocket & { servername: string | false }).servername)
      const isUpgrade = /^upgrade: websocket/im.test(text)
      if (isUpgrade)
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>(resolve => server.listen(0, resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, requests, names }
}
