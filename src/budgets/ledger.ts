/**
 * The ledger of one budget and one subject, as a pure value: what was spent in the window, what gates hold as grants, and how far the steps
 * have come. All gates of a store share it by compare-and-set. README.md has the argument why no more than the bound can leave.
 */
import { clockSkewMs } from '../clock.ts'
import type { ClockJump } from '../metering/clock-jumps.ts'
import { countOfPaths, DistinctPaths, type PathsText } from '../metering/distinct-paths.ts'
import { goneAt, isAhead, type Slots, slotAt, slotMsOf, sumOf, withAmount } from '../metering/sliding-count.ts'
import { type Budget, has, holdMs, isSlow, isStrict } from './budget.ts'

/** Bytes that a process may pass before it reports them. */
export interface Grant {
  readonly process: string
  readonly bytes: number
  readonly until: number
}

export interface Ledger {
  readonly slotMs: number
  readonly slots: Slots
  readonly paths: PathsText
  /** The part of `slots` that another site or a prefetch has led to; with `distinctPaths`, the number of such requests for new paths. */
  readonly led: Slots
  /** The paths of requests that were not led; null while these are all of `paths`. */
  readonly ownPaths: PathsText | null
  readonly grants: readonly Grant[]
  /** When the budget was last passed; null if it is not passed, or long ago. */
  readonly askedAt: number | null
  /** True once somebody has shown a proof since then. */
  readonly isAnswered: boolean
  /** The proof of the last purchase: it buys no second budget, however clocks differ. */
  readonly boughtWith: number
  /** Times at which one more budget was bought; each counts for one window. */
  readonly boughtAt: readonly number[]
  /** True once the steps after `step-up` have begun, for want of a proof. */
  readonly isUnanswered: boolean
  /** The time up to which the rate of `slow` is used up. */
  readonly rateUsedUntil: number
  /** With `isPerProof`: the time of the proof that the count belongs to. */
  readonly proofAt: number
  /** When the account was suspended for it; null if it was not, or has been resumed. */
  readonly suspendedAt: number | null
  /** The account that spent last; null for strangers. */
  readonly account: string | null
}

export interface Report {
  readonly process: string
  readonly account: string | null
  /** Bytes or requests since the last report. */
  readonly spent: number
  /** Hashes of paths since then. */
  readonly paths: readonly number[]
  /** Requests, or new paths, that have begun since then on a grant or without one; 0 where bytes are counted. */
  readonly begun: number
  /** The part of `spent`, or the number of `paths`, that another site or a prefetch has led to. */
  readonly led: number
  /** The hashes of paths of requests that were not led; null if these are all of `paths`. */
  readonly ownPaths: readonly number[] | null
  /** Bytes that went out while the rate was limited. */
  readonly slowed: number
  /** True if bytes wait to flow and need a grant. */
  readonly isWanting: boolean
  /** The newest proof of a factor that the budget names, among those who spend, in milliseconds since the epoch; 0 for none. */
  readonly proofAt: number
  /** Their newest proof of any kind; 0 for none. */
  readonly signedInAt: number
}

/**
 * `within`: bytes flow. `hold`: until somebody proves who they are. `slow`: at the rate. `cut`: nothing flows. `passed`: the budget only tells.
 */
export type Mode = 'within' | 'hold' | 'slow' | 'cut' | 'passed'

/** What has just happened. One gate of all gets it. */
export type Happening = 'passed' | 'bought' | 'unanswered'

export interface Settlement {
  readonly ledger: Ledger
  readonly mode: Mode
  readonly happened: readonly Happening[]
  /** True if the account is to be suspended now. It is so once for each time that the budget is passed. */
  readonly isSuspending: boolean
  /** True if led requests alone have saved the account from a suspension. Also once for each time. */
  readonly isSpared: boolean
  readonly grant: number
  /** Where nothing is granted: when to ask again, in milliseconds since the epoch; null for never. */
  readonly askAgainAt: number | null
  /** True if the clock has been put back. */
  readonly isRebased: boolean
}

/** How long a grant counts in the store, and how long its holder uses it. The rest is for clocks that differ, and for reports that come late. */
export const grantMs = 60_000
export const usedForMs = 5_000
const smallestGrant = 256 * 1024
const largestGrant = 64 * 1024 * 1024
/** A process draws at most this part of what is left, so that the others get theirs. */
const share = 8
const busyMs = 100
/** A proof that is more than this later than a suspension shows that an operator has resumed the account, in milliseconds. */
const resumedMs = 2_000
/** The rate of `slow` is handed out in pieces of this length, in milliseconds. */
const pieceMs = 250

/** Shared by empty ledgers, to save memory. */
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

