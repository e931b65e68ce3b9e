/**
 * Keeps back the end of a JSON response over HTTP/2 until more comes, or its end. Go's clients reset a stream whose end does not come with the last brace, and
 * many resets look like an attack (http2-sessions.ts).
 */

/** An app that flushes and ends in two steps needs some milliseconds. */
const patienceMs = 20
/** Bytes. Of a larger chunk only the last byte is kept. */
const maxKept = 16 * 1024

export class LateEnd {
  readonly #write: (bytes: Buffer) => void
  #kept: Buffer | null = null
  #timer: NodeJS.Timeout | undefined

  constructor(write: (bytes: Buffer) => void) {
    this.#write = write
  }

  /** Returns what is not kept. */
  keep(chunk: Buffer): Buffer {
    this.#flush()
    const size = chunk.length <= maxKept ? chunk.length : 1
    this.#kept = Buffer.from(chunk.subarray(-size))
    this.#timer = setTimeout(() => this.#flush(), patienceMs)
    return chunk.subarray(0, -size)
  }

  take(): Buffer | null {
    clearTimeout(this.#timer)
    const kept = this.#kept
    this.#kept = null
    return kept
  }

  #flush(): void {
    const kept = this.take()
    if (kept !== null) this.#write(kept)
  }
}
