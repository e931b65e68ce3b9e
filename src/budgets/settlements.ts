/**
 * The traffic between the meters of one process and their ledgers in the store: reports in batches, grants in the background, and waits that
 * end. Each meter settles once at a time.
 */
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

interface SettlementsOptions {
  readonly store: Store
  readonly clock: Clock
  /** The part of the amount that the posture leaves. */
  readonly scale: (meter: Meter) => number
  readonly onSettled: (meter: Meter, before: Mode, settlement: Settlement) => Promise<void>
  /** Gets the error when the store stops answering, and null when it answers again. */
  readonly onTrouble: (error: unknown) => void
  /** Called once if a newer release has written a ledger. */
  readonly onTooNew: (error: RecordTooNew) => void
  /** True if other processes use the same store. */
  readonly isShared: boolean
}

/** The interval of `tick`, in milliseconds. */
export const tickMs = 250
/** Ticks between two reports: other gates know a count within a second. */
const reportTicks = { shared: 2, alone: 8 } as const
/** Interval, in ticks, of reports of a count that has grown by little and that no other process reads. A killed process loses at most this much of it. */
const fullTicks = 40
/** The time for reports in one turn of the event loop, in milliseconds. The reports of a thousand people at once would delay every request. */
const sliceMs = 0.3
/** Sessions whose latest proofs are remembered. */
const maxShown = 10_000
/** Settlements under way at a time. */
const maxRunning = 200

export class Settlements implements FlowKeeper {
  readonly #options: SettlementsOptions
  /** Grants belong to a process. */
  readonly #process = newId()
  #dirty: Meter[] = []
  /** Reports of this round that have not begun. */
  #due: Meter[] = []
  #slice: NodeJS.Immediate | undefined
  #waiting: Meter[] = []
  /** Meters that may ask for a proof, or hold something. */
  readonly #loud = new Set<Meter>()
  /** Meters that let nothing new begin. */
  readonly #tight = new Set<Meter>()
  /** Meters that have had places for waiting requests since the last tick. */
  readonly #woken = new Set<Meter>()
  readonly #running = new Map<Meter, Promise<void>>()
  #ticks = 0
  /** True while all counts that have changed are reported, and not only those that have grown by much. */
  #isFull = true
  /** What sessions have shown since a budget asks. */
  readonly #shown = new Map<string, readonly Proof[]>()
  #isInTrouble = false
  /** True once `onTooNew` was called. */
  #hasTooNew = false
  /** The last time that the clock was set. */
  #jump: ClockJump | null = null

  constructor(options: SettlementsOptions) {
    this.#options = options
  }

  /** Moves the ledgers with the clock, unless somebody has written them since. */
  clockJumped(jump: ClockJump): void {
    this.#jump = jump
  }

  /** True while no budget asks for anything or holds anything: most requests need no further look. */
  get areAllQuiet(): boolean {
    return this.#loud.size === 0
  }

  get loud(): Iterable<Meter> {
    return this.#loud
  }

