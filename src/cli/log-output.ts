/**
 * Standard output for the log. The gate never waits for its reader: a stopped reader, a terminal after Ctrl-S and a full disk lose lines of
 * the log, and delay no request. What must not be lost is in the journal.
 */
import { writeSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { WriteStream as TerminalStream } from 'node:tty'
import { writeWithoutWaiting } from '../platform/terminal-writes.ts'

/** How much may wait for a slow reader, in bytes. */
const maxWaiting = 1024 ** 2

/** The line that says how many are missing before it. */
type LossLine = (lost: number) => string

export interface LogOutput {
  write(line: string): void
  /** Resolves once all is written, or after `withinMs`. */
  end(withinMs: number): Promise<void>
}

export function logOutput(stream: Writable, lossLine: LossLine): LogOutput {
  if (stream instanceof TerminalStream) writeWithoutWaiting(stream)
  // Node gives up the stream of a file after its first error, so a full disk would end the log for good.
  return stream instanceof Socket
    ? new StreamOutput(stream, lossLine)
    : new FileOutput(bytes => writeSync(1, bytes), lossLine)
}

/** A pipe, a socket or a terminal. */
export class StreamOutput implements LogOutput {
  readonly #stream: Writable
  readonly #lossLine: LossLine
  #lost = 0

  constructor(stream: Writable, lossLine: LossLine) {
    this.#stream = stream
    // A reader that has gone away is no reason to end.
    stream.on('error', () => {})
    this.#lossLine = lossLine
    stream.on('drain', () => this.#tellLoss())
  }

  write(line: string): void {
    const { destroyed, writableLength } = this.#stream
    if (destroyed) return
    // A reader that is always slow gets long pieces without a gap.
    if (writableLength > (this.#lost > 0 ? maxWaiting / 2 : maxWaiting)) this.#lost++
    else {
      this.#tellLoss()
      this.#stream.write(line)
    }
  }

  #tellLoss(): void {
    if (this.#lost > 0) this.#stream.write(this.#lossLine(this.#lost))
    this.#lost = 0
  }

  async end(withinMs: number): Promise<void> {
    const stream = this.#stream
    if (stream.destroyed || stream.writableLength === 0) return
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, withinMs)
      const done = () => {
        clearTimeout(timer)
        resolve()
      }
      // This goes behind everything that waits.
      stream.write('', done)
      stream.once('close', done)
    })
  }
}

/** A file on a disk that may be full. */
export class FileOutput implements LogOutput {
  /** Returns how many bytes went in. Throws if none did. */
  readonly #append: (bytes: Uint8Array) => number
  readonly #lossLine: LossLine
  #lost = 0
  /** The end of a line whose beginning is in the file. */
  #rest: Uint8Array = new Uint8Array()

  constructor(append: (bytes: Uint8Array) => number, lossLine: LossLine) {
    this.#append = append
    this.#lossLine = lossLine
  }

  write(line: string): void {
    this.#rest = this.#rest.subarray(this.#put(this.#rest))
    const bytes = Buffer.from(this.#lost > 0 ? this.#lossLine(this.#lost) + line : line)
    const done = this.#rest.length > 0 ? 0 : this.#put(bytes)
    if (done === 0) {
      this.#lost++
      return
    }
    this.#lost = 0
    this.#rest = bytes.subarray(done)
  }

  async end(): Promise<void> {}

  /** Returns how many bytes are in the file. */
  #put(bytes: Uint8Array): number {
    let done = 0
    try {
      while (done < bytes.length) done += this.#append(bytes.subarray(done))
    } catch {
      // The disk is full, or gone.
    }
    return done
  }
}
