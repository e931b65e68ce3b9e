/**
 * Ceremonies: a challenge that waits for its answer. Owns that it is good once, for a while, for one account and one browser
 * (THREATS W1, W2, W20); refuses to say which of these was amiss. The gate's clock ends it: the store's own may be another machine's.
 */
import { type Clock, isCurrent } from '../clock.ts'
import { isToken, newToken } from '../ids.ts'
import { changeValue } from '../store/change.ts'
import type { Store } from '../store/store.ts'

/** Whom a ceremony was begun for. `binding` is the session's id, or the browser's nonce before there is a session. */
export interface CeremonyOwner {
  /** Null where the answer will say who it is. */
  readonly accountId: string | null
  readonly binding: string
}

/** What the store holds: the details, and when they end. */
type Kept<Details> = Details & { readonly endsAt: number }

export class Ceremonies<Details extends CeremonyOwner> {
  readonly #store: Store
  readonly #clock: Clock
  readonly #kind: string
  readonly #seconds: number

  /** `kind` keeps the ceremonies of one factor from being answered as another's. */
  constructor({ store, clock }: { store: Store; clock: Clock }, kind: 'totp' | 'webauthn', seconds: number) {
    this.#store = store
    this.#clock = clock
    this.#kind = kind
    this.#seconds = seconds
  }

  /** Keeps the details and answers the handle that a form or a script carries. Worth nothing outside its binding. */
  async begin(details: Details): Promise<string> {
    const ceremony = newToken()
    const kept: Kept<Details> = { ...details, endsAt: this.#clock() + this.#seconds * 1000 }
    await this.#store.put(this.#keyOf(ceremony), JSON.stringify(kept), this.#seconds)
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

  /** The one that waits for this owner, if `makeCurrent` made it so and it is not over. */
  async current(owner: CeremonyOwner): Promise<{ ceremony: string; details: Details } | null> {
    const ceremony = await this.#store.get(this.#currentKeyOf(owner))
    const details = await this.look(ceremony, owner)
    return ceremony === null || details === null ? null : { ceremony, details }
  }

  /** Makes this the one that `current` answers. Where another one waits already, that one stays and is the answer. */
  async makeCurrent(owner: CeremonyOwner, ceremony: string): Promise<{ ceremony: string; details: Details } | null> {
    const stands = await changeValue(this.#store, this.#currentKeyOf(owner), async text => {
      const details = await this.look(text, owner)
      return text === null || details === null
        ? { next: ceremony, ttlSeconds: this.#seconds, result: null }
        : { result: { ceremony: text, details } }
    })
    if (stands !== null) await this.take(ceremony, owner)
    return stands
  }

  /** Notes that it ended with success, so that a second answer to it is recognised. */
  async finish(ceremony: string, owner: CeremonyOwner): Promise<void> {
    await this.#store.put(this.#finishedKeyOf(ceremony), ownerText(owner), this.#seconds)
  }

  /** True for one that ended with success a while ago, for its owner. */
  async isFinished(ceremony: unknown, owner: CeremonyOwner): Promise<boolean> {
    if (typeof ceremony !== 'string' || !isToken(ceremony)) return false
    return (await this.#store.get(this.#finishedKeyOf(ceremony))) === ownerText(owner)
  }

  #currentKeyOf(owner: CeremonyOwner): string {
    return `ceremony:${this.#kind}-of:${ownerText(owner)}`
  }

  #finishedKeyOf(ceremony: string): string {
    return `ceremony:${this.#kind}-done:${ceremony}`
  }

  #read(text: string | null, owner: CeremonyOwner): Details | null {
    // We wrote it and nobody else has the handle; a record that is not JSON is a broken store, and may throw.
    const kept = text === null ? null : (JSON.parse(text) as Kept<Details>)
    if (kept === null || !isCurrent(kept.endsAt, this.#seconds * 1000, this.#clock())) return null
    return kept.accountId === owner.accountId && kept.binding === owner.binding ? kept : null
  }

  #keyOf(ceremony: string): string {
    return `ceremony:${this.#kind}:${ceremony}`
  }
}

function ownerText({ accountId, binding }: CeremonyOwner): string {
  return `${accountId ?? ''}:${binding}`
}