/** What the ledger says at `now`. `scale`: the part of the amount that the posture leaves. */
export function readLedger(ledger: Ledger, budget: Budget, now: number, scale = 1): LedgerState {
  const spent = spentAt(ledger, budget, now)
  const limit = limitAt(ledger, budget, now, scale)
  return { mode: modeOf(ledger, budget, spent > limit, now), spent, limit }
}

export function spentAt({ slots, slotMs, paths }: Ledger, { counted }: Budget, now: number): number {
  const current = slotAt(now, slotMs)
  return counted === 'distinctPaths' ? countOfPaths(paths, current) : sumOf(slots, current)
}

/** The part of `spent` that was not led by another site or a prefetch. Only this part may suspend anybody. */
export function ownAt(ledger: Ledger, budget: Budget, now: number): number {
  const { slotMs, led, ownPaths } = ledger
  const current = slotAt(now, slotMs)
  if (budget.counted === 'distinctPaths') return countOfPaths(ownPaths ?? ledger.paths, current)
  return Math.max(0, spentAt(ledger, budget, now) - sumOf(led, current))
}

/** How much may be spent now. */
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

/**
 * True if a fresh proof buys one more budget: with `step-up`; and of a budget that cuts, where no more was passed than another site may have led
 * to. Once it is bought, other sessions need a proof too.
 */
export function isConfirmable(ledger: Ledger, budget: Budget, now: number, scale = 1): boolean {
  if (has(budget, 'step-up')) return true
  const { askedAt, isAnswered, boughtWith } = ledger
  if (askedAt === null || budget.isQuota === true) return false
  if (isAnswered) return boughtWith > askedAt
  const { mode, limit } = readLedger(ledger, budget, now, scale)
  return mode === 'cut' && ownAt(ledger, budget, now) <= limit
}

/** True if somebody with this proof must show a new one before anything flows. A proof from the future (a clock was put back) does not count. */
export function asksFor(ledger: Ledger, budget: Budget, proofAt: number, now: number, scale = 1): boolean {
  const { askedAt, isAnswered, boughtWith } = ledger
  if (askedAt === null || !isConfirmable(ledger, budget, now, scale)) return false
  return proofAt > now + clockSkewMs || proofAt <= askedAt || (!isAnswered && proofAt <= boughtWith)
}

/** True with `isPerProof` for a token that is older than the proof with which the count began anew: that proof was another token's. */
export function isOfEarlierProof(
  { boughtWith }: Ledger,
  { isPerProof }: Pick<Budget, 'isPerProof'>,
  proofAt: number
): boolean {
  return isPerProof && proofAt < boughtWith
}

/** The time at which the window will have room again without a proof, in milliseconds since the epoch. */
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

/** The ledger after the clock was set: no time has passed, so nothing leaves the window early or late. */
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

/** True if nobody has written it since the clock was set. */
export function isBefore({ slotMs, slots, paths }: Ledger, { from, to }: ClockJump): boolean {
  const newest = paths.reduce((most, [slot]) => Math.max(most, slot), slots.at(-2) ?? 0)
  return newest <= slotAt(from, slotMs) + 1 && (to > from || newest > slotAt(to, slotMs) + 1)
}

/** True if this sign-in began after an operator had resumed the account: the suspension had ended all others. */
export function isResumed({ suspendedAt }: Ledger, signedInAt: number): boolean {
  return suspendedAt !== null && signedInAt > suspendedAt + resumedMs
}

/** An operator who resumes an account gives it one more budget, otherwise it would be suspended again at once. */
function resumed(ledger: Ledger, { signedInAt }: Report, now: number): Ledger {
  return isResumed(ledger, signedInAt)
    ? { ...ledger, suspendedAt: null, boughtAt: [...ledger.boughtAt, now], isAnswered: true, isUnanswered: false }
    : ledger
}

/** True while the steps have come to `suspend`, and the account was not suspended for it. */
function maySuspend({ askedAt, isUnanswered, isAnswered, suspendedAt }: Ledger, budget: Budget): boolean {
  if (askedAt === null || isAnswered || !has(budget, 'suspend')) return false
  if (has(budget, 'step-up') && !isUnanswered) return false
  return suspendedAt === null || suspendedAt < askedAt
}

/** The ledger without slots that have left the window, in slots of the configured length. A changed window keeps the sum. */
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
    // The led requests have left the window.
    ownPaths: led.length === 0 || ledger.ownPaths === null ? null : pathsNow(ledger.ownPaths),
    // After the clock was put back, a grant stays for its whole time, because its holder still uses it.
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

/** What the process may have let begin on its old grant since its report. Bytes have debts instead. */
function heldBy({ grants }: Ledger, { counted }: Budget, { process, begun }: Report): number {
  const old = counted === 'bytes' ? undefined : grants.find(grant => grant.process === process)
  return old === undefined ? 0 : Math.max(0, old.bytes - begun)
}

/** A grant may be one byte more than the limit leaves, so that the byte that passes the limit is reported. */
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
