/** The stated peer of a connection: the socket and the TLS socket upon it give it, before and after somebody has asked. */
import { once } from 'node:events'
import net, { type Socket } from 'node:net'
import path from 'node:path'
import tls, { type TLSSocket } from 'node:tls'
import t from 'tap'
import { setPeer } from '../../src/platform/peer-address.ts'
import { Pki } from '../fixtures/process/pki.ts'

const peerOf = ({ remoteAddress, remotePort, remoteFamily }: Socket) => [remoteAddress, remotePort, remoteFamily]

t.test('a socket and the TLS socket upon it have the stated peer', async t => {
  const pki = new Pki(path.join(t.testdir({}), 'pki'))
  pki.root('site')
  const secure = tls.createServer({ cert: pki.read('site.pem'), key: pki.read('site.key') })
  const seen: unknown[] = []
  const server = net.createServer(socket => {
    seen.push(socket.remoteAddress)
    setPeer(socket, '2001:db8::7', 4660)
    seen.push(peerOf(socket))
    secure.emit('connection', socket)
  })
  secure.on('secureConnection', (socket: TLSSocket) => {
    seen.push(peerOf(socket))
    socket.end()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as net.AddressInfo
  const client = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  client.resume()
  await once(client, 'close')
  t.strictSame(seen, ['127.0.0.1', ['2001:db8::7', 4660, 'IPv6'], ['2001:db8::7', 4660, 'IPv6']])
})

t.test('a connection that has ended takes no peer', async t => {
  t.throws(() => setPeer(new net.Socket(), '192.0.2.7', 1), /did not change/)
})
