/**
 * Connections on which a person authenticates. The app treats every request on one as that person's (against RFC 9110 §3.3), so each belongs to one visitor,
 * client connection and app.
 */
import type { Socket } from 'node:net'
import type { Requester, Tie, UpstreamConnection } from './connection.ts'

export class PersonalTie implements Tie {
  readonly #socket: Socket | null
  readonly #key: string | null

  constructor(requester: Requester | null) {
    this.#socket = requester?.req.socket ?? null
    this.#key = requester === null ? null : keyOf(requester)
  }

  keep(connection: UpstreamConnection): boolean {
    if (this.#key === null || this.#socket === null || this.#socket.destroyed) return false
    const { connections } = ties.get(this.#socket) ?? begin(this.#socket)
    if (connections.has(this.#key)) return false
    connections.set(this.#key, connection)
    return true
  }

  release(connection: UpstreamConnection): void {
    if (this.#key === null || this.#socket === null) return
    const connections = ties.get(this.#socket)?.connections
    if (connections?.get(this.#key) === connection) connections.delete(this.#key)
  }
}

interface Ties {
  readonly connections: Map<string, UpstreamConnection>
  /** The last request that the app answered with a demand for such authentication. */
  refused: string | null
}

const ties = new WeakMap<Socket, Ties>()

export function takeTied(requester: Requester): UpstreamConnection | null {
  const connections = ties.get(requester.req.socket)?.connections
  if (connections === undefined || connections.size === 0) return null
  const key = keyOf(requester)
  const connection = key === null ? undefined : connections.get(key)
  if (key === null || connection === undefined) return null
  connections.delete(key)
  return connection
}

/** `asksToTie`: a 401 that demands such authentication. */
export function noteResponse(requester: Requester, asksToTie: boolean): void {
  const known = ties.get(requester.req.socket)
  if (known !== undefined) known.refused = null
  const key = asksToTie ? keyOf(requester) : null
  if (key !== null) (known ?? begin(requester.req.socket)).refused = requestOf(key, requester)
}

export function wasRefused(requester: Requester): boolean {
  const key = keyOf(requester)
  return key !== null && ties.get(requester.req.socket)?.refused === requestOf(key, requester)
}

function begin(socket: Socket): Ties {
  const begun: Ties = { connections: new Map(), refused: null }
  ties.set(socket, begun)
  socket.once('close', () => {
    for (const connection of [...begun.connections.values()]) connection.destroy()
  })
  return begun
}

function keyOf({ visitor, app }: Requester): string | null {
  return visitor === null ? null : `${app.id} ${visitor}`
}

function requestOf(key: string, { req, path, query }: Requester): string {
  return `${key} ${req.method} ${path}${query}`
}
