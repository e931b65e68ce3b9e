/** What a retired key has made stays valid for the rest of its short life. */
import { dayMs } from '../clock.ts'
import type { Keyring } from './keyring.ts'

const keptMs = dayMs

export class RecentKeyrings {
  present: Keyring
  #retired: { readonly keyring: Keyring; readonly at: number }[] = []

  constructor(present: Keyring) {
    this.present = present
  }

  replace(next: Keyring, now: number): void {
    this.#retired = [{ keyring: this.present, at: now }, ...this.#retired].filter(({ at }) => now - at < keptMs)
    this.present = next
  }

  /** The present one, then those that were replaced within the last `ms`. */
  within(ms: number, now: number): readonly Keyring[] {
    const recent = this.#retired.filter(({ at }) => now - at < ms)
    return [this.present, ...recent.map(({ keyring }) => keyring)]
  }
}
