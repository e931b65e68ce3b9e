/** One ledger as this process uses it: what is not reported yet, and what more may flow. */
import type { Clock } from '../clock.ts'
import { type Proof, takenAt } from '../factor/proof.ts'
import type { ClockJump } from '../metering/clock-jumps.ts'
import { slotAt } from '../metering/sliding-count.ts'
import type { RecordTooNew } from '../store/store.ts'
import { Alone } from './alone.ts'
import { type Budget, has, holdMs, isStrict } from './budget.ts'
import { CountGrant } from './count-grant.ts'
import {
  asksFor,
  emptyLedger,
  isBefore,
  isConfirmable,
  isOfEarlierProof,
  isResumed,
  type Ledger,
  limitAt,
  type Mode,
  movedWith,
  type Report,
  readLedger,
  type Settlement,
  spentAt,
  usedForMs
} from './ledger.ts'
import { ledgerId } from './ledger-record.ts'
import { areCounted, SeenPaths } from './seen-paths.ts'
import type { Answer, Spender } from './spender.ts'
import type { Counted } from './steps.ts'

/** What may pass without a grant. */
const floatBytes = 512 * 1024
/** A smaller answer is read whole at once, so nothing of it can wait. */
const smallAnswer = 64 * 1024
/** One part in so many of a count is much. */
const muchShare = 4
/** The longest delay of a report (`fullTicks`). With shorter slots the count would land in a later one. */
const longestWaitMs = 10_000

const nobody: readonly Spender[] = []
const none: readonly number[] = []

/** It stores nothing that can be computed: several meters of 10,000 people must fit into a few megabytes. */
export class Meter {
  readonly subject: string
  /** Null before the first settlement. */
  ledger: Ledger | null = null
  /** True while the store holds this ledger, as far as is known. */
  isKnown = false
  mode: Mode = 'within'
  scale = 1
  askAgainAt: number | null = null
  /** Since when the store does not answer, or holds an unusable ledger. */
  cutOffAt: number | null = null
  /** Set if a newer release wrote the ledger. */
  tooNew: RecordTooNew | null = null
  /** Other processes hold grants for all that is left. */
  isBusy = false
  isSettling = false
  /** True from when this process sees the count passed until the store denies it. */
  isOver = false
  isDirty = false
  /** The clock was set since the last report. */
  isMoved = false
  mustSettle = false
  idleTicks = 0
  /** Running exchanges. */
  users = 0
  waiting: readonly Spender[] = nobody
  account: string | null = null
  isStrict = false
  counted: Counted
  #budget: Budget
  #spent = 0
  /** What was left at the last settlement. It only grows as the window moves on; 0 for unknown. */
  #room = 0
  #slowed = 0
  #grant = 0
  /** Of the grant. */
  #left = 0
  #leftUntil = 0
  /** What has flowed without a grant. */
  #debt = 0
  /** What has flowed on a grant since the last report. */
  #covered = 0
  #reportedDebt = 0
  #provedAt = 0
  #signedInAt = 0
  #led = 0
  /** Null without paths. */
  #seen: SeenPaths | null = null
  #alone: Alone | null = null
  #notedProofs: readonly Proof[] | null = null
  /** Null for bytes, or without other processes. */
  #counts: CountGrant | null = null
  readonly #grantClock: Clock | null

  /** `grantClock`: null without other processes. */
  constructor(budget: Budget, subject: string, grantClock: Clock | null = null) {
    this.#grantClock = grantClock
    this.#budget = budget
    this.counted = budget.counted
    this.subject = subject
    this.budget = budget
  }

