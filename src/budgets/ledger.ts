/** The ledger of one budget and subject, as a pure value, which gates share by compare-and-set. README.md has the argument for its bound. */
import { clockSkewMs } from '../clock.ts'
import type { ClockJump } from '../metering/clock-jumps.ts'
import { countOfPaths, DistinctPaths, type PathsText } from '../metering/distinct-paths.ts'
import { goneAt, isAhead, type Slots, slotAt, slotMsOf, sumOf, withAmount } from '../metering/sliding-count.ts'
import { type Budget, has, holdMs, isSlow, isStrict } from './budget.ts'

export interface Grant {
  readonly process: string
  /** Or requests, or new paths, as the budget counts. */
  readonly bytes: number
  readonly until: number
}

export interface Ledger {
  readonly slotMs: number
  readonly slots: Slots
  readonly paths: PathsText
  /** The led part of `slots`; with `distinctPaths`, the number of led requests for new paths. */
  readonly led: Slots
  /** The paths without led requests; null if the same as `paths`. */
  readonly ownPaths: PathsText | null
  readonly grants: readonly Grant[]
  /** When the budget was last passed; null if it is not passed. */
  readonly askedAt: number | null
  /** True once somebody has shown a proof since `askedAt`. */
  readonly isAnswered: boolean
  /** The time of the proof that bought last; it buys no second budget, however clocks differ. */
  readonly boughtWith: number
  /** Each purchase adds one amount for one window. */
  readonly boughtAt: readonly number[]
  /** True once the steps after `step-up` have begun, for want of a proof. */
  readonly isUnanswered: boolean
  /** The rate of `slow` is used up to this time. */
  readonly rateUsedUntil: number
  /** The time of the proof that a count with `isPerProof` belongs to. */
  readonly proofAt: number
  /** Null also after the account was resumed. */
  readonly suspendedAt: number | null
  /** Who spent last; null for strangers. */
  readonly account: string | null
}

export interface Report {
  readonly process: string
  readonly account: string | null
  /** Bytes or requests since the last report. */
  readonly spent: number
  /** Hashes. */
  readonly paths: readonly number[]
  /** Requests or new paths that have begun; 0 for bytes. */
  readonly begun: number
  /** The led part of `spent`, or of the number of `paths`. */
  readonly led: number
  /** The new paths without led requests; null if the same as `paths`. */
  readonly ownPaths: readonly number[] | null
  /** Bytes that passed at the limited rate. */
  readonly slowed: number
  /** True if bytes wait for a grant. */
  readonly isWanting: boolean
  /** The newest proof by the budget's factors, in milliseconds since the epoch; 0 for none. */
  readonly proofAt: number
  /** The newest proof of any kind; 0 for none. */
  readonly signedInAt: number
}

/** `hold`: bytes wait for a proof. `slow`: they flow at the rate. `cut`: nothing flows. `passed`: the budget only tells. */
export type Mode = 'within' | 'hold' | 'slow' | 'cut' | 'passed'

/** One gate of all gets each. */
export type Happening = 'passed' | 'bought' | 'unanswered'

export interface Settlement {
  readonly ledger: Ledger
  readonly mode: Mode
  readonly happened: readonly Happening[]
  /** The account is to be suspended now; true once for each time that the budget is passed. */
  readonly isSuspending: boolean
  /** True once, if led requests alone have saved the account. */
  readonly isSpared: boolean
  readonly grant: number
  /** When to ask again without a grant; null for never. */
  readonly askAgainAt: number | null
  /** The clock has been put back. */
  readonly isRebased: boolean
}

/** How long a grant counts in the store, and how long its holder uses it: clocks differ, and reports may be late. */
export const grantMs = 60_000
export const usedForMs = 5_000
const smallestGrant = 256 * 1024
const largestGrant = 64 * 1024 * 1024
/** A process draws at most one part in so many of what is left. */
const share = 8
const busyMs = 100
/** A sign-in more than this after a suspension shows that an operator has resumed the account. */
const resumedMs = 2_000
/** The rate of `slow` is granted in pieces of this length. */
const pieceMs = 250

/** Shared, to save memory. */
const none: readonly never[] = []

export function emptyLedger({ windowSeconds }: Pick<Budget, 'windowSeconds'>): Ledger {
  return {
    slotMs: slotMsOf(windowSeconds),
    slots: none,
    paths: none,
    led: none,
    ownPaths: null,
    grants: none,
    askedAt: null,
    isAnswered: false,
    boughtWith: 0,
    boughtAt: none,
    isUnanswered: false,
    rateUsedUntil: 0,
    proofAt: 0,
    suspendedAt: null,
    account: null
  }
}

export interface LedgerState {
  readonly mode: Mode
  readonly spent: number
  readonly limit: number
}

