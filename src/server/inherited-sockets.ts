/** Sockets that systemd opens and passes to the process (sd_listen_fds(3)). */
import type { AddressInfo, Server } from 'node:net'

const names = ['https', 'http', 'admin'] as const
type Name = (typeof names)[number]

/** File descriptors of this process or, in a worker, of the primary. */
export type InheritedSockets = Readonly<Partial<Record<Name, number>>>

export class InheritedSocketError extends Error {
  override readonly name = 'InheritedSocketError'
}

const firstFd = 3

/** Empty without LISTEN_FDS, or if LISTEN_PID names another process. Throws InheritedSocketError. */
export function inheritedSockets(env: Readonly<Record<string, string | undefined>>, pid: number): InheritedSockets {
  const { LISTEN_FDS: count = '', LISTEN_PID: owner, LISTEN_FDNAMES: listed } = env
  if (count === '' || count === '0' || owner !== String(pid)) return {}
  if (!/^[1-9]$/.test(count)) throw new InheritedSocketError(`LISTEN_FDS must be a number from 1 to 3, got '${count}'`)
  const given = listed === undefined ? [] : listed.split(':')
  // By default systemd uses the unit's name.
  if (count === '1' && !names.some(name => name === given[0])) return { https: firstFd }
  const sockets: Partial<Record<Name, number>> = {}
  for (let i = 0; i < Number(count); i++) {
    const name = names.find(one => one === given[i])
    if (name === undefined)
      throw new InheritedSocketError(
        `systemd passes ${count} sockets, and one of them is called '${given[i] ?? ''}': write FileDescriptorName=https, http or admin into each socket unit`
      )
    if (sockets[name] !== undefined)
      throw new InheritedSocketError(
        `systemd passes two sockets called '${name}': keep one ListenStream= in that unit ([::]:443 with BindIPv6Only=both serves IPv4 too)`
      )
    sockets[name] = firstFd + i
  }
  return sockets
}

/** Throws InheritedSocketError for a socket that no listener of the configuration takes. */
export function checkTaken(
  sockets: InheritedSockets,
  { listen, admin }: { readonly listen: { readonly http: unknown }; readonly admin: unknown }
): void {
  const refuse = (name: Name, key: string) => {
    throw new InheritedSocketError(
      `systemd passes a socket called '${name}', but ${key}: take the socket unit away, or set the key`
    )
  }
  if (sockets.http !== undefined && listen.http === null) refuse('http', 'listen.http is not set')
  if (sockets.admin !== undefined && admin === false) refuse('admin', 'admin is false')
}

export function placeOf(
  host: string,
  port: number,
  fd: number | undefined
): { host: string; port: number } | { fd: number } {
  return fd === undefined ? { host, port } : { fd }
}

/** Rejects with Node's error (`EADDRINUSE`, `EACCES` …), or with InheritedSocketError. */
export function listenAt(server: Server, place: ReturnType<typeof placeOf>): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject('fd' in place ? unusable(place.fd, error) : error)
    server.once('error', fail)
    try {
      server.listen(place, () => {
        server.off('error', fail)
        const address = server.address()
        if (address !== null && typeof address === 'object') return resolve(address)
        server.close()
        fail(new Error('it has no port'))
      })
    } catch (error) {
      fail(error as NodeJS.ErrnoException)
    }
  })
}

function unusable(fd: number, { code }: NodeJS.ErrnoException): InheritedSocketError {
  return new InheritedSocketError(
    code === undefined
      ? `systemd passes descriptor ${fd}, which is a socket in the file system and has no port: write a port into ListenStream= of the socket unit`
      : `systemd passes descriptor ${fd}, and nobody can listen on it (${code}): the socket unit needs ListenStream= with a port, and Accept=no`
  )
}