  get id(): string {
    return ledgerId(this.#budget, this.subject)
  }

  get budget(): Budget {
    return this.#budget
  }

  set budget(budget: Budget) {
    // The grant was of a larger amount.
    if (budget.amount < this.#budget.amount) this.#left = 0
    this.#budget = budget
    this.#room = 0
    this.#counts = budget.counted === 'bytes' || this.#grantClock === null ? null : new CountGrant(budget.amount)
    this.#seen = budget.counted === 'distinctPaths' ? (this.#seen ?? new SeenPaths()) : null
    this.isStrict = isStrict(budget)
    this.counted = budget.counted
    this.#notedProofs = null
  }

  get hasNews(): boolean {
    return this.isMoved || this.#spent > 0 || this.#slowed > 0 || this.#left > 0 || this.#seen?.hasNews === true
  }

  /** True if the unreported changes the count much, or may move the steps on. */
  hasGrown(now: number, scale: number): boolean {
    const { ledger } = this
    if (ledger === null || this.isMoved || this.mode !== 'within' || this.cutOffAt !== null) return true
    if (ledger.slotMs <= longestWaitMs) return true
    const known = spentAt(ledger, this.#budget, now)
    return this.#news * muchShare > known || known + this.#news > limitAt(ledger, this.#budget, now, scale)
  }

  get #news(): number {
    return this.#seen === null ? this.#spent : this.#seen.news.length
  }

  /** A counted path takes nothing of the grant. */
  get #begun(): number {
    return this.#seen === null ? this.#spent : this.#seen.countedAnew
  }

  /** A grant is in use, so the next report keeps it. */
  get isDrawing(): boolean {
    return this.#grant > 0 && this.#begun > 0
  }

  /** True if half of the grant or float is used: the next should be drawn. */
  get isRunningLow(): boolean {
    if (this.#counts !== null) return this.mode === 'within' && this.#counts.isLow(this.#begun)
    return this.mode === 'within' && (this.#grant > 0 ? this.#left < this.#grant / 2 : this.#debt > floatBytes / 2)
  }

  use(account: string | null): void {
    this.idleTicks = 0
    if (account !== null) this.account = account
  }

  note(by: Spender, account: string | null): void {
    this.use(account)
    if (by.proofs === this.#notedProofs) return
    this.#notedProofs = by.proofs
    if (this.isStrict) this.#provedAt = Math.max(this.#provedAt, by.provedAt(this.#budget))
    // The ledger may be from a time when the budget suspended people.
    this.#signedInAt = Math.max(this.#signedInAt, by.signedInAt)
  }

  /** Notes proofs outside an exchange. True if they may buy another budget. */
  prove(proofs: readonly Proof[], now: number): boolean {
    const { ledger } = this
    const at = takenAt(proofs, this.#budget)
    if (!this.isStrict || ledger === null || at <= this.#provedAt) return false
    this.#provedAt = at
    return ledger.askedAt !== null && !ledger.isAnswered && !asksFor(ledger, this.#budget, at, now, this.scale)
  }

  spend(amount: number, now: number, isLed: boolean): void {
    this.#spent += amount
    this.#alone?.spend(this.#budget, amount, now)
    if (isLed) this.#led += amount
  }

  /** False if this process has seen the path already. */
  addPath(hash: number, now: number, isLed: boolean): boolean {
    const ledger = this.ledger ?? emptyLedger(this.budget)
    const current = slotAt(now, ledger.slotMs)
    const isNewOwn = !isLed && this.#seen?.addOwn(ledger, hash, current) === true
    if (this.#seen?.add(ledger, hash, current, isLed) !== true) return isNewOwn
    if (isLed) this.#led++
    return true
  }

  /** Counts all that this process knows, reported or not. */
  isOverCount(now: number, scale: number): boolean {
    const { ledger, counted } = this
    if (ledger === null || (scale === this.scale && counted === 'requests' && this.#spent <= this.#room)) return false
    return this.#leftOfCount(ledger, now, scale) < 0
  }

  #leftOfCount(ledger: Ledger, now: number, scale: number): number {
    const unreported = this.counted === 'distinctPaths' ? 0 : this.#spent
    return limitAt(ledger, this.#budget, now, scale) - this.#known(ledger, now) - unreported
  }

  /** The stored count, with the paths seen since. */
  #known(ledger: Ledger, now: number): number {
    if (this.#seen === null) return spentAt(ledger, this.#budget, now)
    return this.#seen.count(ledger, slotAt(now, ledger.slotMs))
  }

  /** A counted path takes nothing of what is left. */
  isCounted(path: number, now: number): boolean {
    const { ledger } = this
    if (this.#seen === null || ledger === null || this.mode !== 'within' || this.isOver) return false
    return this.#seen.isCounted(ledger, path, slotAt(now, ledger.slotMs))
  }

  /** True if somebody waits for an uncounted path. */
  isWantedBeyond(stored: Ledger | null, now: number): boolean {
    const paths = this.waiting.flatMap(({ path }) => path ?? [])
    if (stored === null || this.#seen === null || paths.length < this.waiting.length) return this.waiting.length > 0
    return !areCounted(stored.paths, paths, slotAt(now, stored.slotMs))
  }

  /** How many waiting requests may begin: as many as what is left suffices for; all, where nothing is left to wait for. */
  mayBegin(now: number, scale: number): number {
    const isJudged = this.cutOffAt !== null || (this.mode !== 'within' && this.mode !== 'slow')
    if (isJudged || !this.isStrict) return Number.POSITIVE_INFINITY
    if (this.mode === 'within' && this.counted !== 'bytes') {
      const left = this.#leftOfCount(this.ledger ?? emptyLedger(this.#budget), now, scale)
      return Math.max(1, Math.min(left, Math.ceil(this.#counts?.left(this.#begun) ?? left)))
    }
    const free = this.#left > 0 ? this.#left : (this.isBusy ? 0 : floatBytes) - this.#debt
    return Math.floor(free / smallAnswer) - this.users
  }

  /** True if there is something to report. */
  pass(bytes: number, now: number, isLed: boolean): boolean {
    const isCounted = this.counted === 'bytes'
    if (isCounted) this.spend(bytes, now, isLed)
    if (this.mode === 'slow') this.#slowed += bytes
    else if (!isCounted || !this.isStrict) return isCounted
    if (now >= this.#leftUntil) this.#left = 0
    const covered = Math.min(this.#left, bytes)
    this.#left -= covered
    this.#covered += covered
    this.#debt += bytes - covered
    return true
  }

  /** The budget stops nobody and asks for nothing. */
  get isQuiet(): boolean {
    const { ledger, mode, cutOffAt } = this
    if (mode !== 'within' || cutOffAt !== null) return false
    return ledger === null || (ledger.askedAt === null && !isOfEarlierProof(ledger, this.#budget, 0))
  }

  /** Running exchanges have used up what this process may pass: nothing new may begin. */
  get isTight(): boolean {
    if (!this.isStrict || this.cutOffAt !== null) return false
    if (this.mode === 'slow') return this.#left <= 0
    if (this.mode !== 'within') return false
    if (this.isUsedUp) return true
    if (this.counted !== 'bytes') return this.isOver && this.isSettling
    return this.#left <= 0 && this.#debt > (this.isBusy ? 0 : floatBytes)
  }

  /** No more may begin before the store answers. */
  get isUsedUp(): boolean {
    return this.#counts !== null && this.#counts.left(this.#begun) <= 0
  }

  /** True if a piece may flow without a question, as most do. */
  get flowsFreely(): boolean {
    return this.isQuiet && (this.#left > 0 || this.#debt <= 0 || (!this.isBusy && this.#debt <= floatBytes))
  }

  mayFlow(by: Spender, now: number): Answer {
    const { budget, ledger, mode } = this
    if (this.cutOffAt !== null)
      return by.isGuarded ? (now < this.cutOffAt + holdMs ? 'wait' : 'cut') : this.mayFlowAlone(now)
    // The ledger is not read yet, and perhaps cannot be.
    if (ledger === null && by.isGuarded) return 'draw'
    if (mode === 'passed') return 'flow'
    // Bytes may have left the window since.
    if (ledger !== null && mode !== 'within' && readLedger(ledger, budget, now, this.scale).mode === 'within')
      return 'draw'
    if (ledger !== null && mode !== 'within' && isResumed(ledger, by.signedInAt)) return 'draw'
    if (ledger !== null && ledger.askedAt !== null && isConfirmable(ledger, budget, now, this.scale)) {
      const isAsked = asksFor(ledger, budget, by.provedAt(budget), now, this.scale)
      if (!isAsked) return mode === 'within' ? this.#mayPass(now) : 'draw'
      if (mode !== 'slow') return has(budget, 'step-up') && now < ledger.askedAt + holdMs ? 'wait' : 'cut'
    }
    if (mode === 'cut' || mode === 'hold') return mode === 'cut' ? 'cut' : 'wait'
    return this.#mayPass(now)
  }

  /** While the store does not answer, only what this process knows to be too much is stopped. */
  mayFlowAlone(now: number): Exclude<Answer, 'draw'> {
    const ledger = this.ledger ?? emptyLedger(this.#budget)
    const limit = limitAt(ledger, this.#budget, now, this.scale)
    return this.#alone?.answer(this.#budget, this.#known(ledger, now), limit, now) ?? 'flow'
  }

  #mayPass(now: number): Answer {
    if (this.#left > 0) return 'flow'
    if (this.mode === 'slow') return this.askAgainAt === null || now >= this.askAgainAt ? 'draw' : 'wait'
    if (this.counted !== 'bytes') return 'flow'
    if (this.isBusy) return this.#debt <= 0 ? 'flow' : 'wait'
    return this.#debt <= floatBytes ? 'flow' : 'draw'
  }

  /** Until `settled` or `failed`, more may flow. */
  report(process: string, isWanting: boolean): Report {
    const report = {
      process,
      account: this.account,
      spent: this.#spent,
      paths: this.#seen?.news ?? none,
      begun: this.#counts === null ? 0 : this.#begun,
      led: this.#led,
      ownPaths: this.#seen?.ownNews ?? null,
      slowed: this.#slowed,
      isWanting,
      proofAt: this.#provedAt,
      signedInAt: this.#signedInAt
    }
    // This report gives the grant back.
    if (!isWanting) this.#counts?.drop()
    this.#counts?.reported(this.#begun)
    this.#seen?.reported()
    this.isMoved = false
    this.#spent = this.#led = this.#slowed = this.#covered = 0
    this.#reportedDebt = this.#debt
    return report
  }

  settled({ ledger, mode, grant, askAgainAt }: Settlement, now: number): void {
    this.ledger = ledger
    const limit = limitAt(ledger, this.#budget, now, this.scale)
    const room = limit - spentAt(ledger, this.#budget, now)
    if (this.#grantClock !== null) this.#counts?.settled(grant, room, this.#budget.amount, this.#grantClock)
    // The limit falls when a bought budget leaves the window.
    this.#room = ledger.boughtAt.length === 0 ? room : 0
    this.mode = mode
    this.askAgainAt = askAgainAt
    this.cutOffAt = this.tooNew = this.#alone = null
    this.isBusy = mode === 'within' && askAgainAt !== null
    this.#debt -= this.#reportedDebt
    this.#reportedDebt = 0
    // What flowed meanwhile on the old grant counts for the new one.
    this.#left = grant - this.#covered
    if (this.#left < 0) this.#debt -= this.#left
    this.#left = Math.max(0, this.#left)
    this.#grant = grant
    this.#leftUntil = now + usedForMs
    this.#seen?.forgetLists()
    // The report may be older than the request that passed the count.
    this.isOver &&= this.isOverCount(now, this.scale)
  }

  move(jump: ClockJump): void {
    this.#room = this.#left = 0
    if (this.ledger !== null && isBefore(this.ledger, jump)) this.ledger = movedWith(this.ledger, jump)
    this.isKnown = false
    this.#seen?.forgetLists()
    this.#counts?.drop()
    if (this.#alone !== null) this.#alone = new Alone(this.#budget, this.#spent, jump.to)
    this.#provedAt = this.#signedInAt = 0
    this.#notedProofs = null
  }

  failed({ spent, led, slowed, paths, ownPaths }: Report, now: number): void {
    this.cutOffAt ??= now
    this.isOver = false
    const begun = this.#counts?.failed() ?? 0
    this.#spent += spent
    this.#led += led
    this.#slowed += slowed
    this.#alone ??= new Alone(this.#budget, this.counted === 'distinctPaths' ? 0 : this.#spent, now)
    this.#seen?.failed(paths, ownPaths, begun)
    this.#reportedDebt = 0
  }
}
