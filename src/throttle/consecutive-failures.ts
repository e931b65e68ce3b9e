/**
 * Failures in a row of one authenticator (NIST SP 800-63B-4 §3.2.2: at most 100, then it is disabled). Owns the count, taken before
 * the check; refuses a check past the limit, whoever asks and from however many places at once.
 */
import { changeValue } from '../store/change.ts'
import type { Store } from '../store/store.ts'

const failuresMax = 100
const keyOf = (authenticatorId: string) => `failures:${authenticatorId}`

export class ConsecutiveFailures {
  readonly #store: Store
  readonly #keepSeconds: number | undefined

  /** `keepSeconds`: without a new attempt for this long a count is forgotten; for ever, where it is not given. */
  constructor(store: Store, keepSeconds?: number) {
    this.#store = store
    this.#keepSeconds = keepSeconds
  }

  /** Counts a failure ahead of the check. `isLast`: this was the hundredth; null: no check is left. */
  count(authenticatorId: string): Promise<{ readonly isLast: boolean } | null> {
    return changeValue<{ isLast: boolean } | null>(this.#store, keyOf(authenticatorId), text => {
      const failures = read(text) + 1
      if (failures > failuresMax) return { result: null }
      return {
        next: String(failures),
        ttlSeconds: this.#keepSeconds,
        result: { isLast: failures === failuresMax }
      }
    })
  }

  /** It was right, or is gone: the count begins anew. */
  async clear(authenticatorId: string): Promise<void> {
    await this.#store.delete(keyOf(authenticatorId))
  }

  /** It was not the one meant: takes one failure back. */
  giveBack(authenticatorId: string): Promise<void> {
    return changeValue<void>(this.#store, keyOf(authenticatorId), text =>
      text === null ? { result: undefined } : { next: String(Math.max(0, read(text) - 1)), result: undefined }
    )
  }
}

function read(text: string | null): number {
  const failures = text === null ? 0 : Number(text)
  // Whatever cannot be read is no licence to go on guessing.
  return Number.isSafeInteger(failures) && failures >= 0 ? failures : failuresMax
}
