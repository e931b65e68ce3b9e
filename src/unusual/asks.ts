/**
 * The people who must show a fresh proof because something was unusual. All gates share them through the store. Each session of such a person
 * must show its own proof, so that the owner's proof lets no other session go on.
 */
import { type Demand, proofSince, type Who } from '../budgets/demand.ts'
import type { Clock } from '../clock.ts'
import { anyFactor, kindsTaken, newestProof, type Proof, type ProofKind, takenAt } from '../factor/proof.ts'
import { RecordKind } from '../store/records.ts'
import { RecordTooNew, type Store, type StoreNotice } from '../store/store.ts'

interface Ask {
  /** A proof must be newer than this. */
  readonly at: number
  /** True for somebody who was suspended: that ended every session, so whoever has signed in since was resumed, and has answered by it. */
  readonly bySignIn?: true
}

export const askRecord = new RecordKind<Ask>({
  prefix: 'unusual:ask:',
  version: 1,
  read: ({ at, bySignIn }) =>
    Number.isSafeInteger(at) ? { at: at as number, ...(bySignIn === true && { bySignIn }) } : null
})

/** `at`: since when a proof is asked. */
export function askDemand(at: number, now: number): Demand {
  return proofSince(at, now, 'unusual_proof_required', anyFactor)
}

/** A sign-in at an institution that has checked a second factor. It may not say when, so the time of the sign-in counts. */
const institutionKinds: readonly ProofKind[] = [...kindsTaken(anyFactor), 'directory']

/** When the newest proof was shown that can answer this; 0 for none. A password alone, of a directory too, never does. */
export function answeredAt({ bySignIn }: Ask, proofs: readonly Proof[]): number {
  const isOfInstitution = bySignIn === true && proofs.some(({ kind }) => kind === 'institution')
  return isOfInstitution ? (newestProof(proofs, institutionKinds)?.at ?? 0) : takenAt(proofs, anyFactor)
}

/** The demand outlives every session that began before it by so many seconds. A later sign-in shows a newer proof. */
const askedLonger = 3600
const maxKept = 20_000

export interface WaitingTransfer {
  readonly session: string
  /** Called when more may flow. */
  onProved(): void
}

interface AsksOptions {
  readonly store: Store
  readonly clock: Clock
  /** The proofs of a session now; null if it has ended. */
  readonly proofsNow: (session: string) => Promise<readonly Proof[] | null>
}

/** A session of an asked person has shown a proof, at this time. */
export type OnProved = (account: string, session: string, at: number) => void

export class Asks {
  /** The absolute limit of sessions under the present configuration, in seconds. */
  sessionSeconds = 24 * 3600
  readonly #options: AsksOptions
  readonly #asked = new Map<string, Ask>()
  /** When each session of an asked person has last shown a proof. */
  readonly #proved = new Map<string, number>()
  readonly #accountOf = new Map<string, string>()
  readonly #seen = new Set<string>()
  /** People about whom the store has not answered, or whose record a newer release has written. */
  readonly #unknown = new Map<string, RecordTooNew | null>()
  readonly #waiting = new Map<string, Set<WaitingTransfer>>()
  /** Reads of the store that are under way, by account. */
  readonly #loading = new Map<string, Promise<void>>()
  readonly #listeners = new Set<OnProved>()
  #unsubscribe: (() => void) | undefined

  constructor(options: AsksOptions) {
    this.#options = options
  }

  /** Reads what other gates have asked, and hears of more. */
  async start(): Promise<void> {
    const { store } = this.#options
    this.#unsubscribe = await store.subscribe(askRecord.prefix, notice => void this.#onNotice(notice))
  }

  stop(): void {
    this.#unsubscribe?.()
  }

  /** Returns the function that ends this. */
  onProved(listener: OnProved): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Demands a proof at once in this gate; other gates learn of it from the store. Rejects if the store cannot be written. */
  async ask(account: string, at: number, bySignIn = false): Promise<void> {
    const ask: Ask = { at, ...(bySignIn && { bySignIn }) }
    this.#note(account, ask)
    await askRecord.put(this.#options.store, account, ask, this.#lifeSeconds)
  }

  /** What the store says of a person whom this gate has not seen yet. */
  async load(account: string): Promise<void> {
    const ask = await askRecord.get(this.#options.store, account)
    if (ask !== null) this.#note(account, ask)
  }

  /** Since when a proof is asked of this session; null if none is. */
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

  /**
   * What must happen before a request of this person may pass: a proof by this very session. A program can confirm nothing, so nothing is asked
   * of it. A guarded app waits until somebody can say it.
   */
  demandOn(who: Who | null, isGuarded: boolean): Demand | null {
    if (who === null || who.session === null) return null
    const askedAt = this.askedOf(who.account, who.session, who.proofs)
    if (askedAt !== null) return askDemand(askedAt, this.#options.clock())
    const tooNew = isGuarded ? this.#unknown.get(who.account) : undefined
    return tooNew === undefined ? null : { kind: 'store_unreachable', tooNew }
  }

  /** Null once this gate has asked the store about the person. Until then a promise that resolves with the answer or a failure, and never rejects. */
  ready(account: string): Promise<void> | null {
    this.#see(account)
    return this.#loading.get(account) ?? null
  }

  /** True if what this session fetches must wait. */
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

  /** Call it when a session has changed, because the change may be a proof. */
  async sessionChanged(session: string): Promise<void> {
    const account = this.#accountOf.get(session)
    if (account === undefined) return
    const proofs = await this.#options.proofsNow(session)
    if (proofs !== null) this.askedOf(account, session, proofs)
    else this.#accountOf.delete(session)
  }

  /** A flow says by it that this session belongs to an asked person. */
  watch(account: string, session: string): void {
    this.#accountOf.set(session, account)
  }

  /** Asks the store once about each person, because another gate may have demanded a proof. */
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
