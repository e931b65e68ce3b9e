/** Connects to a server that takes lines: TCP, or TLS with the destination's files. */
import net from 'node:net'
import tls from 'node:tls'
import type { TlsOptions } from './tls-files.ts'

interface ConnectOptions {
  readonly host: string
  readonly port: number
  /** Null for TCP in the clear. */
  readonly trust: TlsOptions | null
  /** True if the server's end leaves the gate's side open. */
  readonly allowHalfOpen?: boolean
}

/** `opened`: the event for a connection. The caller must listen for `error` at once. */
export function connectTo({ host, port, trust, allowHalfOpen = false }: ConnectOptions): {
  readonly socket: net.Socket
  readonly opened: 'connect' | 'secureConnect'
} {
  const options = { host, port, allowHalfOpen }
  if (trust === null) return { socket: net.connect(options), opened: 'connect' }
  const servername = net.isIP(host) === 0 ? { servername: host } : {}
  return {
    socket: tls.connect({ ...options, ...trust, minVersion: 'TLSv1.2', ...servername }),
    opened: 'secureConnect'
  }
}
