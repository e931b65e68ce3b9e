/** Ceremonies before sign-in. The handle holds the sealed challenge, so a request stores nothing (THREATS D15). */
import { type Clock, isCurrent } from '../clock.ts'
import { type Keyring, KeyringError } from '../keyring/keyring.ts'
import type { Store } from '../store/store.ts'
import type { Pending } from './webauthn-rules.ts'

const context = 'ceremony:webauthn:login'
/** A handle has some 400 characters. */
const maxLength = 2048

interface Sealed extends Pending {
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

export class SealedCeremonies {
  readonly #store: Store
  readonly #clock: Clock
  readonly #keyring: () => Keyring
  readonly #seconds: number

  constructor(input: { store: Store; clock: Clock; keyring: () => Keyring; seconds: number }) {
    this.#store = input.store
    this.#clock = input.clock
    this.#keyring = input.keyring
    this.#seconds = input.seconds
  }

  begin(pending: Pending): string {
    const sealed: Sealed = { ...pending, expiresAt: this.#clock() + this.#seconds * 1000 }
    return this.#keyring().seal(JSON.stringify(sealed), context)
  }

  /** Null for another browser, or after the end. */
  look(handle: unknown, binding: string): Sealed | null {
    if (typeof handle !== 'string' || handle.length > maxLength) return null
    try {
      // Sealed content is trusted.
      const sealed = JSON.parse(this.#keyring().open(handle, context)) as Sealed
      return sealed.binding === binding && isCurrent(sealed.expiresAt, this.#seconds * 1000, this.#clock())
        ? sealed
        : null
    } catch (error) {
      if (error instanceof KeyringError) return null
      throw error
    }
  }

  /** True for the one caller who spends it. The challenge is the key, since a handle has several spellings. */
  spend({ challenge, expiresAt }: Sealed): Promise<boolean> {
    // Clocks of gates differ.
    const seconds = (expiresAt - this.#clock()) / 1000 + 60
    return this.#store.add(`ceremony-spent:webauthn:${challenge}`, '1', seconds)
  }
}
