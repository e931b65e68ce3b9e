/** Whether a configuration's ports are free, by a short listening, and where they answer. */
import { createServer } from 'node:net'

/** The address to ask a program of this machine that listens at `host`. */
export function askedHost(host: string): string {
  return host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
}

/** True if a program of this machine listens there. */
export async function isPortTaken(host: string, port: number): Promise<boolean> {
  return (await tryListen(host, port)) === 'EADDRINUSE'
}

/** Null if it is free, else the error's code. */
export function tryListen(host: string, port: number): Promise<string | null> {
  return new Promise(resolve => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(null)))
  })
}
