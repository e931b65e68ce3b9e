/**
 * Writes of a ledger that got no answer, of which the store may have some. What they report is not counted again, and the steps that began in them are this
 * process's to carry out.
 */
import type { Grant, Ledger, Report, Settlement } from './ledger.ts'

export interface Unanswered {
  readonly text: string
  readonly report: Report
  readonly settlement: Settlement
  /** The ledger before it. */
  readonly found: Ledger | null
}

/** Of one ledger. Each needs a store that answers a read and then no write, so more mean a broken store. */
const maxUnanswered = 16

export function withUnanswered(all: readonly Unanswered[], one: Unanswered): readonly Unanswered[] {
  return [...all, one].slice(-maxUnanswered)
}

/** Settles what the store does not have yet. `all` are oldest first; `now` is the ledger in the store, with the text `stored`. */
export function settleRest(
  all: readonly Unanswered[],
  now: Ledger | null,
  stored: string | null,
  report: Report,
  settle: (rest: Report) => Settlement
): Settlement {
  if (now === null || all.length === 0) return settle(report)
  // A later report has all of the earlier ones.
  const done = all.findLast(one => isIn(one, now, stored))
  const own = settle(done === undefined ? report : without(report, done.report))
  return all.filter(one => one === done || haveStepsBegun(one, now)).reduce(withSteps, own)
}

/** True if the store has that write, also below one of another gate: only this process gives itself that grant, unless it had the same one before. */
function isIn({ text, report, settlement, found }: Unanswered, now: Ledger, stored: string | null): boolean {
  if (stored === text) return true
  const grantIn = (ledger: Ledger | null) => ledger?.grants.find(({ process }) => process === report.process)
  const [before, given, there] = [grantIn(found), grantIn(settlement.ledger), grantIn(now)]
  return given !== undefined && isSame(given, there) && !isSame(given, before)
}

function isSame({ until, bytes }: Grant, other: Grant | undefined): boolean {
  return other !== undefined && until === other.until && bytes === other.bytes
}

/** True if the ledger has the moments of those steps, also where no grant tells, as in a budget that is passed. */
function haveStepsBegun({ settlement, found }: Unanswered, now: Ledger): boolean {
  const given = momentsOf(settlement.ledger)
  return given === momentsOf(now) && (found === null || given !== momentsOf(found))
}

function momentsOf({ askedAt, isUnanswered, boughtWith, boughtAt, suspendedAt }: Ledger): string {
  // Another gate buys with the same proof, and at another moment.
  return `${askedAt} ${isUnanswered} ${boughtWith} ${boughtAt.at(-1)} ${suspendedAt}`
}

/** What was reported before is not counted again. Paths are told apart by themselves. */
function without(report: Report, before: Report): Report {
  const rest = (amount: number, counted: number) => Math.max(0, amount - counted)
  return {
    ...report,
    spent: rest(report.spent, before.spent),
    led: rest(report.led, before.led),
    slowed: rest(report.slowed, before.slowed)
  }
}

function withSteps(settlement: Settlement, { settlement: before }: Unanswered): Settlement {
  return {
    ...settlement,
    happened: [...new Set([...before.happened, ...settlement.happened])],
    isSuspending: before.isSuspending || settlement.isSuspending,
    isSpared: before.isSpared || settlement.isSpared,
    isRebased: before.isRebased || settlement.isRebased
  }
}
