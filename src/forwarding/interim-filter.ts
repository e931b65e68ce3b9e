/**
 * Takes `100 Continue` off what an app sends before its reply. Some old servers send it unasked (we never send `Expect`), RFC 9110
 * §15.2 wants clients to read past it, and undici ends the connection instead. Touches bytes only where a reply is awaited.
 */
import type { Socket } from 'node:net'

const line = /^HTTP\/1\.[01] 100[ \r]/
const lineBytes = 13
/** An interim head longer than this is left to the parser. */
const headLimit = 8 * 1024

export class InterimFilter {
  #isAwaiting = true
  #held: Buffer | null = null

  /** A request is about to be written: what comes next is the head of its reply. */
  awaitHead(): void {
    this.#isAwaiting = true
    this.#held = null
  }

  /** The final head has been read; whatever follows is the app's business. */
  sawHead(): void {
    this.#isAwaiting = false
  }

  /** Stands between a socket and whoever calls its `read()`. */
  attach(socket: Socket): void {
    this.#held = null
    const read = socket.read
    socket.read = size => {
      const chunk = read.call(socket, size)
      return this.#isAwaiting && chunk !== null ? this.#strip(chunk) : chunk
    }
  }

  /** The bytes to parse; null for none yet. */
  #strip(chunk: Buffer): Buffer | null {
    let bytes = this.#held === null ? chunk : Buffer.concat([this.#held, chunk])
    this.#held = null
    while (couldBeInterim(bytes)) {
      const end = bytes.indexOf('\r\n\r\n')
      if (end < 0 && bytes.length > headLimit) return bytes
      if (end < 0) {
        this.#held = bytes
        return null
      }
      bytes = bytes.subarray(end + 4)
      if (bytes.length === 0) return null
    }
    return bytes
  }
}

/** True for an interim head or the beginning of one. An ordinary reply is told apart by its tenth byte at the latest. */
function couldBeInterim(bytes: Buffer): boolean {
  if (bytes[9] !== undefined && bytes[9] !== 0x31) return false
  const start = bytes.toString('latin1', 0, lineBytes)
  return start.length < lineBytes ? 'HTTP/1.1 100 '.startsWith(start.replace('/1.0', '/1.1')) : line.test(start)
}
