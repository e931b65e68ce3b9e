/** What was started is ended, in reverse order, at the end of its section or at a signal. */
import type { Ender } from '../helpers/gate.ts'

export class Ends implements Ender {
  readonly #ends: (() => unknown)[] = []
  /** A signal has come. */
  isStopped = false

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => {
        if (this.isStopped) return
        this.isStopped = true
        this.all().finally(() => process.exit(1))
      })
  }

  teardown(fn: () => unknown): void {
    this.#ends.unshift(fn)
  }

  async all(): Promise<void> {
    for (const fn of this.#ends.splice(0)) await fn()
  }
}
