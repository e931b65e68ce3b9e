/**
 * Whether the gate can do its work: the store answers, the journal takes lines. Owns the looking, and that each turn of it stands in the
 * log with its reason; the admin listener tells machines.
 */
import type { AuditSink } from '../audit/event.ts'
import { StoreUnfit } from '../store/misconfigured.ts'
import { type Store, StoreUnreachable } from '../store/store.ts'

export interface ReadinessInput {
  readonly store: Pick<Store, 'ping'>
  readonly journal: Pick<AuditSink, 'writable'>
  /** Hears why the store cannot be used, and null when it can again. The journal tells of itself. */
  readonly onChange: (problem: string | null) => void
}

/** How often it looks without being asked, in milliseconds. */
const lookMs = 15_000

export class Readiness {
  readonly #input: ReadinessInput
  readonly #timer: NodeJS.Timeout
  #problem: string | null = null

  constructor(input: ReadinessInput) {
    this.#input = input
    this.#timer = setInterval(() => void this.look(), lookMs)
    this.#timer.unref()
  }

  /** As of the last look. */
  get isStoreUp(): boolean {
    return this.#problem === null
  }

  get isJournalWritable(): boolean {
    return this.#input.journal.writable
  }

  /** Looks now. Answers what is wrong, in words without secrets, or null. Never rejects. */
  async look(): Promise<string | null> {
    const before = this.#problem
    this.#problem = await this.#input.store.ping().then(() => null, sentenceOf)
    // Another reason is news too: a store that was away may come back as an earlier state of itself.
    if (before !== this.#problem) this.#input.onChange(this.#problem)
    return this.isJournalWritable ? this.#problem : 'journal not writable'
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}

/** The store's own errors are made for operators; any other may hold what it was asked. */
function sentenceOf(error: unknown): string {
  const isOurs = error instanceof StoreUnreachable || error instanceof StoreUnfit
  return isOurs ? `store not reachable: ${error.message}` : 'store not reachable'
}
