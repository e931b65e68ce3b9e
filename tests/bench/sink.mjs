/** An app that reads and discards an upload as fast as Node can: raw TCP, one head, one body, its length as the answer. */
import net from 'node:net'

const server = net.createServer(socket => {
  let head = ''
  let left = -1
  let length = 0
  socket.on('error', () => {})
  socket.on('data', part => {
    if (left < 0) {
      head += part.toString('latin1')
      const end = head.indexOf('\r\n\r\n')
      if (end < 0) return
      length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
      left = length - (head.length - end - 4)
    } else left -= part.length
    if (left > 0) return
    const text = String(length)
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`)
    head = ''
    left = -1
  })
})
server.listen(0, '127.0.0.1', () => console.log(`serving http://127.0.0.1:${server.address().port}`))
