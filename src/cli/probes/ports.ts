/** The ports of a configuration: whether they are free, which is tried by listening there for a moment, and where they answer. */
import { createServer } from 'node:net'

/** Where a program of this machine is asked that listens at `host`. */
export function askedHost(host: string): string {
  return host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
}

/** True if a program of this machine listens there. */
export async function isPortTaken(host: string, port: number): Promise<boolean> {
  return (await tryListen(host, port)) === 'EADDRINUSE'
}

/** Null where it is free, else the code of the error. */
export function tryListen(host: string, port: number): Promise<string | null> {
  return new Promise(resolve => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(null)))
  })
}
