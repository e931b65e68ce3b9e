/** The people who must show a fresh proof, shared by all gates through the store. Each session shows its own: the owner's lets no other go on. */
import { type Demand, proofSince, type Who } from '../budgets/demand.ts'
import type { Clock } from '../clock.ts'
import { anyFactor, kindsTaken, newestProof, type Proof, type ProofKind, takenAt } from '../factor/proof.ts'
import { RecordKind } from '../store/records.ts'
import { RecordTooNew, type Store, type StoreNotice } from '../store/store.ts'

interface Ask {
  /** A proof must be newer than this. */
  readonly at: number
  /** True after a suspension. That ended every session, so a sign-in since then is the answer. */
  readonly bySignIn?: true
}

export const askRecord = new RecordKind<Ask>({
  prefix: 'unusual:ask:',
  version: 1,
  read: ({ at, bySignIn }) =>
    Number.isSafeInteger(at) ? { at: at as number, ...(bySignIn === true && { bySignIn }) } : null
})

export function askDemand(at: number, now: number): Demand {
  return proofSince(at, now, 'unusual_proof_required', anyFactor)
}

/** An institution may not say when it checked the second factor, so the sign-in's time counts. */
const institutionKinds: readonly ProofKind[] = [...kindsTaken(anyFactor), 'directory']

/** When the newest proof that answers this was shown; 0 for none. A password alone never answers. */
export function answeredAt({ bySignIn }: Ask, proofs: readonly Proof[]): number {
  const isOfInstitution = bySignIn === true && proofs.some(({ kind }) => kind === 'institution')
  return isOfInstitution ? (newestProof(proofs, institutionKinds)?.at ?? 0) : takenAt(proofs, anyFactor)
}

/** In seconds; the demand outlives every session that began before it. */
const askedLonger = 3600
const maxKept = 20_000

export interface WaitingTransfer {
  readonly session: string
  onProved(): void
}

interface AsksOptions {
  readonly store: Store
  readonly clock: Clock
  /** Null if the session has ended. */
  readonly proofsNow: (session: string) => Promise<readonly Proof[] | null>
}

export type OnProved = (account: string, session: string, at: number) => void

export class Asks {
  /** The absolute limit, as configured. */
  sessionSeconds = 24 * 3600
  readonly #options: AsksOptions
  readonly #asked = new Map<string, Ask>()
  readonly #proved = new Map<string, number>()
  readonly #accountOf = new Map<string, string>()
  readonly #seen = new Set<string>()
  /** People about whom the store has not answered, or whose record a newer release wrote. */
  readonly #unknown = new Map<string, RecordTooNew | null>()
  readonly #waiting = new Map<string, Set<WaitingTransfer>>()
  readonly #loading = new Map<string, Promise<void>>()
  readonly #listeners = new Set<OnProved>()
  #unsubscribe: (() => void) | undefined

  constructor(options: AsksOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    const { store } = this.#options
    this.#unsubscribe = await store.subscribe(askRecord.prefix, notice => void this.#onNotice(notice))
  }

  stop(): void {
    this.#unsubscribe?.()
  }

