/** Consecutive failures of an authenticator, at most 100 (NIST SP 800-63B-4 §3.2.2), counted before the check. */
import { changeValue } from '../store/change.ts'
import type { Store } from '../store/store.ts'

const maxFailures = 100
const keyOf = (authenticatorId: string) => `failures:${authenticatorId}`

export class ConsecutiveFailures {
  readonly #store: Store
  readonly #keepSeconds: number | undefined

  /** By default a count is kept for ever. */
  constructor(store: Store, keepSeconds?: number) {
    this.#store = store
    this.#keepSeconds = keepSeconds
  }

  /** `isLast`: the hundredth. Null: no more checks. */
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
