/** Gives a connection the peer that its balancer states. */
import { isIPv6, type Socket } from 'node:net'

interface Peer {
  address: string
  family: string
  port: number
}
type Inside = { _handle: { getpeername(out: Partial<Peer>): number } | null; _peername?: Peer }

/** Throws if this version of Node does not take the address. */
export function setPeer(socket: Socket, address: string, port: number): void {
  const stated: Peer = { address, family: isIPv6(address) ? 'IPv6' : 'IPv4', port }
  const inside = socket as unknown as Inside
  // A TLS socket asks the handle of the socket below it. Sockets cache the answer.
  if (inside._handle !== null)
    inside._handle.getpeername = out => {
      Object.assign(out, stated)
      return 0
    }
  inside._peername = stated
  if (socket.remoteAddress !== address || inside._handle === null)
    throw new Error('the address of the peer did not change')
}
