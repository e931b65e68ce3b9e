/** Looks at the first bytes of a connection before a server gets it. */
import type { Server, Socket } from 'node:net'

type Accept = () => void

/** The step calls `accept`, or keeps the connection. */
export function beforeConnections(server: Server, step: (socket: Socket, accept: Accept) => void): void {
  const accepts = server.listeners('connection') as ((socket: Socket) => void)[]
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) =>
    step(socket, () => {
      for (const one of accepts) one.call(server, socket)
    })
  )
}

interface FirstBytes {
  readonly withinMs: number
  /** It gets all bytes so far, and returns how many of them are taken away, or null for more. It may destroy the socket. */
  readonly judge: (bytes: Buffer) => number | null
  /** The rest is put back for the next reader. */
  readonly done: () => void
  readonly onTimeout?: (received: number) => void
}

/** A connection that ends, fails or is too slow is cut (THREATS D4). */
export function readFirstBytes(socket: Socket, { withinMs, judge, done, onTimeout }: FirstBytes): void {
  let bytes: Buffer = Buffer.alloc(0)
  const cut = () => socket.destroy()
  const timer = setTimeout(() => {
    onTimeout?.(bytes.length)
    cut()
  }, withinMs)
  const end = () => {
    clearTimeout(timer)
    socket.off('readable', look).off('error', cut).off('end', cut).off('close', end)
  }
  const look = () => {
    const parts = [bytes]
    for (let part = socket.read() as Buffer | null; part !== null; part = socket.read() as Buffer | null)
      parts.push(part)
    bytes = Buffer.concat(parts)
    if (bytes.length === 0) return
    const taken = judge(bytes)
    if (taken === null || socket.destroyed) return
    end()
    if (taken < bytes.length) socket.unshift(bytes.subarray(taken))
    done()
  }
  socket.on('readable', look).on('error', cut).on('end', cut).on('close', end)
}
