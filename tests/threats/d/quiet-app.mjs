/**
 * An app that holds sockets: it accepts every upgrade, echoes the bytes that come then, and sends nothing by itself. It is a separate
 * process, so that its sockets and memory are not the gate's.
 */
import http from 'node:http'

const server = http.createServer((_request, response) => response.end('ok'))
server.on('upgrade', (_request, socket) => {
  socket.on('error', () => {})
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
  socket.pipe(socket)
})
server.listen(0, '127.0.0.1', () => console.log(`serving ${server.address().port}`))
