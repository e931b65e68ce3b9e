/**
 * PROXY protocol headers: each connection of a listed TCP balancer begins with one (FIELD F19). Others reach the server unread, so a stranger's header is an
 * unreadable request (THREATS H28).
 */
import type { Server, Socket } from 'node:net'
import { setPeer } from '../platform/peer-address.ts'
import { parseNetworks } from '../request/networks.ts'
import { readProxyHeader, type Source } from '../request/proxy-protocol.ts'
import { beforeConnections, readFirstBytes } from './first-bytes.ts'

export interface ProxyProtocol {
  readonly from: readonly string[]
  /** Gets a sentence about closed connections, at most once a minute. */
  readonly warn: (sentence: string) => void
  /** A balancer sends the header at once. Default: 5 s. */
  readonly headerMs?: number
}

const headerMs = 5_000
const warnMs = 60_000
/** The address of a closed socket, which is in no network (src/request/client.ts). */
const unknownAddress = 'unknown'

export function readProxyHeaders(server: Server, { from, warn, headerMs: withinMs = headerMs }: ProxyProtocol): void {
  const balancers = parseNetworks(from)
  const refused = refusals(warn)
  beforeConnections(server, (socket, accept) => {
    const balancer = socket.remoteAddress ?? ''
    if (!balancers.contains(balancer)) return accept()
    readFirstBytes(socket, {
      withinMs,
      judge: bytes => {
        const header = readProxyHeader(bytes)
        if (header.kind === 'more') return null
        if (header.kind === 'header') return takes(socket, header.source) ? header.length : null
        refused(balancer, `the PROXY protocol header ${header.why}`)
        socket.destroy()
        return null
      },
      done: accept,
      // A connection without a byte is a balancer's own check.
      onTimeout: received => {
        if (received > 0) refused(balancer, `the PROXY protocol header was not whole after ${withinMs / 1000} s`)
      }
    })
  })
}

/** False if the connection has ended meanwhile. */
function takes(socket: Socket, source: Source): boolean {
  if (source === 'balancer') return true
  try {
    if (source === 'unknown') setPeer(socket, unknownAddress, 0)
    else setPeer(socket, source.address, source.port)
    return true
  } catch {
    socket.destroy()
    return false
  }
}

function refusals(warn: (sentence: string) => void): (balancer: string, why: string) => void {
  let saidAt = Number.NEGATIVE_INFINITY
  let unsaid = 0
  return (balancer, why) => {
    const now = performance.now()
    if (now - saidAt < warnMs) {
      unsaid++
      return
    }
    const others = unsaid === 0 ? '' : ` ${unsaid} more were closed since the last such line.`
    warn(
      `a connection from ${balancer} was closed: ${why}. This address is in listen.proxyProtocol.from, so each of its connections must begin with that header: switch it on in the balancer (HAProxy: send-proxy-v2), or take the address out of the list.${others}`
    )
    saidAt = now
    unsaid = 0
  }
}
