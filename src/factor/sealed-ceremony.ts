/**
 * Ceremonies that nobody is signed in for yet: the challenge travels sealed in its own handle, so that whoever only asks for one leaves
 * nothing in the store (THREATS D15). Owns that it is good once, for a while and in one browser; refuses to say which of these was amiss.
 */
import { type Clock, isCurrent } from '../clock.ts'
import { type Keyring, KeyringError } from '../keyring/keyring.ts'
import type { Store } from '../store/store.ts'
import type { Pending } from './webauthn-rules.ts'

const context = 'ceremony:webauthn:login'
/** A sealed handle has some 400 characters; nothing longer is looked at. */
const longest = 2048

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

  /** The handle for a script to carry. Nothing is kept of it. */
  begin(pending: Pending): string {
    const sealed: Sealed = { ...pending, expiresAt: this.#clock() + this.#seconds * 1000 }
    return this.#keyring().seal(JSON.stringify(sealed), context)
  }

  /** What the handle holds, in the browser it was made for and in time; null otherwise. It is not spent by being looked at. */
  look(handle: unknown, binding: string): Sealed | null {
    if (typeof handle !== 'string' || handle.length > longest) return null
    try {
      // What the seal vouches for, we wrote.
      const sealed = JSON.parse(this.#keyring().open(handle, context)) as Sealed
      return sealed.binding === binding && isCurrent(sealed.expiresAt, this.#seconds * 1000, this.#clock())
        ? sealed
        : null
    } catch (error) {
      if (error instanceof KeyringError) return null
      throw error
    }
  }

  /** Ends it: true for the one caller who spends this challenge. By the challenge, since one handle can be spelled in several ways. */
  spend({ challenge, expiresAt }: Sealed): Promise<boolean> {
    // A minute longer than it is good, for gates whose clocks differ.
    const seconds = (expiresAt - this.#clock()) / 1000 + 60
    return this.#store.add(`ceremony-spent:webauthn:${challenge}`, '1', seconds)
  }
}
