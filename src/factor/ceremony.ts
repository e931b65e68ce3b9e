/**
 * Ceremonies: a challenge that waits for its answer. Owns that it is good once, for a while, for one account and one browser
 * (THREATS W1, W2, W20); refuses to say which of these was amiss.
 */
import { isToken, newToken } from '../session/token.ts'
import type { Store } from '../store/store.ts'

/** Whom a ceremony was begun for. `binding` is the session's id, or the browser's nonce before there is a session. */
export interface CeremonyOwner {
  /** Null where the answer will say who it is. */
  readonly accountId: string | null
  readonly binding: string
}

export class Ceremonies<Details extends CeremonyOwner> {
  readonly #store: Store
  readonly #kind: string
  readonly #seconds: number

  /** `kind` keeps the ceremonies of one factor from being answered as another's. */
  constructor(store: Store, kind: 'totp' | 'webauthn', seconds: number) {
    this.#store = store
    this.#kind = kind
    this.#seconds = seconds
  }

  /** Keeps the details and answers the handle that a form or a script carries. Worth nothing outside its binding. */
  async begin(details: Details): Promise<string> {
    const ceremony = newToken()
    await this.#store.put(this.#keyOf(ceremony), JSON.stringify(details), this.#seconds)
    return ceremony
  }

  /** The details, while it waits. Null where it is over, unknown or somebody else's. */
  async look(ceremony: unknown, owner: CeremonyOwner): Promise<Details | null> {
    if (typeof ceremony !== 'string' || !isToken(ceremony)) return null
    return this.#read(await this.#store.get(this.#keyOf(ceremony)), owner)
  }

  /** Ends it, whoever asks and whatever comes of the answer: of any number of callers, its owner hears the details once. */
  async take(ceremony: unknown, owner: CeremonyOwner): Promise<Details | null> {
    if (typeof ceremony !== 'string' || !isToken(ceremony)) return null
    return this.#read(await this.#store.take(this.#keyOf(ceremony)), owner)
  }

  #read(text: string | null, owner: CeremonyOwner): Details | null {
    // We wrote it and nobody else has the handle; a record that is not JSON is a broken store, and may throw.
    const details = text === null ? null : (JSON.parse(text) as Details)
    return details !== null && details.accountId === owner.accountId && details.binding === owner.binding
      ? details
      : null
  }

  #keyOf(ceremony: string): string {
    return `ceremony:${this.#kind}:${ceremony}`
  }
}
