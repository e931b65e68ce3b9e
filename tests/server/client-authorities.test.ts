/** The files of authorities for client certificates become unusable while the gate runs: new certificates and new handshakes go on with what was read. */
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import tls from 'node:tls'
import t from 'tap'
import type { CertificateSource, Pair } from '../../src/server/issued-contexts.ts'
import { Listener } from '../../src/server/listener.ts'
import { Pki } from '../fixtures/process/pki.ts'

const pki = new Pki(t.testdir({}))
pki.root('root')
for (const name of ['first', 'second', 'third'])
  pki.leaf(name, { by: 'root', san: 'DNS:one.example', eku: 'serverAuth' })
pki.leaf('card', { by: 'root', san: 'email:ada@lab.example' })
const pairOf = (name: string): Pair => ({ cert: pki.read(`${name}.pem`), key: pki.read(`${name}.key`) })
const good = pki.read('root.pem')

t.test('a certificate is renewed, and the file of authorities cannot be read', async t => {
  let pair = pairOf('first')
  let tell = () => {}
  const source: CertificateSource = {
    pairFor: name => (name === 'one.example' ? pair : null),
    lacks: () => false,
    get main() {
      return pair
    },
    onChange: listener => {
      tell = listener
    }
  }
  const seen: boolean[] = []
  const pipeline = {
    request: ({ socket }: { socket: tls.TLSSocket }, response: { end(text: string): void }) => {
      seen.push(socket.authorized)
      response.end('yes')
    },
    upgrade: () => {}
  }
  const settings = { source, challenges: null, clientAuthorities: [pki.file('root.pem')] }
  const listener = new Listener(pipeline as never, { maxHeaderSize: 8192, tls: settings })
  const { port } = await listener.listen('127.0.0.1', 0)
  t.teardown(() => listener.close(0))
  /** The fingerprint of what the gate shows; the gate has seen a card that it trusts. */
  const visit = async (servername: string) => {
    const card = { cert: pki.read('card.pem'), key: pki.read('card.key') }
    const socket = tls.connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false, ...card })
    await once(socket, 'secureConnect')
    const { fingerprint256 } = socket.getPeerCertificate()
    socket.write('GET / HTTP/1.1\r\nHost: one.example\r\nConnection: close\r\n\r\n')
    await once(socket.resume(), 'close')
    t.equal(seen.pop(), true, 'the card counts')
    return fingerprint256
  }
  const shown = await visit('one.example')
  const renew = (name: string) => {
    pair = pairOf(name)
    tell()
  }
  rmSync(pki.file('root.pem'))
  t.throws(() => listener.reloadTls(settings), /root\.pem/, 'a reload names the file')
  renew('second')
  for (const servername of ['one.example', 'other.example']) t.not(await visit(servername), shown, servername)
  writeFileSync(pki.file('root.pem'), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
  t.throws(() => listener.reloadTls(settings), /root\.pem holds no certificate that can be read/)
  const second = await visit('one.example')
  renew('third')
  for (const servername of ['one.example', 'other.example']) t.not(await visit(servername), second, servername)
  writeFileSync(pki.file('root.pem'), good)
  listener.reloadTls(settings)
  await visit('one.example')
})
