/**
 * Connections to apps on which somebody has signed in, or is about to (connection-schemes.ts). Owns whose each is: one visitor's, on one
 * client connection, at one app. Refuses to lend it to anybody else: the app takes whoever speaks on it for that person (RFC 9110 §3.3).
 */
import type { Socket } from 'node:net'
import type { UpstreamConnection } from './connection.ts'

/** Who asks. An errand is one. */
export interface Asker {
  readonly req: { readonly socket: Socket; readonly method?: string | undefined }
  /** Who speaks on the client's connection: a session, or '' for nobody's. Null where several people may share that connection. */
  readonly visitor: string | null
  readonly app: { readonly id: string }
  /** Literal bytes of the path inside the app, and the query with its '?'. */
  readonly path: string
  readonly query: string
}

/** Whose a tied connection is. */
export class Tie {
  readonly #socket: Socket
  readonly #key: string | null

  constructor(asker: Asker) {
    this.#socket = asker.req.socket
    this.#key = keyOf(asker)
  }

  /** Keeps the connection for its person's next request. False where nobody can say who that is, or they have left: then it must end. */
  keep(connection: UpstreamConnection): boolean {
    if (this.#key === null || this.#socket.destroyed) return false
    const { connections } = ties.get(this.#socket) ?? begin(this.#socket)
    if (connections.has(this.#key)) return false
    connections.set(this.#key, connection)
    return true
  }

  /** The connection has ended. */
  release(connection: UpstreamConnection): void {
    const connections = ties.get(this.#socket)?.connections
    if (this.#key !== null && connections?.get(this.#key) === connection) connections.delete(this.#key)
  }
}

interface Ties {
  readonly connections: Map<string, UpstreamConnection>
  /** The last request, where its app refused it for want of such a sign-in. */
  refused: string | null
}

const ties = new WeakMap<Socket, Ties>()

/** Takes the connection that is tied to this person here, if there is one. */
export function takeTied(asker: Asker): UpstreamConnection | null {
  const connections = ties.get(asker.req.socket)?.connections
  if (connections === undefined || connections.size === 0) return null
  const key = keyOf(asker)
  const connection = key === null ? undefined : connections.get(key)
  if (key === null || connection === undefined) return null
  connections.delete(key)
  return connection
}

/** The app answers: `asksToTie` where it says 401 and asks for such a sign-in. */
export function noteAnswer(asker: Asker, asksToTie: boolean): void {
  const known = ties.get(asker.req.socket)
  if (known !== undefined) known.refused = null
  const key = asksToTie ? keyOf(asker) : null
  if (key !== null) (known ?? begin(asker.req.socket)).refused = requestOf(key, asker)
}

/** True where the app has refused this very request here, and nothing else since. */
export function wasRefused(asker: Asker): boolean {
  const key = keyOf(asker)
  return key !== null && ties.get(asker.req.socket)?.refused === requestOf(key, asker)
}

function begin(socket: Socket): Ties {
  const begun: Ties = { connections: new Map(), refused: null }
  ties.set(socket, begun)
  socket.once('close', () => {
    for (const connection of [...begun.connections.values()]) connection.destroy()
  })
  return begun
}

function keyOf({ visitor, app }: Asker): string | null {
  return visitor === null ? null : `${app.id} ${visitor}`
}

function requestOf(key: string, { req, path, query }: Asker): string {
  return `${key} ${req.method} ${path}${query}`
}
