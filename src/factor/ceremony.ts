/** Pending ceremonies: each is valid once, for a limited time, for one account and one browser (THREATS W1, W2, W20). The gate's clock ends them. */
import { type Clock, isCurrent } from '../clock.ts'
import { isToken, newToken } from '../ids.ts'
import { changeValue } from '../store/change.ts'
import { type Loose, RecordKind } from '../store/records.ts'
import type { Store } from '../store/store.ts'
import type { FactorKind } from './kinds.ts'

/** `binding`: the session's id, or before sign-in the browser's nonce. */
export interface CeremonyOwner {
  /** Null if only the answer names the account. */
  readonly accountId: string | null
  readonly binding: string
}

type Kept<Details> = Details & { readonly endsAt: number }

/** Its id is the handle. `isRight` checks the factor's own fields. */
export function ceremonyRecord<Details extends CeremonyOwner>(
  factor: FactorKind,
  isRight: (record: Loose) => boolean
): RecordKind<Kept<Details>> {
  return new RecordKind({
    prefix: `ceremony:${factor}:`,
    version: 1,
    isIdSecret: true,
    read: record =>
      (record.accountId === null || typeof record.accountId === 'string') &&
      typeof record.binding === 'string' &&
      typeof record.endsAt === 'number' &&
      isRight(record)
        ? (record as unknown as Kept<Details>)
        : null
  })
}

export class Ceremonies<Details extends CeremonyOwner> {
  readonly #store: Store
  readonly #clock: Clock
  readonly #record: RecordKind<Kept<Details>>
  readonly #seconds: number

  /** Each factor has its own record, so that no ceremony serves another. */
  constructor({ store, clock }: { store: Store; clock: Clock }, record: RecordKind<Kept<Details>>, seconds: number) {
    this.#store = store
    this.#clock = clock
    this.#record = record
    this.#seconds = seconds
  }

  /** Returns the handle, which is valid only with its binding. */
  async begin(details: Details): Promise<string> {
    const ceremony = newToken()
    const kept: Kept<Details> = { ...details, endsAt: this.#clock() + this.#seconds * 1000 }
    await this.#record.put(this.#store, ceremony, kept, this.#seconds)
    return ceremony
  }

  /** Null if the ceremony is over, unknown or another owner's. */
  async look(ceremony: unknown, owner: CeremonyOwner): Promise<Details | null> {
    if (typeof ceremony !== 'string' || !isToken(ceremony)) return null
    return this.#ofOwner(await this.#record.get(this.#store, ceremony), owner)
  }

  /** Only the first of parallel calls gets the details. */
  async take(ceremony: unknown, owner: CeremonyOwner): Promise<Details | null> {
    if (typeof ceremony !== 'string' || !isToken(ceremony)) return null
    return this.#ofOwner(await this.#record.take(this.#store, ceremony), owner)
  }

  /** See `makeCurrent`. */
  async current(owner: CeremonyOwner): Promise<{ ceremony: string; details: Details } | null> {
    const ceremony = await this.#store.get(this.#currentKeyOf(owner))
    const details = await this.look(ceremony, owner)
    return ceremony === null || details === null ? null : { ceremony, details }
  }

  /** Makes this ceremony current unless another is pending, which it then returns. */
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

  /** Notes the end, so that a repeated answer is recognised. */
  async finish(ceremony: string, owner: CeremonyOwner): Promise<void> {
    await this.#store.put(this.#finishedKeyOf(ceremony), ownerText(owner), this.#seconds)
  }

  async isFinished(ceremony: unknown, owner: CeremonyOwner): Promise<boolean> {
    if (typeof ceremony !== 'string' || !isToken(ceremony)) return false
    return (await this.#store.get(this.#finishedKeyOf(ceremony))) === ownerText(owner)
  }

  #currentKeyOf(owner: CeremonyOwner): string {
    return `${this.#prefix}-of:${ownerText(owner)}`
  }

  #finishedKeyOf(ceremony: string): string {
    return `${this.#prefix}-done:${ceremony}`
  }

  get #prefix(): string {
    return this.#record.prefix.slice(0, -1)
  }

  #ofOwner(kept: Kept<Details> | null, owner: CeremonyOwner): Details | null {
    if (kept === null || !isCurrent(kept.endsAt, this.#seconds * 1000, this.#clock())) return null
    return kept.accountId === owner.accountId && kept.binding === owner.binding ? kept : null
  }
}

function ownerText({ accountId, binding }: CeremonyOwner): string {
  return `${accountId ?? ''}:${binding}`
}
