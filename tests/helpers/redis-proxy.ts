/** Something between the gateway and a Redis that can do what networks and sick servers do. Owns its sockets. */

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Teardown } from './redis-server.ts'

export type ProxyMode =
  | { kind: 'relay' }
  /** Takes everything and answers nothing, like a half-open connection. */
  | { kind: 'silence' }
  /** Answers after so long. */
  | { kind: 'delay'; ms: number }
  /** Answers each command with these bytes, and asks no server. */
  | { kind: 'answer'; bytes: string }

export interface RedisProxy {
  readonly url: string
  mode: ProxyMode
  /** Where new connections lead. */
  targetPort: number
  /** Breaks every connection there is. */
  cut(): void
}

export async function startRedisProxy(t: Teardown, targetPort: number): Promise<RedisProxy> {
  const sockets = new Set<Socket>()
  const timers = new Set<NodeJS.Timeout>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  }
  const server = createServer(client => {
    const target = connect(proxy.targetPort, '127.0.0.1')
    keep(client)
    keep(target)
    client.on('close', () => target.destroy())
    target.on('close', () => client.destroy())
    client.on('data', data => {
      const { mode } = proxy
      if (mode.kind === 'relay' || mode.kind === 'delay') target.write(data)
      if (mode.kind === 'answer')
        client.write(mode.bytes.repeat(data.toString('latin1').match(/\*\d+\r\n\$/g)?.length ?? 0))
    })
    target.on('data', data => {
      const { mode } = proxy
      if (mode.kind === 'relay') client.write(data)
      if (mode.kind === 'delay') timers.add(setTimeout(() => client.write(data), mode.ms))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const proxy: RedisProxy = {
    url: `redis://127.0.0.1:${port}`,
    mode: { kind: 'relay' },
    targetPort,
    cut() {
      for (const socket of sockets) socket.destroy()
    }
  }
  t.teardown(() => {
    for (const timer of timers) clearTimeout(timer)
    proxy.cut()
    server.close()
  })
  return proxy
}