/** `scale`: what the posture leaves of the amount. */
export function readLedger(ledger: Ledger, budget: Budget, now: number, scale = 1): LedgerState {
  const spent = spentAt(ledger, budget, now)
  const limit = limitAt(ledger, budget, now, scale)
  return { mode: modeOf(ledger, budget, spent > limit, now), spent, limit }
}

export function spentAt({ slots, slotMs, paths }: Ledger, { counted }: Budget, now: number): number {
  const current = slotAt(now, slotMs)
  return counted === 'distinctPaths' ? countOfPaths(paths, current) : sumOf(slots, current)
}

/** Only what was not led may suspend anybody. */
export function ownAt(ledger: Ledger, budget: Budget, now: number): number {
  const { slotMs, led, ownPaths } = ledger
  const current = slotAt(now, slotMs)
  if (budget.counted === 'distinctPaths') return countOfPaths(ownPaths ?? ledger.paths, current)
  return Math.max(0, spentAt(ledger, budget, now) - sumOf(led, current))
}

export function limitAt({ boughtAt }: Ledger, { amount, windowSeconds }: Budget, now: number, scale: number): number {
  let live = 0
  for (const at of boughtAt) if (at > now - windowSeconds * 1000) live++
  return Math.floor(amount * scale) * (1 + live)
}

function modeOf({ askedAt }: Ledger, budget: Budget, isPassed: boolean, now: number): Mode {
  if (!isPassed) return 'within'
  if (!isStrict(budget)) return 'passed'
  if (has(budget, 'step-up') && (askedAt === null || now < askedAt + holdMs)) return 'hold'
  return isSlow(budget) ? 'slow' : 'cut'
}

/** A fresh proof buys one more budget: with `step-up`, or if led requests alone have passed a budget that cuts. Then other sessions need a proof too. */
export function isConfirmable(ledger: Ledger, budget: Budget, now: number, scale = 1): boolean {
  if (has(budget, 'step-up')) return true
  const { askedAt, isAnswered, boughtWith } = ledger
  if (askedAt === null || budget.isQuota === true) return false
  if (isAnswered) return boughtWith > askedAt
  const { mode, limit } = readLedger(ledger, budget, now, scale)
  return mode === 'cut' && ownAt(ledger, budget, now) <= limit
}

/** True if whoever has this proof needs a newer one. A proof from the future (a clock was put back) does not count. */
export function asksFor(ledger: Ledger, budget: Budget, proofAt: number, now: number, scale = 1): boolean {
  const { askedAt, isAnswered, boughtWith } = ledger
  if (askedAt === null || !isConfirmable(ledger, budget, now, scale)) return false
  return proofAt > now + clockSkewMs || proofAt <= askedAt || (!isAnswered && proofAt <= boughtWith)
}

/** True for a token that is older than the proof that began the count anew: that proof was another token's. */
export function isOfEarlierProof(
  { boughtWith }: Ledger,
  { isPerProof }: Pick<Budget, 'isPerProof'>,
  proofAt: number
): boolean {
  return isPerProof && proofAt < boughtWith
}

/** When the window has room again without a proof, in milliseconds since the epoch. */
export function roomAt(
  { slots, slotMs, askedAt }: Ledger,
  { counted, windowSeconds }: Budget,
  { spent, limit }: LedgerState,
  now: number
): number {
  if (counted === 'distinctPaths') return (askedAt ?? 0) + windowSeconds * 1100
  return goneAt(slots, spent - limit, slotMs, slotAt(now, slotMs))
}

