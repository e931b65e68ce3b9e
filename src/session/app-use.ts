/** When a person last used which app, so that their list shows it on top. Owns a coarse memory; never on a request's critical path. */
import type { Clock } from '../clock.ts'
import type { Store } from '../store/store.ts'

const writeEveryMs = 10 * 60_000
const keptSeconds = 90 * 24 * 3600
const noted = 20_000

export class AppUse {
  readonly #store: Store
  readonly #clock: Clock
  /** account and app → when it was last written down. */
  readonly #written = new Map<string, number>()

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Notes a use; writes at most once in ten minutes for a person and an app, and forgets a failure. */
  note(accountId: string, appId: string): void {
    const key = useKey(accountId, appId)
    const now = this.#clock()
    if (now - (this.#written.get(key) ?? 0) < writeEveryMs) return
    if (this.#written.size >= noted) this.#written.clear()
    this.#written.set(key, now)
    this.#store.put(key, String(now), keptSeconds).catch(() => this.#written.delete(key))
  }

  /** Milliseconds since the epoch, or null. */
  async last(accountId: string, appId: string): Promise<number | null> {
    const text = await this.#store.get(useKey(accountId, appId))
    return text === null ? null : Number(text)
  }
}

function useKey(accountId: string, appId: string): string {
  return `app-use:${accountId}:${appId}`
}
