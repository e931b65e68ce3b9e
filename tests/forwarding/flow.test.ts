import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import t from 'tap'
import { startApp } from '../fixtures/in-process/upstream.ts'
import { at, get, makeApp, startGate } from '../fixtures/pipeline/forwarding.ts'

const size = 200_000_000
const piece = Buffer.alloc(64 * 1024, 'factorgate ')
/** Bytes that the buffers of the kernel and the gate may hold between four sockets. */
const mayBeUnderWay = 40_000_000
const mayGrow = 120_000_000

t.test('D8 D9: a slow reader of a large download slows the app down, and memory stays flat', async t => {
  let produced = 0
  const app = await startApp(t, (_request, response) => {
    response.writeHead(200, { 'content-length': size })
    const more = () => {
      while (produced < size) {
        const chunk = piece.subarray(0, Math.min(piece.length, size - produced))
        produced += chunk.length
        if (!response.write(chunk)) return
      }
      response.off('drain', more)
      response.end()
    }
    response.on('drain', more)
    more()
  })
  const gate = await startGate(t, [makeApp({ upstreams: [at(app)] })])
  const client = await gate.connect()
  const { socket } = client
  const before = process.memoryUsage.rss()
  const end = gate.nextEnd()
  client.send(get())
  await client.until('\r\n\r\n')
  let received = client.take(client.received.length).length
  const digest = createHash('sha256')
  socket.pause()
  await standstill(() => produced)
  t.ok(produced < mayBeUnderWay, `the app has written ${produced} bytes that nobody reads`)
  socket.removeAllListeners('data')
  let peak = 0
  socket.on('data', chunk => {
    received += chunk.length
    digest.update(chunk)
    peak = Math.max(peak, process.memoryUsage.rss() - before)
  })
  await closed(socket)
  t.equal(received, size)
  t.ok(peak < mayGrow, `memory grew by ${peak} bytes`)
  t.match((await end).summary, { bytesOut: size, outcome: 'complete' })
})

t.test('an app that reads slowly slows a large upload down, by length and in chunks', async t => {
  for (const framing of [`Content-Length: ${size}`, 'Transfer-Encoding: chunked']) {
    let read = 0
    let begin: () => void = () => {}
    const app = await startApp(t, (request, response) => {
      begin = () => {
        request.on('data', chunk => {
          read += chunk.length
        })
        request.on('end', () => response.end(String(read)))
      }
    })
    const gate = await startGate(t, [makeApp({ upstreams: [at(app)] })])
    const client = await gate.connect()
    const before = process.memoryUsage.rss()
    const end = gate.nextEnd()
    client.send(get('/', [framing], 'PUT'))
    const isChunked = framing.startsWith('Transfer')
    let sent = 0
    let peak = 0
    const upload = (async () => {
      while (sent < size) {
        const chunk = piece.subarray(0, Math.min(piece.length, size - sent))
        sent += chunk.length
        if (isChunked) client.socket.write(`${chunk.length.toString(16)}\r\n`)
        const goesOn = client.socket.write(chunk)
        if (isChunked) client.socket.write('\r\n')
        peak = Math.max(peak, process.memoryUsage.rss() - before)
        if (!goesOn) await new Promise(resolve => client.socket.once('drain', resolve))
      }
      if (isChunked) client.socket.write('0\r\n\r\n')
    })()
    await standstill(() => sent)
    t.ok(sent < mayBeUnderWay, `the client could send ${sent} bytes that nobody reads`)
    begin()
    await upload
    t.match(await client.rest(), new RegExp(`${size}`), framing)
    t.ok(peak < mayGrow, `memory grew by ${peak} bytes`)
    t.match((await end).summary, { bytesIn: size, outcome: 'complete' })
  }
})

/** Resolves once `value` has not changed for a while, because no event says that it has stopped. */
async function standstill(value: () => number): Promise<void> {
  for (let last = -1; last !== value(); ) {
    last = value()
    await new Promise(resolve => setTimeout(resolve, 150))
  }
}

function closed(socket: Socket): Promise<void> {
  return new Promise(resolve => {
    if (socket.destroyed) resolve()
    else {
      socket.once('close', () => resolve())
      socket.resume()
    }
  })
}
