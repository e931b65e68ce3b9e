/** The traffic between a process's meters and their ledgers in the store. */
import type { Clock } from '../clock.ts'
import type { Proof } from '../factor/proof.ts'
import { newId } from '../ids.ts'
import type { ClockJump } from '../metering/clock-jumps.ts'
import { changeKnown } from '../store/change.ts'
import { RecordTooNew, type Store } from '../store/store.ts'
import type { FlowKeeper } from './counted-flow.ts'
import { isBefore, type Ledger, type Mode, movedWith, type Report, type Settlement, settle } from './ledger.ts'
import { ledgerRecord, ledgerSeconds } from './ledger-record.ts'
import type { Meter } from './meter.ts'
import type { Spender } from './spender.ts'
import { settleRest, type Unanswered, withUnanswered } from './unanswered.ts'

interface SettlementsOptions {
  readonly store: Store
  readonly clock: Clock
  readonly scale: (meter: Meter) => number
  readonly onSettled: (meter: Meter, before: Mode, settlement: Settlement) => Promise<void>
  /** Null when the store answers again. */
  readonly onTrouble: (error: unknown) => void
  /** Called once, for a newer release's ledger. */
  readonly onTooNew: (error: RecordTooNew) => void
  readonly isShared: boolean
}

export const tickMs = 250
/** Ticks between reports: other gates know a count within a second. */
const reportTicks = { shared: 2, alone: 8 } as const
/** Ticks between reports of small growth that no other process reads; a killed process loses so much. */
const fullTicks = 40
/** The reports of one event-loop turn: a thousand people's would delay every request. */
const sliceMs = 0.3
const maxShown = 10_000
const maxRunning = 200

export class Settlements implements FlowKeeper {
  readonly #options: SettlementsOptions
  readonly #process = newId()
  #dirty: Meter[] = []
  #due: Meter[] = []
  #slice: NodeJS.Immediate | undefined
  #waiting: Meter[] = []
  /** Meters that may ask for a proof, or hold something. */
  readonly #loud = new Set<Meter>()
  readonly #tight = new Set<Meter>()
  /** Meters that have let waiting requests begin since the last tick. */
  readonly #woken = new Set<Meter>()
  readonly #running = new Map<Meter, Promise<void>>()
  readonly #unanswered = new WeakMap<Meter, readonly Unanswered[]>()
  #ticks = 0
  /** Counts with little growth are reported too. */
  #isFull = true
  /** Sessions' proofs since a budget asks. */
  readonly #shown = new Map<string, readonly Proof[]>()
  #isInTrouble = false
  #hasTooNew = false
  #jump: ClockJump | null = null

  constructor(options: SettlementsOptions) {
    this.#options = options
  }

  /** Ledgers move with the clock, unless written since. */
  clockJumped(jump: ClockJump): void {
    this.#jump = jump
  }

  /** No budget asks or holds, so most requests need no further look. */
  get areAllQuiet(): boolean {
    return this.#loud.size === 0
  }

  get loud(): Iterable<Meter> {
    return this.#loud
  }

