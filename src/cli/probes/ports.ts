/** Whether the ports of a configuration are free: tried by listening there for a moment. */
import { createServer } from 'node:net'

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