  /** Notes what a session shows while a budget asks; null for one that has ended. */
  noteShown(session: string, proofs: readonly Proof[] | null): void {
    this.#shown.delete(session)
    if (proofs === null) return
    this.#shown.set(session, proofs)
    if (this.#shown.size > maxShown) this.#shown.delete(this.#shown.keys().next().value as string)
  }

  shownBy(session: string): readonly Proof[] | undefined {
    return this.#shown.get(session)
  }

  /** True while nothing has to wait before it begins. */
  get isNoneTight(): boolean {
    return this.#tight.size === 0
  }

  /** Call it after a change that may have used up what this process may pass. */
  noteTight(meter: Meter): void {
    if (meter.isTight) this.#tight.add(meter)
    else this.#tight.delete(meter)
  }

  /** Forgets a meter that leaves the memory. */
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

  /** Writes it with the next report, although nothing has flowed. */
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

  /** Lets the waiting exchanges ask again, and of the requests that have not begun as many as there is room for, in the order in which they came. */
  wake(meter: Meter): void {
    if (meter.waiting.length === 0) return
    let places = this.#placesIn(meter)
    const now = this.#options.clock()
    const needsNone = ({ isNew, path }: Spender) => isNew !== true || (path !== undefined && meter.isCounted(path, now))
    for (const by of meter.waiting) if (needsNone(by) || places-- > 0) by.goOn()
  }

  /** At least one place between two ticks, because running exchanges may last for long. */
  #placesIn(meter: Meter): number {
    if (meter.isTight) return 0
    const least = this.#woken.has(meter) ? 0 : 1
    this.#woken.add(meter)
    return Math.max(least, meter.mayBegin(this.#options.clock(), this.#options.scale(meter)))
  }

  /** An exchange has ended, and the next begins in its place. */
  beginNext(meter: Meter): void {
    meter.waiting.find(({ isNew }) => isNew)?.goOn()
  }

  /** Reports, draws again, and moves on what has waited long enough. */
  tick(): void {
    const isReport = ++this.#ticks % reportTicks[this.#options.isShared ? 'shared' : 'alone'] === 0
    const now = this.#options.clock()
    this.#woken.clear()
    for (const meter of [...this.#waiting]) {
      const isDue = meter.askAgainAt !== null && now >= meter.askAgainAt
      // A grant may have come to its end while requests wait.
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

  /** Resolves once what has flowed so far is in the store, or the store has failed. */
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

  /** Looks again at a record that could not be used. While the store does not answer, reports try anyway. */
  retry(meter: Meter): void {
    if (!this.#isInTrouble) this.settle(meter)
  }

  /** Resolves when the store has been asked. */
  async settled(meter: Meter): Promise<void> {
    this.settle(meter)
    await this.#running.get(meter)
  }

  #markDirty(meter: Meter): void {
    if (meter.isDirty) return
    meter.isDirty = true
    this.#dirty.push(meter)
  }

  /** While the store does not answer, one meter tries for all. */
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
      this.#markDirty(meter)
      if (!this.#isInTrouble) this.#options.onTrouble(error)
      this.#isInTrouble = true
      this.#dirty = this.#dirty.concat(this.#due.splice(0))
      this.wake(meter)
      return
    }
    meter.settled(settlement, this.#options.clock())
    if (meter.isQuiet) this.#loud.delete(meter)
    else this.#loud.add(meter)
    // A grant that nobody uses is given back with the next report.
    if (settlement.grant > 0) this.#markDirty(meter)
    if (this.#isInTrouble) this.#options.onTrouble(null)
    this.#isInTrouble = false
    await this.#options.onSettled(meter, before, settlement)
    this.wake(meter)
  }

  /** A compare-and-set against what this process wrote last, so that one trip is enough where no other gate has written. */
  async #write(meter: Meter, report: Report, isUsing: boolean): Promise<Settlement> {
    const { store, clock, scale } = this.#options
    const { budget } = meter
    const key = ledgerRecord.key(meter.id)
    const known = meter.isKnown && meter.ledger !== null ? ledgerRecord.text(meter.ledger) : undefined
    const { result } = await changeKnown<Settlement>(store, key, known, stored => {
      const found = stored !== null && stored === known ? meter.ledger : this.#found(meter, stored, key)
      const isWanting = isUsing || (report.isWanting && meter.isWantedBeyond(found, clock()))
      const settlement = settle(found, budget, { ...report, isWanting }, clock(), scale(meter))
      const next = ledgerRecord.text(settlement.ledger)
      return next === stored ? { result: settlement } : { result: settlement, next, ttlSeconds: ledgerSeconds(budget) }
    })
    meter.isKnown = true
    return result
  }

  /** After the clock was put ahead, the store may have expired a ledger that this process still has. */
  #found(meter: Meter, stored: string | null, key: string): Ledger | null {
    const ledger = stored === null ? null : ledgerRecord.parse(stored, key)
    const jump = this.#jump
    if (jump === null || this.#options.clock() - jump.to > meter.budget.windowSeconds * 1000) return ledger
    if (ledger === null) return meter.isKnown ? null : meter.ledger
    return isBefore(ledger, jump) ? movedWith(ledger, jump) : ledger
  }
}