  /** Null for an ended session. */
  noteShown(session: string, proofs: readonly Proof[] | null): void {
    this.#shown.delete(session)
    if (proofs === null) return
    this.#shown.set(session, proofs)
    if (this.#shown.size > maxShown) this.#shown.delete(this.#shown.keys().next().value as string)
  }

  shownBy(session: string): readonly Proof[] | undefined {
    return this.#shown.get(session)
  }

  get isNoneTight(): boolean {
    return this.#tight.size === 0
  }

  /** After a change that may have made the meter tight. */
  noteTight(meter: Meter): void {
    if (meter.isTight) this.#tight.add(meter)
    else this.#tight.delete(meter)
  }

  forget(meter: Meter): void {
    this.#tight.delete(meter)
    this.#loud.delete(meter)
  }

  get waiting(): readonly Meter[] {
    return this.#waiting
  }

  noteSpent(meter: Meter): void {
    meter.idleTicks = 0
    this.#markDirty(meter)
    if (meter.isTight) this.#tight.add(meter)
    if (meter.isStrict && meter.isRunningLow && !meter.isBusy && meter.cutOffAt === null) this.settle(meter)
  }

  noteMoved(meter: Meter): void {
    meter.isMoved = true
    this.#markDirty(meter)
  }

  wait(meter: Meter, by: Spender, isUrgent: boolean): void {
    if (meter.waiting.length === 0) this.#waiting.push(meter)
    if (!meter.waiting.includes(by)) meter.waiting = [...meter.waiting, by]
    if (isUrgent) this.settle(meter)
  }

  leave(meter: Meter, by: Spender): void {
    if (!meter.waiting.includes(by)) return
    meter.waiting = meter.waiting.filter(other => other !== by)
    if (meter.waiting.length === 0) this.#waiting = this.#waiting.filter(other => other !== meter)
  }

  /** Exchanges ask again, and new requests begin in their order while there is room. */
  wake(meter: Meter): void {
    if (meter.waiting.length === 0) return
    let places = this.#placesIn(meter)
    const now = this.#options.clock()
    const needsNone = ({ isNew, path }: Spender) => isNew !== true || (path !== undefined && meter.isCounted(path, now))
    for (const by of meter.waiting) if (needsNone(by) || places-- > 0) by.goOn()
  }

  /** One at least between two ticks, because running exchanges may last for long. */
  #placesIn(meter: Meter): number {
    if (meter.isTight) return 0
    const least = this.#woken.has(meter) ? 0 : 1
    this.#woken.add(meter)
    return Math.max(least, meter.mayBegin(this.#options.clock(), this.#options.scale(meter)))
  }

  beginNext(meter: Meter): void {
    meter.waiting.find(({ isNew }) => isNew)?.goOn()
  }

  tick(): void {
    const isReport = ++this.#ticks % reportTicks[this.#options.isShared ? 'shared' : 'alone'] === 0
    const now = this.#options.clock()
    this.#woken.clear()
    for (const meter of [...this.#waiting]) {
      const isDue = meter.askAgainAt !== null && now >= meter.askAgainAt
      // A grant may have ended while requests wait.
      const isOver = meter.mode === 'within' && meter.isUsedUp && !meter.isSettling
      if (meter.cutOffAt === null && (meter.isBusy || isDue || isOver)) this.settle(meter)
      else this.wake(meter)
      if (meter.tooNew !== null) this.retry(meter)
    }
    if (!isReport && !this.#isInTrouble) return
    this.#isFull = this.#options.isShared || this.#isInTrouble || this.#ticks % fullTicks === 0
    if (this.#due.length === 0) this.#takeDirty()
    this.#reportSlice(sliceMs)
  }

  /** Resolves once all is in the store, or the store has failed. */
  async flush(): Promise<void> {
    this.#isFull = true
    this.#takeDirty()
    this.#reportSlice(Number.POSITIVE_INFINITY)
    while (this.#running.size > 0) await Promise.all(this.#running.values())
    if (this.#due.length > 0) await this.flush()
  }

  settle(meter: Meter): void {
    if (meter.isSettling) {
      meter.mustSettle = true
      return
    }
    meter.isSettling = true
    const running = this.#settleNow(meter).finally(() => {
      this.#running.delete(meter)
      this.#goOnReporting()
      meter.isSettling = false
      const isAgain = meter.mustSettle && meter.cutOffAt === null
      meter.mustSettle = false
      if (isAgain) this.settle(meter)
      this.noteTight(meter)
    })
    this.#running.set(meter, running)
  }

  /** Looks again at an unusable record. While the store is away, reports try anyway. */
  retry(meter: Meter): void {
    if (!this.#isInTrouble) this.settle(meter)
  }

  async settled(meter: Meter): Promise<void> {
    this.settle(meter)
    await this.#running.get(meter)
  }

  #markDirty(meter: Meter): void {
    if (meter.isDirty) return
    meter.isDirty = true
    this.#dirty.push(meter)
  }

  /** While the store is away, one meter tries for all. */
  #takeDirty(): void {
    if (!this.#isInTrouble) this.#due = this.#due.concat(this.#dirty.splice(0))
    else if (this.#due.length === 0) this.#due = this.#dirty.splice(0, 1)
  }

  #reportSlice(forMs: number): void {
    clearImmediate(this.#slice)
    this.#slice = undefined
    const end = performance.now() + forMs
    while (this.#due.length > 0 && this.#running.size < maxRunning && performance.now() < end) {
      const meter = this.#due.pop() as Meter
      if (!this.#isFull && !meter.hasGrown(this.#options.clock(), this.#options.scale(meter))) {
        this.#dirty.push(meter)
        continue
      }
      meter.isDirty = false
      if (meter.hasNews) this.settle(meter)
    }
    this.#goOnReporting()
  }

  #goOnReporting(): void {
    if (this.#due.length > 0 && this.#running.size < maxRunning)
      this.#slice ??= setImmediate(() => this.#reportSlice(sliceMs)).unref()
  }

  async #settleNow(meter: Meter): Promise<void> {
    // What this process alone counts needs no grants.
    const isGranted = meter.counted === 'bytes' || this.#options.isShared
    const isUsing = isGranted && (meter.isRunningLow || meter.isDrawing)
    const report = meter.report(this.#process, isUsing || (isGranted && meter.waiting.length > 0))
    const before = meter.mode
    meter.scale = this.#options.scale(meter)
    let settlement: Settlement
    try {
      settlement = await this.#write(meter, report, isUsing)
    } catch (error) {
      meter.failed(report, this.#options.clock())
      this.#loud.add(meter)
      meter.isKnown = false
      meter.tooNew = error instanceof RecordTooNew ? error : null
      if (error instanceof RecordTooNew) {
        // The store answers, so only this ledger cannot be counted.
        if (!this.#hasTooNew) this.#options.onTooNew(error)
        this.#hasTooNew = true
        this.wake(meter)
        return
      }
      // Also without news: steps may have begun in that write.
      this.noteMoved(meter)
      if (!this.#isInTrouble) this.#options.onTrouble(error)
      this.#isInTrouble = true
      this.#dirty = this.#dirty.concat(this.#due.splice(0))
      this.wake(meter)
      return
    }
    meter.settled(settlement, this.#options.clock())
    if (meter.isQuiet) this.#loud.delete(meter)
    else this.#loud.add(meter)
    // The next report gives an unused grant back.
    if (settlement.grant > 0) this.#markDirty(meter)
    if (this.#isInTrouble) this.#options.onTrouble(null)
    this.#isInTrouble = false
    await this.#options.onSettled(meter, before, settlement)
    this.wake(meter)
  }

  /** A compare-and-set against what this process wrote last: one trip is enough unless another gate has written. */
  async #write(meter: Meter, report: Report, isUsing: boolean): Promise<Settlement> {
    const { store, clock, scale } = this.#options
    const { budget } = meter
    const key = ledgerRecord.key(meter.id)
    const known = meter.isKnown && meter.ledger !== null ? ledgerRecord.text(meter.ledger) : undefined
    const unanswered = this.#unanswered.get(meter) ?? []
    let last: Unanswered | undefined
    const { result } = await changeKnown<Settlement>(store, key, known, stored => {
      const found = stored !== null && stored === known ? meter.ledger : this.#found(meter, stored, key)
      const isWanting = isUsing || (report.isWanting && meter.isWantedBeyond(found, clock()))
      const settlement = settleRest(unanswered, found, stored, { ...report, isWanting }, rest =>
        settle(found, budget, rest, clock(), scale(meter))
      )
      const next = ledgerRecord.text(settlement.ledger)
      last = { text: next, report, settlement, found }
      return next === stored ? { result: settlement } : { result: settlement, next, ttlSeconds: ledgerSeconds(budget) }
    }).catch((error: unknown) => {
      if (last !== undefined) this.#unanswered.set(meter, withUnanswered(unanswered, last))
      throw error
    })
    this.#unanswered.delete(meter)
    meter.isKnown = true
    return result
  }

  /** After the clock was put ahead, the store may have expired a ledger that this process has. */
  #found(meter: Meter, stored: string | null, key: string): Ledger | null {
    const ledger = stored === null ? null : ledgerRecord.parse(stored, key)
    const jump = this.#jump
    if (jump === null || this.#options.clock() - jump.to > meter.budget.windowSeconds * 1000) return ledger
    if (ledger === null) return meter.isKnown ? null : meter.ledger
    return isBefore(ledger, jump) ? movedWith(ledger, jump) : ledger
  }
}
