/** Buffered stdout and stderr of a command. A pipe takes 64 KiB at once, so the process must await `flush` before it exits. */
import type { Writable } from 'node:stream'

export class Output {
  readonly #stream: Writable
  #failure: NodeJS.ErrnoException | null = null
  #pending = 0
  #onSettled: (() => void) | null = null

  constructor(stream: Writable) {
    this.#stream = stream
    // An unhandled write error would end the process with a stack trace.
    stream.on('error', (error: NodeJS.ErrnoException) => this.#fail(error))
    stream.on('close', () => this.#settle())
  }

  /** Writes in order; `flush` reports failures. */
  write(text: string): void {
    if (this.#failure !== null || this.#stream.destroyed) return
    this.#pending++
    this.#stream.write(text, error => {
      this.#pending--
      if (error) this.#fail(error)
      else if (this.#pending === 0) this.#settle()
    })
  }

  /** Resolves once everything is written, with the error that lost output or null. A closed reader (`… | head -1`) is no error. */
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
