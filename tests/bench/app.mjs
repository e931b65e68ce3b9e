/**
 * An app with everything a person may have open: 100 bytes for any path, endless events (`/events`), a slow download (`/drip`), any number
 * of bytes (`/source?bytes=N`), and WebSockets that stay open. It is a separate process, so that its memory and time are not the gate's.
 */
import { createHash } from 'node:crypto'
import http from 'node:http'

const small = Buffer.alloc(100, 'x')
const piece = Buffer.alloc(64 * 1024, 'y')
const event = `data: ${'x'.repeat(58)}\n\n`
const trickleMs = 50

function source(response, bytes) {
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes })
  let left = bytes
  const more = () => {
    while (left > 0) {
      const part = left >= piece.length ? piece : piece.subarray(0, left)
      left -= part.length
      if (!response.write(part)) return void response.once('drain', more)
    }
    response.end()
  }
  more()
}

function trickle(response, headers, part) {
  response.writeHead(200, headers)
  response.write(part)
  const timer = setInterval(() => response.write(part), trickleMs)
  response.on('close', () => clearInterval(timer))
}

const server = http.createServer((request, response) => {
  const url = new URL(request.url, 'http://app')
  if (url.pathname === '/source') source(response, Number(url.searchParams.get('bytes')))
  else if (url.pathname === '/events') trickle(response, { 'content-type': 'text/event-stream' }, event)
  else if (url.pathname === '/drip') trickle(response, { 'content-length': 1e9 }, piece.subarray(0, 1024))
  else response.end(small)
})
server.on('upgrade', (request, socket) => {
  const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
  const accept = createHash('sha1').update(key).digest('base64')
  socket.on('error', () => {})
  socket.resume()
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
  )
})
server.requestTimeout = 0
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', 4096, () => console.log(`serving http://127.0.0.1:${server.address().port}`))
