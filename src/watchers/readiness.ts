/** The readiness check of store and journal, for the admin listener. It reports each change of the store's problem. */
import type { AuditSink } from '../audit/event.ts'
import { StoreMisconfigured } from '../store/misconfigured.ts'
import { type Store, StoreUnreachable } from '../store/store.ts'

interface ReadinessInput {
  readonly store: Pick<Store, 'ping'>
  readonly journal: Pick<AuditSink, 'writable'>
  /** Called with the store's new problem, and with null when it is over. */
  readonly onChange: (problem: string | null) => void
}

/** In words without secrets. */
export interface Health {
  /** Why the gate cannot serve; null if it can. */
  readonly problem: string | null
  /** What will end its service if nobody mends it. It serves meanwhile. */
  readonly warnings: readonly string[]
}

const checkMs = 15_000

export class Readiness {
  readonly #input: ReadinessInput
  readonly #timer: NodeJS.Timeout
  #problem: string | null = null

  constructor(input: ReadinessInput) {
    this.#input = input
    this.#timer = setInterval(() => void this.check(), checkMs)
    this.#timer.unref()
  }

  get isStoreUp(): boolean {
    return this.#problem === null
  }

  get isJournalWritable(): boolean {
    return this.#input.journal.writable
  }

  /** Checks now. Resolves with the problem, in words without secrets, or null. Never rejects. */
  async check(): Promise<string | null> {
    const problem = await this.#input.store.ping().then(() => null, sentenceOf)
    // A different problem is reported too, such as a store that is reachable again but has lost data. Several checks may run at once.
    if (problem !== this.#problem) {
      this.#problem = problem
      this.#input.onChange(problem)
    }
    return this.isJournalWritable ? this.#problem : 'journal not writable'
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}

/** The gate's own store errors have messages without secrets; those of other errors are left out. */
function sentenceOf(error: unknown): string {
  const isOurs = error instanceof StoreUnreachable || error instanceof StoreMisconfigured
  return isOurs ? `store not reachable: ${error.message}` : 'store not reachable'
}
