/** The budgets of one process. A request costs no trip to the store (settlements.ts). */
import { type Clock, perTurn } from '../clock.ts'
import type { Proof } from '../factor/proof.ts'
import { type ClockJump, ClockJumps } from '../metering/clock-jumps.ts'
import { hashOfPath } from '../metering/distinct-paths.ts'
import type { ObservedFlow } from '../metering/observed-flow.ts'
import type { RecordTooNew, Store, StoreNotice } from '../store/store.ts'
import { type Budget, concerns, has } from './budget.ts'
import { CountedFlow } from './counted-flow.ts'
import type { Demand, Who } from './demand.ts'
import { type Happening, type Mode, ownAt, readLedger, type Settlement } from './ledger.ts'
import { demandOfLedger } from './ledger-demand.ts'
import { passingKey, passingPrefix } from './ledger-record.ts'
import { Meter } from './meter.ts'
import { roomOf } from './room.ts'
import { Settlements, tickMs } from './settlements.ts'
import { isStanding } from './standing.ts'
import { subjectOf } from './subject.ts'

/** One gate of all reports what happened to a budget. */
export interface Passing {
  readonly budget: Budget
  readonly subject: string
  readonly account: string | null
  readonly happening: Happening
  readonly spent: number
  /** The part of `spent` without led requests. */
  readonly own: number
  readonly limit: number
  readonly isSuspending: boolean
  /** True if led requests alone have saved the account from a suspension. */
  readonly isSpared: boolean
  readonly at: number
}

export interface BudgetsOptions {
  readonly store: Store
  readonly clock: Clock
  /** Journal, notices and suspensions. It must not reject. */
  readonly act: (passing: Passing) => Promise<void>
  readonly cutAll: (budget: Budget, subject: string) => void
  /** Whose session it is, and its proofs; null if it has ended. */
  readonly standingNow: (session: string) => Promise<Pick<Who, 'account' | 'proofs'> | null>
  readonly onTrouble: (error: unknown) => void
  /** Called once. Newer counts are left alone. */
  readonly onTooNew: (error: RecordTooNew) => void
  /** Milliseconds of a clock that nobody can set. Without it, jumps are not noticed. */
  readonly running?: Clock | undefined
  readonly onClockJump?: (jump: ClockJump) => void
  readonly isShared: boolean
}

interface Spending {
  readonly app: string
  readonly path: string
  /** Null for a stranger. */
  readonly who: Who | null
  /** True if the app refuses where the store does not answer. */
  readonly isGuarded: boolean
  /** False for `enforce: report`. */
  readonly isEnforced: boolean
  readonly isLed: boolean
}

interface AskedApp {
  readonly id: string
  readonly isGuarded?: boolean
}

const nobody: readonly Proof[] = []

interface Spends {
  readonly meters: readonly Meter[]
  /** The proofs that all these meters have noted. */
  noted: readonly Proof[] | null
}

const nothing: Spends = { meters: [], noted: null }
/** Ticks without use after which a meter leaves the memory; `passed`: one that may hold or cut. */
const maxIdleTicks = { passed: 1_200, within: 120 } as const
const forgetTicks = 60
const passingSeconds = 60
/** `Retry-After` where this process refuses because the store does not answer. */
const aloneSeconds = 2

export class Budgets {
  readonly #options: BudgetsOptions
  readonly #settlements: Settlements
  readonly #jumps: ClockJumps | null
  /** By budget and subject. */
  readonly #meters = new Map<string, Map<string, Meter>>()
  /** By app and session ('' for strangers), so that a request looks up one thing. */
  readonly #spendsOf = new Map<string, Map<string, Spends>>()
  readonly #clock: Clock
  #budgets: readonly Budget[] = []
  #timer: NodeJS.Timeout | undefined
  #ticks = 0
  #unsubscribe: (() => void) | undefined
  /** What the posture leaves of each amount; null for all apps. */
  scale: (app: string | null) => number = () => 1

