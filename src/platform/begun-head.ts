/**
 * A request whose head is incomplete. node:http tells nothing of it, and an error has only the last bytes, which over TLS or of a slow client are not the first
 * ones.
 */
import type { Duplex } from 'node:stream'

/** Callbacks of Node's HTTP parser. */
const onMessageBegin = 0
const onExecute = 5

const seen = Symbol('begun head')
const execute = Symbol('the parser’s own callback')

export interface BegunHead {
  readonly isHead: boolean
  readonly accept: string | null
}

interface Parser {
  readonly incoming: object | null
  readonly socket: HttpSocket | null
  getCurrentBuffer(): Buffer
  /** The request before the one that has begun; undefined while no head is awaited. */
  [seen]?: object | null | undefined
  [execute]?: ((result: unknown) => void) | null
  [onMessageBegin]: ((this: Parser) => void) | null
  [onExecute]: ((this: Parser, result: unknown) => void) | null
}

type HttpSocket = Duplex & { parser?: Parser | null; [seen]?: BegunHead | null }

/** Bytes are copied only where a head comes in several parts. */
export function watchHeads(socket: Duplex): void {
  const parser = (socket as HttpSocket).parser
  if (parser?.[onExecute] == null) return
  parser[execute] = parser[onExecute]
  parser[seen] = undefined
  parser[onMessageBegin] = begin
  parser[onExecute] = executed
}

/** Null if nothing is known. */
export function begunHead(socket: Duplex): BegunHead | null {
  return (socket as HttpSocket)[seen] ?? null
}

function begin(this: Parser): void {
  this[seen] = this.incoming
  if (this.socket?.[seen] != null) this.socket[seen] = null
}

function executed(this: Parser, result: unknown): void {
  const { socket } = this
  if (this[seen] !== undefined && socket !== null) {
    // Node forgets the request before once it has been answered.
    if (this.incoming === null || this[seen] === this.incoming) note(socket, this.getCurrentBuffer().toString('latin1'))
    else {
      this[seen] = undefined
      if (socket[seen] != null) socket[seen] = null
    }
  }
  this[execute]?.(result)
}

function note(socket: HttpSocket, text: string): void {
  const before = socket[seen] ?? null
  const fresh = before === null ? text.slice(beginningIn(text)) : text
  const accept = before?.accept ?? /\r\naccept:([^\r\n]*)/i.exec(fresh)?.[1] ?? null
  socket[seen] = { isHead: before?.isHead ?? fresh.startsWith('HEAD '), accept }
}

const versions = [' HTTP/1.0\r\n', ' HTTP/1.1\r\n'] as const

/** Where the last request of these bytes begins. A stranger chooses the bytes, so each is read a fixed number of times, backwards from the version of HTTP. */
export function beginningIn(text: string): number {
  for (let at = text.lastIndexOf(' HTTP/1.'); at > 0; at = text.lastIndexOf(' HTTP/1.', at - 1)) {
    if (!versions.some(version => text.startsWith(version, at))) continue
    const target = startOf(text, at, code => code > 32 && code !== 127)
    if (target === at || text[target - 1] !== ' ') continue
    const method = startOf(text, target - 1, code => (code >= 65 && code <= 90) || code === 45)
    if (method < target - 1) return method
  }
  const end = text.lastIndexOf('\r\n\r\n')
  return end === -1 ? 0 : end + 4
}

function startOf(text: string, end: number, isKind: (code: number) => boolean): number {
  let at = end
  while (at > 0 && isKind(text.charCodeAt(at - 1))) at--
  return at
}
