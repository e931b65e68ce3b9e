import net, { type AddressInfo, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { keepAfterFailedWrite } from '../../src/platform/failed-write.ts'
import { closeInStages, isLeaving, softenClose } from '../../src/platform/staged-close.ts'
import { serve } from './raw-server.ts'

/**
 * A socket on which a write has failed, after the peer sent `answer` and reset the connection. It has read nothing yet, and
 * reads as sockets to apps do.
 */
async function afterFailedWrite(
  t: Test,
  prepare: (socket: Socket) => void
): Promise<{ socket: Socket; read: Promise<string> }> {
  const server = net.createServer(socket => {
    socket.on('error', () => {})
    socket.once('data', () => socket.write('answer', () => socket.resetAndDestroy()))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  let heard: (text: string) => void = () => {}
  const read = new Promise<string>(resolve => {
    heard = resolve
  })
  const callback = (length: number, buffer: Uint8Array) => {
    heard(Buffer.from(buffer.subarray(0, length)).toString())
    return true
  }
  const { port } = server.address() as AddressInfo
  const socket = net.connect({ port, host: '127.0.0.1', onread: { buffer: Buffer.alloc(64), callback } })
  t.teardown(() => {
    socket.destroy()
    server.close()
  })
  socket.pause()
  prepare(socket)
  await new Promise<void>(resolve => {
    socket.once('error', () => resolve())
    const goOn = () => {
      if (socket.errored === null && !socket.destroyed) socket.write('more', () => setImmediate(goOn))
    }
    socket.once('connect', goOn)
  })
  socket.on('error', () => {})
  return { socket, read }
}

t.test('after a failed write Node destroys a socket, and the gate keeps it and reads what has come', async t => {
  const usual = await afterFailedWrite(t, () => {})
  t.equal(usual.socket.destroyed, true)
  const kept = await afterFailedWrite(t, keepAfterFailedWrite)
  t.equal(kept.socket.destroyed, false)
  kept.socket.resume()
  t.equal(await kept.read, 'answer')
})

const upload = 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n'

t.test('FIELD F5: a client that is still sending hears the answer, and then the end of the connection', async t => {
  let requests = 0
  const { sockets, connect } = await serve(t, (request, response) => {
    requests++
    closeInStages(request.socket)
    response.writeHead(413, { 'Content-Length': 2, Connection: 'close' }).end('no')
  })
  const client = await connect()
  client.send(upload)
  const half = Buffer.alloc(500_000, 'a')
  client.send(half)
  t.match(await client.until('\r\n\r\nno'), /^HTTP\/1\.1 413 /)
  t.equal(sockets[0]!.destroyed, false, 'the connection waits for the client')
  client.send(half)
  // This is no request, because it follows the last response.
  client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  client.socket.end()
  t.equal(await client.rest(), '')
  t.equal(client.error, null, 'no reset')
  t.equal(requests, 1)
})

t.test('a request that has come whole does not hold the connection open', async t => {
  const { sockets, connect } = await serve(t, (request, response) => {
    softenClose(request.socket)
    response.writeHead(200, { 'Content-Length': 2, Connection: 'close' }).end('ok')
  })
  const client = await connect()
  client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  t.match(await client.until('ok'), /^HTTP\/1\.1 200 /)
  const socket = sockets[0]!
  if (!socket.destroyed) await new Promise(resolve => socket.once('close', resolve))
  t.equal(isLeaving(socket), false, 'it did not wait for the client')
})
