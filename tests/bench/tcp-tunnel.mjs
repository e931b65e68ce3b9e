/** The simplest tunnel in Node: two sockets and two pipes. `tcp-tunnel.mjs HOST PORT` */
import net from 'node:net'

const [host, port] = process.argv.slice(2)
const server = net.createServer({ noDelay: true }, client => {
  const app = net.connect({ host, port: Number(port), noDelay: true })
  client.pipe(app).pipe(client)
  for (const socket of [client, app])
    socket
      .on('error', () => {})
      .on('close', () => {
        client.destroy()
        app.destroy()
      })
})
server.listen(0, '127.0.0.1', () => console.log(`serving http://127.0.0.1:${server.address().port}`))
