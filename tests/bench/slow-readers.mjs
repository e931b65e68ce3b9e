/**
 * People with slow connections: `slow-readers.mjs {port, path, host, cookie, count, bytesPerSecond}` downloads so many times in parallel,
 * each at half to one and a half times that rate.
 */
import net from 'node:net'

const { port, path, host, cookie, count, bytesPerSecond } = JSON.parse(process.argv[2])
const portion = 16 * 1024
const buffer = Buffer.alloc(portion)
let begun = 0

for (let i = 0; i < count; i++) {
  const rate = bytesPerSecond * (0.5 + (i + 0.5) / count)
  let isBegun = false
  const socket = net.connect({
    port,
    host: '127.0.0.1',
    onread: {
      buffer,
      callback(bytes, read) {
        if (!isBegun) {
          isBegun = true
          if (!read.toString('latin1', 0, 12).endsWith(' 200')) throw new Error(read.toString('latin1', 0, 200))
          if (++begun === count) console.log(`serving ${count}`)
        }
        setTimeout(() => socket.resume(), (bytes * 1000) / rate)
        return false
      }
    }
  })
  socket.on('error', () => {})
  socket.on('close', () => process.exit(1))
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\n\r\n`)
}
