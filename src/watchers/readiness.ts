/** Checks store and journal for the admin listener, and reports each change of the store's problem. */
import type { AuditSink } from '../audit/event.ts'
import { StoreMisconfigured } from '../store/misconfigured.ts'
import { type Store, StoreUnreachable } from '../store/store.ts'

interface ReadinessInput {
  readonly store: Pick<Store, 'ping'>
  readonly journal: Pick<AuditSink, 'writable'>
  /** Null when the problem is over. */
  readonly onChange: (problem: string | null) => void
}

/** In words without secrets. */
export interface Health {
  /** Why the gate cannot serve; null if it can. */
  readonly problem: string | null
  /** The gate still serves, but not for long. */
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

  /** Resolves with the problem, in words without secrets, or null. Never rejects. */
  async check(): Promise<string | null> {
    const problem = await this.#input.store.ping().then(() => null, sentenceOf)
    // A different problem is reported too, such as a reachable store that has lost data. Several checks may run at once.
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

/** The messages of the gate's own store errors hold no secrets; others are left out. */
function sentenceOf(error: unknown): string {
  const isOurs = error instanceof StoreUnreachable || error instanceof StoreMisconfigured
  return isOurs ? `store not reachable: ${error.message}` : 'store not reachable'
}
