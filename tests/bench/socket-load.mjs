/**
 * WebSocket echoes: `socket-load.mjs {port, host, cookie, count, bytes, depth, seconds}` opens `count` WebSockets, keeps `depth` messages
 * of that size pending on each, and counts the echoes. With `seconds` null the sockets are idle until it ends.
 */
import { randomBytes } from 'node:crypto'
import net from 'node:net'

const { port, host, cookie, count, bytes = 0, depth = 0, seconds } = JSON.parse(process.argv[2])
const openingAtOnce = 50
const handshake = `GET /socket HTTP/1.1\r\nHost: ${host}\r\nOrigin: http://${host}\r\nCookie: ${cookie}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`

/** A frame's first bytes: final, binary, its length; masked as a client's must be, with a mask of nought (see echo.mjs). */
function frameHead(isMasked) {
  const flag = isMasked ? 128 : 0
  const length =
    bytes < 126
      ? Buffer.from([flag | bytes])
      : bytes < 65_536
        ? Buffer.from([flag | 126, bytes >> 8, bytes & 255])
        : Buffer.concat([Buffer.from([flag | 127]), bigEndian(bytes)])
  return Buffer.concat([Buffer.from([0x82]), length, Buffer.alloc(isMasked ? 4 : 0)])
}

function bigEndian(value) {
  const buffer = Buffer.alloc(8)
  buffer.writeBigUInt64BE(BigInt(value))
  return buffer
}

const frame = Buffer.concat([frameHead(true), randomBytes(bytes)])
const frames = Buffer.concat(Array.from({ length: depth }, () => frame))
const answerSize = frameHead(false).length + bytes
let messages = 0

/** Resolves to an open WebSocket. */
function open() {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
    let head = ''
    const hear = part => {
      head += part.toString('latin1')
      if (!head.includes('\r\n\r\n')) return
      if (!head.startsWith('HTTP/1.1 101')) return reject(new Error(head.slice(0, 300)))
      socket.off('data', hear)
      resolve(socket)
    }
    socket.on('data', hear)
    socket.on('error', reject)
    socket.on('close', () => {
      console.error('a WebSocket was closed')
      process.exit(1)
    })
    socket.write(handshake)
  })
}

function keepBusy(socket) {
  let partial = 0
  socket.on('data', part => {
    partial += part.length
    const back = Math.floor(partial / answerSize)
    if (back === 0) return
    partial -= back * answerSize
    messages += back
    socket.write(frames.subarray(0, back * frame.length))
  })
  socket.write(frames)
}

const sockets = []
while (sockets.length < count)
  sockets.push(...(await Promise.all(Array.from({ length: Math.min(openingAtOnce, count - sockets.length) }, open))))
if (seconds === null) {
  for (const socket of sockets) socket.resume()
  console.log(`serving ${count}`)
} else {
  for (const socket of sockets) keepBusy(socket)
  // What starting costs does not count.
  await new Promise(resolve => setTimeout(resolve, 300))
  const [before, from] = [messages, performance.now()]
  await new Promise(resolve => setTimeout(resolve, seconds * 1000))
  const perSecond = ((messages - before) * 1000) / (performance.now() - from)
  process.stdout.write(JSON.stringify({ perSecond }), () => process.exit(0))
}
