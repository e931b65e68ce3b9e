/** A plain node:http server with raw clients, for the tests of src/platform. */
import http from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Test } from 'tap'
import { RawClient } from '../fixtures/pipeline/forwarding.ts'

interface Served {
  readonly server: http.Server
  /** The sockets of the server, in order of connection. */
  readonly sockets: Socket[]
  connect(): Promise<RawClient>
}

/** Serves on loopback until the test ends. */
export async function serve(
  t: Test,
  onRequest: http.RequestListener,
  options: http.ServerOptions = {}
): Promise<Served> {
  const server = http.createServer(options, onRequest)
  const sockets: Socket[] = []
  const clients: RawClient[] = []
  server.on('connection', socket => sockets.push(socket.on('error', () => {})))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(async () => {
    for (const client of clients) client.socket.destroy()
    for (const socket of sockets) socket.destroy()
    await new Promise(resolve => server.close(resolve))
  })
  return {
    server,
    sockets,
    async connect() {
      const client = await RawClient.open((server.address() as AddressInfo).port)
      clients.push(client)
      return client
    }
  }
}
