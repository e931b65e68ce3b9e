/** What a gate does while the store tells it of no changes: it looks by itself, and ends what runs at guarded apps and is not confirmed. */
import type { LiveConnections, LiveEntry } from '../forwarding/live-connections.ts'
import { accountPrefix } from '../identity/account.ts'
import { programTokenRecord } from '../programs/program-token.ts'
import { sessionKey } from '../session/records.ts'
import type { SessionCache } from '../session/session-cache.ts'
import type { Store } from '../store/store.ts'
import type { AccessReview } from './access-review.ts'

export interface DeafLooksOptions {
  readonly store: Store
  readonly cache: SessionCache
  readonly live: LiveConnections
  readonly review: AccessReview
  /** How long a guarded app goes on while this process neither hears of changes nor can ask the store, in milliseconds. Default: a minute. */
  readonly deafMs?: number
  /** Called with the number of connections that have ended because of it. */
  readonly onDeaf?: (count: number) => void
  /** Repeats `run`, and returns what stops it. Default: a timer. */
  readonly repeat?: (run: () => void, everyMs: number) => () => void
}

const deafMostMs = 60_000
const lookMs = 2_000
/** The looks within which the store has to confirm what goes on. */
const maxAnswerLooks = 5

export class DeafLooks {
  readonly #options: DeafLooksOptions
  readonly #everyMs: number
  /** The number of looks before unconfirmed connections end. */
  readonly #deafLooks: number
  readonly #answerLooks: number
  #stopRepeating: (() => void) | undefined
  #looks = 0
  #isAsking = false
  /** The keys that the store has not confirmed yet. Empty until this process has heard of no changes for almost `deafMs`. */
  #unconfirmed = new Set<string>()

  constructor(options: DeafLooksOptions) {
    const { deafMs = deafMostMs, review } = options
    this.#options = options
    this.#everyMs = Math.min(lookMs, deafMs)
    this.#deafLooks = Math.ceil(deafMs / this.#everyMs)
    this.#answerLooks = Math.min(maxAnswerLooks, this.#deafLooks)
    review.onAnswer = key => this.#unconfirmed.delete(key)
  }

  /** Begins to look if the store tells of no changes, and stops if it does. */
  follow(): void {
    if (this.#options.cache.isTold) {
      this.stop()
      this.#looks = 0
      this.#unconfirmed.clear()
    } else this.#stopRepeating ??= (this.#options.repeat ?? repeatByTimer)(() => void this.#look(), this.#everyMs)
  }

  stop(): void {
    this.#stopRepeating?.()
    this.#stopRepeating = undefined
  }

  async #look(): Promise<void> {
    const { store, cache, live, review } = this.#options
    this.#looks++
    const looksOver = this.#looks - this.#deafLooks
    if (looksOver >= -this.#answerLooks && looksOver % this.#answerLooks === 0) {
      if (looksOver >= 0) this.#endUnconfirmed()
      this.#unconfirmed = new Set(live.guarded().flatMap(keysOf))
    }
    if (this.#isAsking) return
    this.#isAsking = true
    const isAnswering = await store.ping().then(
      () => true,
      () => false
    )
    this.#isAsking = false
    if (isAnswering && !cache.isTold) review.everything()
  }

  #endUnconfirmed(): void {
    const { live, onDeaf } = this.#options
    const isUnconfirmed = (entry: LiveEntry) => keysOf(entry).some(key => this.#unconfirmed.has(key))
    const count = live.endGuarded('store unreachable', isUnconfirmed)
    if (count > 0) onDeaf?.(count)
  }
}

function repeatByTimer(run: () => void, everyMs: number): () => void {
  const timer = setInterval(run, everyMs).unref()
  return () => clearInterval(timer)
}

/** The keys of the records on which the access of a connection stands. */
function keysOf({ sessionId, tokenId, accountId }: LiveEntry): string[] {
  const keys = accountId === null ? [] : [accountPrefix + accountId]
  if (sessionId !== null) keys.push(sessionKey(sessionId))
  if (tokenId != null) keys.push(programTokenRecord.key(tokenId))
  return keys
}