/** Enters a report, moves the steps on, and grants what may flow next. */
export function settle(found: Ledger | null, budget: Budget, report: Report, now: number, scale = 1): Settlement {
  const before = rolled(found ?? emptyLedger(budget), budget, now)
  const isRebased = found !== null && isAhead(found.slots, slotAt(now, before.slotMs))
  const wasSlow = readLedger(before, budget, now, scale).mode === 'slow'
  let ledger = resumed(entered(before, budget, report, now), report, now)
  const happened: Happening[] = []
  const mayBuy = ledger.askedAt !== null && !ledger.isAnswered && isConfirmable(ledger, budget, now, scale)
  if (mayBuy && !asksFor(ledger, budget, report.proofAt, now, scale)) {
    happened.push('bought')
    ledger = { ...ledger, isAnswered: true, isUnanswered: false, boughtWith: report.proofAt }
    ledger = budget.isPerProof ? { ...ledger, askedAt: null } : { ...ledger, boughtAt: [...ledger.boughtAt, now] }
  }
  const { spent, limit } = readLedger(ledger, budget, now, scale)
  const isPassed = spent > limit
  if (isPassed && (ledger.askedAt === null || ledger.isAnswered)) {
    happened.push('passed')
    ledger = { ...ledger, askedAt: now, isAnswered: false, isUnanswered: false }
  } else if (!isPassed && ledger.askedAt !== null && spent <= limitAt({ ...ledger, boughtAt: [] }, budget, now, scale))
    ledger = { ...ledger, askedAt: null, isAnswered: false, isUnanswered: false }
  const isLate = ledger.askedAt !== null && now >= ledger.askedAt + holdMs
  if (isPassed && isLate && has(budget, 'step-up') && !ledger.isUnanswered && !ledger.isAnswered) {
    happened.push('unanswered')
    ledger = { ...ledger, isUnanswered: true }
  }
  const step = has(budget, 'step-up') ? 'unanswered' : 'passed'
  // Led requests may have passed the budget before.
  const wasLed = ledger.led.length > 0 || (found !== null && found.led.length > 0)
  const mayNow = isPassed && (happened.includes(step) || wasLed) && maySuspend(ledger, budget)
  const isSuspending = mayNow && ownAt(ledger, budget, now) > limit
  const isSpared = mayNow && !isSuspending && happened.includes(step)
  if (isSuspending && !happened.includes(step)) happened.push(step)
  if (isSuspending) ledger = { ...ledger, suspendedAt: now }
  const mode = modeOf(ledger, budget, isPassed, now)
  if (mode === 'slow' && wasSlow) ledger = charged(ledger, budget, report.slowed, now)
  const told = { mode, happened, isSuspending, isSpared, isRebased }
  return { ...granted(ledger, budget, report, { mode, spent, limit }, heldBy(before, budget, report), now), ...told }
}

/** Setting a clock takes no time, so nothing leaves the window early or late. */
export function movedWith(ledger: Ledger, { from, to }: ClockJump): Ledger {
  const { slotMs, grants, boughtAt, askedAt, suspendedAt, rateUsedUntil, boughtWith, proofAt } = ledger
  const by = to - from
  const slotsBy = Math.round(by / slotMs)
  const movedSlots = (slots: Slots) => slots.map((value, i) => (i % 2 === 0 ? value + slotsBy : value))
  const movedPaths = (paths: PathsText): PathsText =>
    paths.map(([slot, threshold, hashes]) => [slot + slotsBy, threshold, hashes])
  const moved = (at: number | null) => (at === null ? null : at + by)
  // Sessions set their proofs back with the clock, but not ahead (src/session/clock-correction.ts).
  const ofProof = (at: number) => (at === 0 ? 0 : Math.min(at, at + by))
  return {
    ...ledger,
    slots: movedSlots(ledger.slots),
    paths: movedPaths(ledger.paths),
    led: movedSlots(ledger.led),
    ownPaths: ledger.ownPaths === null ? null : movedPaths(ledger.ownPaths),
    grants: grants.map(grant => ({ ...grant, until: grant.until + by })),
    boughtAt: boughtAt.map(at => at + by),
    askedAt: moved(askedAt),
    suspendedAt: moved(suspendedAt),
    rateUsedUntil: rateUsedUntil === 0 ? 0 : rateUsedUntil + by,
    boughtWith: ofProof(boughtWith),
    proofAt: ofProof(proofAt)
  }
}

/** True if nobody has written the ledger since the jump. */
export function isBefore({ slotMs, slots, paths }: Ledger, { from, to }: ClockJump): boolean {
  const newest = paths.reduce((most, [slot]) => Math.max(most, slot), slots.at(-2) ?? 0)
  return newest <= slotAt(from, slotMs) + 1 && (to > from || newest > slotAt(to, slotMs) + 1)
}

/** A suspension ends all sign-ins, so a later one means that the account was resumed. */
export function isResumed({ suspendedAt }: Ledger, signedInAt: number): boolean {
  return suspendedAt !== null && signedInAt > suspendedAt + resumedMs
}

/** One more budget, otherwise the account would be suspended again at once. */
function resumed(ledger: Ledger, { signedInAt }: Report, now: number): Ledger {
  return isResumed(ledger, signedInAt)
    ? { ...ledger, suspendedAt: null, boughtAt: [...ledger.boughtAt, now], isAnswered: true, isUnanswered: false }
    : ledger
}

function maySuspend({ askedAt, isUnanswered, isAnswered, suspendedAt }: Ledger, budget: Budget): boolean {
  if (askedAt === null || isAnswered || !has(budget, 'suspend')) return false
  if (has(budget, 'step-up') && !isUnanswered) return false
  return suspendedAt === null || suspendedAt < askedAt
}

