/**
 * An app that holds sockets: agrees to whatever asks for an upgrade, gives back the bytes that come then, and says nothing by itself. In a
 * process of its own, so that its sockets and its memory are not the gate's. Knows nothing of WebSocket frames.
 */
import http from 'node:http'

const server = http.createServer((_request, response) => response.end('ok'))
server.on('upgrade', (_request, socket) => {
  socket.on('error', () => {})
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
  socket.pipe(socket)
})
server.listen(0, '127.0.0.1', () => console.log(`serving ${server.address().port}`))
