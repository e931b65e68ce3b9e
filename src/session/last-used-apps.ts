/** When a person last used each app, within ten minutes. It sorts their list of apps. */
import type { Store } from '../store/store.ts'
import { growingLru } from './growing-lru.ts'

const writeEveryMs = 10 * 60_000
const keptSeconds = 90 * 24 * 3600
const accountsNoted = 50_000

export class AppUse {
  readonly #store: Store
  /** Account → app → last write. */
  readonly #written = growingLru<Map<string, number>>(accountsNoted)

  constructor(store: Store) {
    this.#store = store
  }

  note(accountId: string, appId: string, now: number): void {
    let apps = this.#written.get(accountId)
    if (now - (apps?.get(appId) ?? 0) < writeEveryMs) return
    if (apps === undefined) {
      apps = new Map()
      this.#written.set(accountId, apps)
    }
    apps.set(appId, now)
    this.#store.put(useKey(accountId, appId), String(now), keptSeconds).catch(() => apps.delete(appId))
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