/** Drops what has left the window. A changed window keeps the sum. */
function rolled(ledger: Ledger, budget: Budget, now: number): Ledger {
  const slotMs = slotMsOf(budget.windowSeconds)
  const current = slotAt(now, slotMs)
  const isSame = ledger.slotMs === slotMs
  const slotsNow = (slots: Slots) =>
    isSame ? withAmount(slots, current, 0) : withAmount(none, current, sumOf(slots, slotAt(now, ledger.slotMs)))
  const pathsNow = (paths: PathsText): PathsText =>
    isSame ? paths : paths.map(([, , hashes]) => [current, 2 ** 32, hashes])
  const led = slotsNow(ledger.led)
  return {
    ...ledger,
    slotMs,
    slots: slotsNow(ledger.slots),
    paths: pathsNow(ledger.paths),
    led,
    ownPaths: led.length === 0 || ledger.ownPaths === null ? null : pathsNow(ledger.ownPaths),
    // After the clock was put back, the holder still uses its grant for its whole time.
    grants: only(
      ledger.grants.map(grant => (grant.until > now + 2 * grantMs ? { ...grant, until: now + grantMs } : grant)),
      ({ until }) => until > now
    ),
    boughtAt: only(
      ledger.boughtAt.map(at => Math.min(at, now)),
      at => at > now - budget.windowSeconds * 1000
    ),
    askedAt: ledger.askedAt === null ? null : Math.min(ledger.askedAt, now),
    suspendedAt: ledger.suspendedAt === null ? null : Math.min(ledger.suspendedAt, now),
    rateUsedUntil: Math.min(ledger.rateUsedUntil, now + holdMs)
  }
}

function entered(ledger: Ledger, budget: Budget, report: Report, now: number): Ledger {
  const { process, spent, paths, ownPaths, proofAt, account } = report
  const current = slotAt(now, ledger.slotMs)
  const isNewProof = budget.isPerProof && proofAt > ledger.proofAt && proofAt <= now + clockSkewMs
  const isOfOwn = ledger.ownPaths !== null || ownPaths !== null
  return {
    ...ledger,
    slots: budget.counted === 'distinctPaths' ? none : withAmount(isNewProof ? none : ledger.slots, current, spent),
    paths: withPaths(ledger.paths, paths, current),
    led: withAmount(isNewProof ? none : ledger.led, current, report.led),
    ownPaths: isOfOwn ? withPaths(ledger.ownPaths ?? ledger.paths, ownPaths ?? paths, current) : null,
    grants: only(ledger.grants, grant => grant.process !== process),
    proofAt: Math.max(ledger.proofAt, proofAt),
    account: account ?? ledger.account
  }
}

function only<T>(all: readonly T[], isKept: (one: T) => boolean): readonly T[] {
  const kept = all.filter(isKept)
  return kept.length === 0 ? none : kept
}

function withPaths(text: PathsText, hashes: readonly number[], current: number): PathsText {
  if (hashes.length === 0) return text
  const all = DistinctPaths.from(text, current)
  for (const hash of hashes) all.add(hash, current)
  return all.text(current)
}

function charged(ledger: Ledger, { rate }: Budget, bytes: number, now: number): Ledger {
  const from = Math.max(ledger.rateUsedUntil, now - pieceMs)
  return { ...ledger, rateUsedUntil: from + (bytes * 1000) / (rate as number) }
}

/** What has begun on the old grant since the report. Bytes have debts instead. */
function heldBy({ grants }: Ledger, { counted }: Budget, { process, begun }: Report): number {
  const old = counted === 'bytes' ? undefined : grants.find(grant => grant.process === process)
  return old === undefined ? 0 : Math.max(0, old.bytes - begun)
}

/** A grant may be one more than the limit leaves, so that the byte that passes it is reported. */
function granted(
  ledger: Ledger,
  budget: Budget,
  { process, isWanting }: Report,
  { mode, spent, limit }: LedgerState,
  held: number,
  now: number
): Pick<Settlement, 'ledger' | 'grant' | 'askAgainAt'> {
  const nothing = { ledger, grant: 0 }
  if (mode === 'hold') return { ...nothing, askAgainAt: (ledger.askedAt ?? now) + holdMs }
  if (mode === 'slow') {
    const isDue = ledger.rateUsedUntil - now < pieceMs
    return isDue
      ? { ledger, grant: Math.ceil(((budget.rate as number) * pieceMs) / 1000), askAgainAt: null }
      : { ...nothing, askAgainAt: ledger.rateUsedUntil - pieceMs / 2 }
  }
  if (mode !== 'within' || !isWanting || !isStrict(budget)) return { ...nothing, askAgainAt: null }
  const room = limit + 1 - spent - ledger.grants.reduce((sum, { bytes }) => sum + bytes, 0)
  if (room <= 0) return { ...nothing, askAgainAt: now + busyMs }
  const smallest = budget.counted === 'bytes' ? smallestGrant : 1
  const grant = Math.min(room, largestGrant, Math.max(smallest, held, Math.floor(room / share)))
  return {
    ledger: { ...ledger, grants: [...ledger.grants, { process, bytes: grant, until: now + grantMs }] },
    grant,
    askAgainAt: null
  }
}