  onProved(listener: OnProved): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Other gates learn of it from the store. Rejects if the store cannot be written. */
  async ask(account: string, at: number, bySignIn = false): Promise<void> {
    const ask: Ask = { at, ...(bySignIn && { bySignIn }) }
    this.#note(account, ask)
    await askRecord.put(this.#options.store, account, ask, this.#lifeSeconds)
  }

  /** Rejects with StoreUnreachable. */
  async load(account: string): Promise<void> {
    const ask = await askRecord.get(this.#options.store, account)
    if (ask !== null) this.#note(account, ask)
  }

  /** Since when the session owes a proof; null if it owes none. */
  askedOf(account: string, session: string, proofs: readonly Proof[]): number | null {
    this.#see(account)
    if (this.#asked.size === 0) return null
    const ask = this.#askOf(account)
    if (ask === null) return null
    this.#accountOf.set(session, account)
    const proved = Math.max(answeredAt(ask, proofs), this.#proved.get(session) ?? 0)
    if (proved < ask.at) return ask.at
    this.#noteProof(account, session, proved)
    return null
  }

  /** Nothing is asked of a program, which can confirm nothing. A guarded app stays closed while nobody can say whether a proof is asked. */
  demandOn(who: Who | null, isGuarded: boolean): Demand | null {
    if (who === null || who.session === null) return null
    const askedAt = this.askedOf(who.account, who.session, who.proofs)
    if (askedAt !== null) return askDemand(askedAt, this.#options.clock())
    const tooNew = isGuarded ? this.#unknown.get(who.account) : undefined
    return tooNew === undefined ? null : { kind: 'store_unreachable', tooNew }
  }

  /** Null once the store has answered about the person. The promise never rejects. */
  ready(account: string): Promise<void> | null {
    this.#see(account)
    return this.#loading.get(account) ?? null
  }

  holds(account: string, session: string): boolean {
    if (this.#asked.size === 0) return false
    const ask = this.#askOf(account)
    return ask !== null && (this.#proved.get(session) ?? 0) < ask.at
  }

  wait(waiting: WaitingTransfer): void {
    const all = this.#waiting.get(waiting.session) ?? new Set()
    all.add(waiting)
    this.#waiting.set(waiting.session, all)
  }

  leave(waiting: WaitingTransfer): void {
    const all = this.#waiting.get(waiting.session)
    all?.delete(waiting)
    if (all?.size === 0) this.#waiting.delete(waiting.session)
  }

  /** The change may be a proof. */
  async sessionChanged(session: string): Promise<void> {
    const account = this.#accountOf.get(session)
    if (account === undefined) return
    const proofs = await this.#options.proofsNow(session)
    if (proofs !== null) this.askedOf(account, session, proofs)
    else this.#accountOf.delete(session)
  }

  watch(account: string, session: string): void {
    this.#accountOf.set(session, account)
  }

  /** Another gate may have demanded a proof, so the store is asked once about each person. */
  #see(account: string): void {
    if (this.#seen.has(account)) return
    if (this.#seen.size >= maxKept) this.#seen.clear()
    this.#seen.add(account)
    const loading = this.load(account)
      .then(
        () => void this.#unknown.delete(account),
        error => {
          this.#seen.delete(account)
          const tooNew = error instanceof RecordTooNew ? error : null
          if (this.#unknown.size < maxKept) this.#unknown.set(account, tooNew)
        }
      )
      .finally(() => this.#loading.delete(account))
    this.#loading.set(account, loading)
  }

  get #lifeSeconds(): number {
    return this.sessionSeconds + askedLonger
  }

  #askOf(account: string): Ask | null {
    const ask = this.#asked.get(account)
    if (ask === undefined) return null
    if (Math.abs(this.#options.clock() - ask.at) <= this.#lifeSeconds * 1000) return ask
    this.#asked.delete(account)
    return null
  }

  #noteProof(account: string, session: string, at: number): void {
    if (this.#proved.get(session) === at) return
    this.#proved.set(session, at)
    if (this.#proved.size > maxKept) this.#proved.delete(this.#proved.keys().next().value as string)
    for (const listener of this.#listeners) listener(account, session, at)
    for (const waiting of [...(this.#waiting.get(session) ?? [])]) waiting.onProved()
  }

  #note(account: string, ask: Ask): void {
    const before = this.#asked.get(account)
    if (before === undefined || ask.at > before.at || (ask.at === before.at && before.bySignIn === true))
      this.#asked.set(account, ask)
  }

  async #onNotice(notice: StoreNotice): Promise<void> {
    if (notice.kind !== 'changed') return
    await this.load(notice.key.slice(askRecord.prefix.length)).catch(() => {})
  }
}
