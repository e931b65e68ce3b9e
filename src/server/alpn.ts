/** Which protocol a TLS connection speaks, HTTP/2 or HTTP/1.1 (RFC 7301). */
import type http from 'node:http'
import type https from 'node:https'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { parseNetworks } from '../request/networks.ts'
import type { Http2Sessions } from './http2-sessions.ts'

/** Offers HTTP/2 to all, to nobody, or to all but the proxies whose addresses the function knows. */
export type Http2Offer = boolean | ((address: string) => boolean)

/** One HTTP/2 connection of a proxy would put many people under one client's limits (FIELD F23). A proxy that asks for HTTP/2 alone gets it. */
export function protocolsFor(offer: Http2Offer): Pick<https.ServerOptions, 'ALPNProtocols' | 'ALPNCallback'> {
  if (offer === true) return { ALPNProtocols: ['h2', 'http/1.1'] }
  if (offer === false) return { ALPNProtocols: ['http/1.1'] }
  return {
    // Node calls it as a method of the connection, which is undocumented.
    ALPNCallback(this: Partial<TLSSocket> | undefined, { protocols }: { protocols: string[] }) {
      const first = offer(this?.remoteAddress ?? '') ? 'http/1.1' : 'h2'
      return [first, 'h2', 'http/1.1'].find(one => protocols.includes(one))
    }
  }
}

/** A reload may replace the list, so each handshake asks for it. */
export function knownAddresses(list: () => readonly string[]): (address: string) => boolean {
  let read = list()
  let networks = parseNetworks(read)
  return address => {
    const now = list()
    if (now !== read) {
      read = now
      networks = parseNetworks(now)
    }
    return networks.contains(address)
  }
}

/** HTTP/1.1 keeps the listeners of its server. */
export function takeHttp2(server: http.Server | https.Server, sessions: Http2Sessions): Http2Sessions {
  const listeners = server.listeners('secureConnection') as ((socket: Socket) => void)[]
  server.removeAllListeners('secureConnection')
  server.on('secureConnection', (socket: TLSSocket) => {
    if (isHttp2(socket)) return sessions.take(socket)
    for (const one of listeners) one.call(server, socket)
  })
  return sessions
}

export function isHttp2(socket: Socket): boolean {
  return (socket as Partial<TLSSocket>).alpnProtocol === 'h2'
}
