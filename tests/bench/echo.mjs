/**
 * A WebSocket server that sends every frame back, and answers plain requests with 100 bytes. It does as little work as possible, so a mask
 * of zeros is not applied.
 */
import { createHash } from 'node:crypto'
import http from 'node:http'

const longestHead = 14

function echo(socket) {
  const head = Buffer.alloc(longestHead)
  const mask = Buffer.alloc(4)
  let have = 0
  let left = 0
  let at = 0
  let isMasked = false
  socket.on('data', bytes => {
    const out = Buffer.allocUnsafe(bytes.length + longestHead)
    let to = 0
    let from = 0
    while (from < bytes.length) {
      if (left > 0) {
        const size = Math.min(left, bytes.length - from)
        if (isMasked) for (let i = 0; i < size; i++) out[to + i] = bytes[from + i] ^ mask[at++ & 3]
        else bytes.copy(out, to, from, from + size)
        to += size
        from += size
        left -= size
        continue
      }
      head[have++] = bytes[from++]
      if (have < 2) continue
      const short = head[1] & 127
      const extra = short === 126 ? 2 : short === 127 ? 8 : 0
      if (have < 6 + extra) continue
      left = extra === 0 ? short : extra === 2 ? head.readUInt16BE(2) : Number(head.readBigUInt64BE(2))
      head.copy(mask, 0, 2 + extra, 6 + extra)
      isMasked = mask.readUInt32BE(0) !== 0
      head[1] = short
      to += head.copy(out, to, 0, 2 + extra)
      have = 0
      at = 0
    }
    socket.write(out.subarray(0, to))
  })
  socket.on('error', () => {})
  socket.on('end', () => socket.end())
}

const server = http.createServer((_request, response) => response.end('x'.repeat(100)))
server.on('upgrade', (request, socket) => {
  const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
  const accept = createHash('sha1').update(key).digest('base64')
  socket.setNoDelay(true)
  echo(socket)
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
  )
})
server.listen(0, '127.0.0.1', 4096, () => console.log(`serving http://127.0.0.1:${server.address().port}`))