  constructor(options: BudgetsOptions) {
    this.#options = options
    this.#clock = perTurn(options.clock)
    this.#jumps = options.running === undefined ? null : new ClockJumps(options.clock, options.running)
    this.#settlements = new Settlements({
      store: options.store,
      clock: options.clock,
      scale: ({ budget }) => this.scale(budget.app),
      onSettled: (meter, before, settlement) => this.#onSettled(meter, before, settlement),
      onTrouble: options.onTrouble,
      onTooNew: options.onTooNew,
      isShared: options.isShared
    })
  }

  get all(): readonly Budget[] {
    return this.#budgets
  }

  /** Exchanges that wait for a proof now. */
  get held(): number {
    return this.#settlements.waiting.reduce((sum, { mode, waiting }) => sum + (mode === 'hold' ? waiting.length : 0), 0)
  }

  async start(): Promise<void> {
    this.#unsubscribe ??= await this.#options.store.subscribe(passingPrefix, notice => this.#onNotice(notice))
  }

  /** `own`: the budgets of rules. What stays keeps its counts, and what waits for a removed budget goes on. */
  configure(budgets: readonly Budget[], own: readonly Budget[] = []): void {
    this.#budgets = budgets
    this.#spendsOf.clear()
    // A running transfer keeps its budget when another rule with `freshFor` replaces its own.
    const isReplaced = ({ isPerProof, app }: Budget) => isPerProof && own.some(budget => budget.app === app)
    for (const [id, meters] of this.#meters) {
      const found = budgets.find(budget => budget.id === id) ?? own.find(budget => budget.id === id)
      for (const meter of meters.values())
        if (found !== undefined) meter.budget = found
        else if (meter.budget.isQuota !== true && !isReplaced(meter.budget))
          meter.budget = { ...meter.budget, steps: [] }
    }
    for (const meter of [...this.#settlements.waiting]) this.#settlements.wake(meter)
  }

  /** Null if no budget concerns the exchange. `own`: the rule's `freshFor`. */
  open(spending: Spending, own: Budget | null, observed: ObservedFlow | null): CountedFlow | null {
    const { app, who, path, isLed } = spending
    const spends = this.#spendsAt(app, who)
    const ownMeter = own === null ? null : this.#meter(own, app, who)
    const meters = ownMeter === null ? spends.meters : [...spends.meters, ownMeter]
    if (meters.length === 0) return null
    const now = this.#clock()
    const flow = new CountedFlow(spending, meters, this.#settlements, this.#clock, observed)
    const account = who === null ? null : who.account
    const isNoted = spends.noted === flow.proofs && ownMeter === null
    for (const meter of meters) {
      if (isNoted) meter.use(account)
      else meter.note(flow, account)
      this.#begin(meter, path, isLed, now)
    }
    if (spends !== nothing) spends.noted = flow.proofs
    return flow
  }

  /** The demand by what this process knows; null for none. */
  demandOn(app: AskedApp, who: Who | null, own: Budget | null): Demand | null {
    if (this.#settlements.areAllQuiet) return null
    for (const meter of this.#spendsAt(app.id, who).meters) {
      const demand = this.#demandOf(meter, app, who)
      if (demand !== null) return demand
    }
    const ownMeter = own === null ? null : this.#meter(own, app.id, who)
    return ownMeter === null ? null : this.#demandOf(ownMeter, app, who)
  }

  /** Null if this process knows all counts that may stop the person. The promise never rejects. */
  ready(app: string, who: Who): Promise<unknown> | null {
    const { meters } = this.#spendsAt(app, who)
    if (!meters.some(isUnknown)) return null
    return Promise.all(meters.filter(isUnknown).map(meter => this.#settlements.settled(meter)))
  }

  get hasRoom(): boolean {
    return this.#settlements.isNoneTight
  }

  /**
   * Null if a request may begin; otherwise a promise that resolves when there is room, or surely none, and never rejects. Without it any number of small
   * responses could pass while the store is asked. A request without a body waits for no budget of what people send, and a counted path for none of
   * distinct paths.
   */
  room(
    app: AskedApp,
    who: Who | null,
    own: readonly (Budget | null)[],
    { hasBody, path }: { readonly hasBody: boolean; readonly path: string }
  ): Promise<unknown> | null {
    if (this.hasRoom) return null
    const tight = this.#spendsAt(app.id, who).meters.filter(meter => stops(meter, hasBody))
    for (const budget of own) {
      const subject = budget === null ? null : subjectOf(budget, app.id, who)
      const meter = subject === null ? undefined : this.#meters.get((budget as Budget).id)?.get(subject)
      if (meter !== undefined && stops(meter, hasBody)) tight.push(meter)
    }
    if (tight.length === 0) return null
    const { clock } = this.#options
    const hash = hashOfPath(path)
    const needed = tight.filter(meter => !meter.isCounted(hash, clock()))
    if (needed.length === 0) return null
    return Promise.all(needed.map(meter => roomOf(meter, app.isGuarded === true, hash, this.#settlements, clock)))
  }

  /** A proof counts even if no transfer waits, because the person may have been asked before. */
  async sessionChanged(session: string): Promise<void> {
    if (this.#settlements.areAllQuiet) return
    const standing = await this.#options.standingNow(session)
    this.#settlements.noteShown(session, standing?.proofs ?? null)
    if (standing === null) return
    const { account, proofs } = standing
    const flows = new Set<CountedFlow>()
    for (const { waiting } of this.#settlements.waiting)
      for (const by of waiting) if (by instanceof CountedFlow && by.session === session) flows.add(by)
    for (const flow of flows) {
      flow.prove(proofs)
      flow.goOn()
    }
    for (const meter of this.#settlements.loud) {
      const { per } = meter.budget
      const isTheirs = meter.subject === (per === 'person' ? account : per === 'session' ? session : null)
      if (isTheirs && meter.prove(proofs, this.#options.clock())) this.#settlements.settle(meter)
    }
  }

  tick(): void {
    this.#followClock()
    this.#settlements.tick()
    if (++this.#ticks % forgetTicks === 0) this.#forget()
  }

  flush(): Promise<void> {
    return this.#settlements.flush()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#unsubscribe?.()
    await this.flush()
  }

  #demandOf(meter: Meter, app: AskedApp, who: Who | null): Demand | null {
    if (!meter.isStrict) return null
    if (meter.cutOffAt !== null) {
      this.#settlements.retry(meter)
      if (app.isGuarded) return { kind: 'store_unreachable', tooNew: meter.tooNew }
      const may = meter.mayFlowAlone(this.#options.clock())
      const isQuota = meter.budget.isQuota === true
      return may === 'flow' ? null : { kind: 'refuse', retryAfterSeconds: aloneSeconds, isQuota }
    }
    const { ledger, budget } = meter
    if (ledger === null) return null
    return demandOfLedger(ledger, budget, who?.proofs ?? nobody, this.#options.clock(), this.scale(budget.app))
  }

  #spendsAt(app: string, who: Who | null): Spends {
    if (this.#budgets.length === 0) return nothing
    const session = who === null ? '' : (who.session ?? `token:${who.token}`)
    const known = this.#spendsOf.get(app)?.get(session)
    if (known !== undefined) return known
    const meters: Meter[] = []
    for (const budget of this.#budgets) {
      const meter = concerns(budget, app) ? this.#meter(budget, app, who) : null
      if (meter !== null) meters.push(meter)
    }
    const ofApp = this.#spendsOf.get(app) ?? new Map<string, Spends>()
    const spends: Spends = { meters, noted: null }
    this.#spendsOf.set(app, ofApp.set(session, spends))
    return spends
  }

  #meter(budget: Budget, app: string, who: Who | null): Meter | null {
    const subject = subjectOf(budget, app, who)
    if (subject === null) return null
    let meters = this.#meters.get(budget.id)
    if (meters === undefined) {
      meters = new Map()
      this.#meters.set(budget.id, meters)
    }
    let meter = meters.get(subject)
    if (meter === undefined) {
      meter = new Meter(budget, subject, this.#options.isShared ? this.#options.clock : null)
      meters.set(subject, meter)
      this.#timer ??= setInterval(() => this.tick(), tickMs).unref()
    }
    return meter
  }

  /** An unread ledger is read in the background. */
  #begin(meter: Meter, path: string, isLed: boolean, now: number): void {
    const isOfPaths = meter.counted === 'distinctPaths'
    if (meter.counted === 'requests') meter.spend(1, now, isLed)
    const isCounted = isOfPaths ? meter.addPath(hashOfPath(path), now, isLed) : meter.counted === 'requests'
    if (isCounted) this.#settlements.noteSpent(meter)
    if (!meter.isStrict) return
    const isAsking = !meter.isKnown || meter.mode !== 'within'
    if (!isAsking && isCounted && meter.isOverCount(now, this.scale(meter.budget.app))) meter.isOver = true
    if (!isAsking && !(isCounted && meter.isOver)) return
    this.#settlements.settle(meter)
    this.#settlements.noteTight(meter)
  }

  async #onSettled(meter: Meter, before: Mode, settlement: Settlement): Promise<void> {
    const { mode, happened } = settlement
    const { budget, subject, account, ledger } = meter
    if (mode === 'cut' && before !== 'cut' && has(budget, 'cut')) this.#options.cutAll(budget, subject)
    if (happened.length === 0 || ledger === null) return
    const { store, clock, act } = this.#options
    const at = clock()
    const { spent, limit } = readLedger(ledger, budget, at, this.scale(budget.app))
    // Other gates hear of the key, and look at the ledger.
    await store.put(passingKey(meter.id), String(at), passingSeconds).catch(() => {})
    const own = ownAt(ledger, budget, at)
    for (const happening of happened) {
      const isLast = happening !== 'bought' && happening === happened.at(-1)
      const isSuspending = isLast && settlement.isSuspending
      const isSpared = isLast && settlement.isSpared
      await act({ budget, subject, account, happening, spent, own, limit, isSuspending, isSpared, at })
    }
  }

  #onNotice(notice: StoreNotice): void {
    if (notice.kind !== 'changed') return
    const id = notice.key.slice(passingPrefix.length)
    for (const [budget, meters] of this.#meters) {
      if (!id.startsWith(`${budget}:`)) continue
      const meter = meters.get(id.slice(budget.length + 1))
      if (meter !== undefined) this.#settlements.settle(meter)
    }
  }

  #followClock(): void {
    const jump = this.#jumps?.look() ?? null
    if (jump === null) return
    this.#settlements.clockJumped(jump)
    this.#spendsOf.clear()
    for (const meters of this.#meters.values())
      for (const meter of meters.values()) {
        meter.move(jump)
        // By the new clock, the store may drop the record too early.
        if (meter.ledger !== null) this.#settlements.noteMoved(meter)
      }
    this.#options.onClockJump?.(jump)
  }

  #forget(): void {
    const now = this.#options.clock()
    this.#spendsOf.clear()
    for (const meters of this.#meters.values())
      for (const [subject, meter] of meters) {
        meter.idleTicks += forgetTicks
        const isIdle = meter.users === 0 && meter.idleTicks >= maxIdleTicks[meter.isQuiet ? 'within' : 'passed']
        // Without its meter, a stopped person would be let in until the ledger is read.
        if (!isIdle || isStanding(meter, now) || meter.isDirty || meter.isSettling || meter.waiting.length > 0) continue
        meters.delete(subject)
        this.#settlements.forget(meter)
      }
  }
}

function isUnknown({ isStrict, ledger, cutOffAt }: Meter): boolean {
  return isStrict && ledger === null && cutOffAt === null
}

function stops({ isTight, budget, counted, mode }: Meter, hasBody: boolean): boolean {
  const isOfSent = budget.direction === 'in' && (counted === 'bytes' || mode === 'slow')
  return isTight && (hasBody || !isOfSent)
}
