/**
 * Failures in a row of one authenticator (NIST SP 800-63B-4 §3.2.2: at most 100, then it is disabled). Owns the count, taken before
 * the check; refuses a check past the limit, whoever asks and from however many places at once.
 */
import type { Store } from '../store/store.ts'

const failuresMax = 100
const keyOf = (authenticatorId: string) => `failures:${authenticatorId}`

export class ConsecutiveFailures {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /** Counts a failure ahead of the check. `isLast`: this was the hundredth; null: no check is left. */
  async count(authenticatorId: string): Promise<{ readonly isLast: boolean } | null> {
    const key = keyOf(authenticatorId)
    for (;;) {
      const text = await this.#store.get(key)
      const failures = read(text) + 1
      if (failures > failuresMax) return null
      const isCounted =
        text === null
          ? await this.#store.add(key, String(failures))
          : await this.#store.replace(key, text, String(failures))
      if (isCounted) return { isLast: failures === failuresMax }
    }
  }

  /** It was right, or is gone: the count begins anew. */
  async clear(authenticatorId: string): Promise<void> {
    await this.#store.delete(keyOf(authenticatorId))
  }

  /** It was not the one meant: takes one failure back. */
  async giveBack(authenticatorId: string): Promise<void> {
    const key = keyOf(authenticatorId)
    for (;;) {
      const text = await this.#store.get(key)
      if (text === null || (await this.#store.replace(key, text, String(Math.max(0, read(text) - 1))))) return
    }
  }
}

function read(text: string | null): number {
  const failures = text === null ? 0 : Number(text)
  // Whatever cannot be read is no licence to go on guessing.
  return Number.isSafeInteger(failures) && failures >= 0 ? failures : failuresMax
}
