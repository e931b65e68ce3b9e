/** The count of consecutive failures of an authenticator, at most 100 (NIST SP 800-63B-4 §3.2.2). It counts before the check. */
import { changeValue } from '../store/change.ts'
import type { Store } from '../store/store.ts'

const maxFailures = 100
const keyOf = (authenticatorId: string) => `failures:${authenticatorId}`

export class ConsecutiveFailures {
  readonly #store: Store
  readonly #keepSeconds: number | undefined

  /** A count without an attempt is kept for `keepSeconds`; for ever by default. */
  constructor(store: Store, keepSeconds?: number) {
    this.#store = store
    this.#keepSeconds = keepSeconds
  }

  /** `isLast` is true for the hundredth. Null: no more checks are allowed. */
  count(authenticatorId: string): Promise<{ readonly isLast: boolean } | null> {
    return changeValue<{ isLast: boolean } | null>(this.#store, keyOf(authenticatorId), text => {
      const failures = read(text) + 1
      if (failures > maxFailures) return { result: null }
      return {
        next: String(failures),
        ttlSeconds: this.#keepSeconds,
        result: { isLast: failures === maxFailures }
      }
    })
  }

  async clear(authenticatorId: string): Promise<void> {
    await this.#store.delete(keyOf(authenticatorId))
  }

  giveBack(authenticatorId: string): Promise<void> {
    return changeValue<void>(this.#store, keyOf(authenticatorId), text =>
      text === null ? { result: undefined } : { next: String(Math.max(0, read(text) - 1)), result: undefined }
    )
  }
}

function read(text: string | null): number {
  const failures = text === null ? 0 : Number(text)
  // An unreadable count allows no more attempts.
  return Number.isSafeInteger(failures) && failures >= 0 ? failures : maxFailures
}
