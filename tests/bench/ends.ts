/** Ends everything that was started, the last first, at the end of a section or at a signal. */
import type { Ender } from '../fixtures/process/gate.ts'

export class Ends implements Ender {
  readonly #ends: (() => unknown)[] = []
  #ending: Promise<void> = Promise.resolve()
  #isStopped = false

  /** A signal has come. */
  get isStopped(): boolean {
    return this.#isStopped
  }

  /** From now on a signal ends everything, and the process with it. */
  atSignals(): this {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => {
        if (this.#isStopped) return
        this.#isStopped = true
        this.all().finally(() => process.exit(1))
      })
    return this
  }

  teardown(fn: () => unknown): void {
    this.#ends.push(fn)
  }

  /** Ends all of it, and what is started meanwhile; who calls a second time waits for the first. What cannot be ended is said. */
  all(): Promise<void> {
    this.#ending = this.#ending.then(async () => {
      for (let fn = this.#ends.pop(); fn !== undefined; fn = this.#ends.pop()) {
        try {
          await fn()
        } catch (error) {
          console.error(error)
        }
      }
    })
    return this.#ending
  }
}
