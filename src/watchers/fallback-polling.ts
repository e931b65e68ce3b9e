/**
 * Polls the store while no notices of changes arrive: reviews the access of live connections, and ends those to guarded apps that the store
 * does not confirm in time.
 */
import type { LiveConnections, LiveEntry } from '../forwarding/live-connections.ts'
import { accountPrefix } from '../identity/account.ts'
import { programTokenRecord } from '../programs/program-token.ts'
import { sessionKey } from '../session/records.ts'
import type { SessionCache } from '../session/session-cache.ts'
import type { Store } from '../store/store.ts'
import type { AccessReview } from './access-review.ts'
import { every } from './every.ts'

export interface FallbackPollingOptions {
  readonly store: Store
  readonly cache: SessionCache
  readonly live: LiveConnections
  readonly review: AccessReview
  /** In milliseconds, how long connections to a guarded app go on without notices and answers of the store. Default: a minute. */
  readonly unconfirmedMs?: number
  /** Called with the number of connections that have ended so. */
  readonly onUnconfirmed?: (count: number) => void
  /** Returns a stop function. Default: a timer. */
  readonly repeat?: typeof every
}

const defaultUnconfirmedMs = 60_000
const pollMs = 2_000
/** Polls within which the store has to confirm the access of a connection. */
const maxAnswerPolls = 5

export class FallbackPolling {
  readonly #options: FallbackPollingOptions
  readonly #everyMs: number
  /** Polls before unconfirmed connections end. */
  readonly #pollsBeforeEnd: number
  readonly #answerPolls: number
  #stopRepeating: (() => void) | undefined
  #polls = 0
  #isAsking = false
  /** Keys that are not confirmed yet. Empty until notices have been away for almost `unconfirmedMs`. */
  #unconfirmed = new Set<string>()

  constructor(options: FallbackPollingOptions) {
    const { unconfirmedMs = defaultUnconfirmedMs, review } = options
    this.#options = options
    this.#everyMs = Math.min(pollMs, unconfirmedMs)
    this.#pollsBeforeEnd = Math.ceil(unconfirmedMs / this.#everyMs)
    this.#answerPolls = Math.min(maxAnswerPolls, this.#pollsBeforeEnd)
    review.onAnswer = key => this.#unconfirmed.delete(key)
  }

  /** Polls while notices are lost. */
  follow(): void {
    if (this.#options.cache.isTold) {
      this.stop()
      this.#polls = 0
      this.#unconfirmed.clear()
    } else this.#stopRepeating ??= (this.#options.repeat ?? every)(this.#everyMs, () => void this.#poll())
  }

  stop(): void {
    this.#stopRepeating?.()
    this.#stopRepeating = undefined
  }

  async #poll(): Promise<void> {
    const { store, cache, live, review } = this.#options
    this.#polls++
    const pollsOver = this.#polls - this.#pollsBeforeEnd
    if (pollsOver >= -this.#answerPolls && pollsOver % this.#answerPolls === 0) {
      if (pollsOver >= 0) this.#endUnconfirmed()
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
    const { live, onUnconfirmed } = this.#options
    const isUnconfirmed = (entry: LiveEntry) => keysOf(entry).some(key => this.#unconfirmed.has(key))
    const count = live.endGuarded('store unreachable', isUnconfirmed)
    if (count > 0) onUnconfirmed?.(count)
  }
}

/** The keys of the records on which a connection stands. */
function keysOf({ sessionId, tokenId, accountId }: LiveEntry): string[] {
  const keys = accountId === null ? [] : [accountPrefix + accountId]
  if (sessionId !== null) keys.push(sessionKey(sessionId))
  if (tokenId != null) keys.push(programTokenRecord.key(tokenId))
  return keys
}
