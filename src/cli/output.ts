/**
 * Standard output and standard error of a command. A pipe takes 64 KiB at once and the rest only as its reader reads, so the process may end
 * only after `flush` has resolved.
 */
import type { Writable } from 'node:stream'

export class Output {
  readonly #stream: Writable
  #failure: NodeJS.ErrnoException | null = null
  #pending = 0
  #onSettled: (() => void) | null = null

  constructor(stream: Writable) {
    this.#stream = stream
    // Without a listener the error of a write ends the process with a stack trace.
    stream.on('error', (error: NodeJS.ErrnoException) => this.#fail(error))
    stream.on('close', () => this.#settle())
  }

  /** Writes `text` as it is, in the order of the calls. A write that fails is reported by `flush`. */
  write(text: string): void {
    if (this.#failure !== null || this.#stream.destroyed) return
    this.#pending++
    this.#stream.write(text, error => {
      this.#pending--
      if (error) this.#fail(error)
      else if (this.#pending === 0) this.#settle()
    })
  }

  /**
   * Resolves once everything is written, however slowly the reader reads: to the error that has lost output, or to null. A reader that goes
   * away (`… | head -1`) is no error, because it has what it wants.
   */
  async flush(): Promise<NodeJS.ErrnoException | null> {
    if (this.#pending > 0 && this.#failure === null && !this.#stream.destroyed)
      await new Promise<void>(resolve => {
        this.#onSettled = resolve
      })
    return this.#failure?.code === 'EPIPE' ? null : this.#failure
  }

  #fail(error: NodeJS.ErrnoException): void {
    this.#failure ??= error
    this.#settle()
  }

  #settle(): void {
    this.#onSettled?.()
    this.#onSettled = null
  }
}
