/** An institution's logout token ends sessions once (OpenID Connect Back-Channel Logout 1.0 §2.6 step 7). */
import { digestOf } from '../ids.ts'
import type { Store } from '../store/store.ts'

const keyOf = (directory: string, jti: string) => `logout-token:${directory}:${digestOf(jti)}`

export class SpentLogoutTokens {
  readonly #store: Pick<Store, 'add' | 'delete'>

  constructor(store: Pick<Store, 'add' | 'delete'>) {
    this.#store = store
  }

  /** True the first time. After `seconds` the token must be too old. */
  spend(directory: string, jti: string, seconds: number): Promise<boolean> {
    return this.#store.add(keyOf(directory, jti), '1', seconds)
  }

  async giveBack(directory: string, jti: string): Promise<void> {
    await this.#store.delete(keyOf(directory, jti))
  }
}
