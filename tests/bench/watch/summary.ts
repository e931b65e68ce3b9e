/** The figures of a simulation: what was found, lost and disturbed, for people and as the JSON of the contract. */
import { hourMs } from './events.ts'
import type { Outcome, Tally } from './simulate.ts'
import { type Theft, type TheftKind, theftKinds } from './thefts.ts'

/** What may be out when a thief is stopped. */
export const maxLost = 0.01

interface Summary {
  readonly planted: number
  readonly detected: number
  /** Suspended, or stopped by a question that nobody answered. */
  readonly stopped: number
  readonly suspended: number
  readonly noticed: number
  readonly shareLostMean: number
  readonly shareLostMedian: number
  readonly shareLostMost: number
  /** The share of thefts of which less than `maxLost` was out. */
  readonly withinBar: number
  readonly hoursToAct: number | null
  readonly hoursToActMost: number | null
  /** The share of all that was found in time. */
  readonly foundInTime: number
}

export function summarise(
  tally: Tally,
  kind: TheftKind,
  filter: (theft: Theft) => boolean = () => true,
  maxHours = Number.POSITIVE_INFINITY
): Summary {
  const all = tally.thefts.filter(({ theft, firstAt }) => theft.kind === kind && firstAt !== null && filter(theft))
  const hours = all
    .flatMap(({ actedAt, firstAt }) => (actedAt === null ? [] : [(actedAt - firstAt!) / hourMs]))
    .sort((a, b) => a - b)
  const shares = all.map(({ lost, theft }) => Math.min(1, lost / theft.target)).sort((a, b) => a - b)
  const count = Math.max(1, all.length)
  return {
    planted: all.length,
    detected: hours.length,
    stopped: all.filter(({ isStopped }) => isStopped).length,
    suspended: all.filter(({ isSuspended }) => isSuspended).length,
    noticed: all.filter(({ noticedAt, actedAt }) => noticedAt !== null || actedAt !== null).length,
    shareLostMean: round(shares.reduce((sum, share) => sum + share, 0) / count),
    shareLostMedian: round(middleOf(shares) ?? 0),
    shareLostMost: round(Math.max(0, ...shares)),
    withinBar: round(shares.filter(share => share < maxLost).length / count),
    hoursToAct: middleOf(hours),
    hoursToActMost: hours.length === 0 ? null : round(hours.at(-1)!),
    foundInTime: round(hours.filter(each => each <= maxHours).length / count)
  }
}

/** The median; of an even number, the mean of the two in the middle. */
function middleOf(sorted: readonly number[]): number | null {
  if (sorted.length === 0) return null
  const half = sorted.length / 2
  return round((sorted[Math.ceil(half) - 1]! + sorted[Math.floor(half)]!) / 2)
}

const round = (value: number) => Number(value.toPrecision(3))

/** `shareLost` is the median; the mean, the worst, and the share of thefts that were stopped in time stand beside it. */
export function jsonOf({ simulation, personDays }: Outcome, tally: Tally): object {
  const weeks = personDays / 7
  return {
    ...(tally.detector.name === 'watch' ? {} : { baseline: tally.detector.name }),
    seed: simulation.seed,
    persons: simulation.persons,
    days: simulation.days,
    thefts: Object.fromEntries(
      theftKinds.map(kind => {
        const { planted, detected, hoursToAct, ...more } = summarise(tally, kind)
        const { stopped, suspended, shareLostMedian, shareLostMean, shareLostMost, withinBar } = more
        return [
          kind,
          {
            planted,
            detected,
            shareLost: shareLostMedian,
            hoursToAct,
            stopped,
            suspended,
            shareLostMean,
            shareLostMost,
            withinBar
          }
        ]
      })
    ),
    falseStepUpsPerPersonWeek: round(tally.falseStepUps / weeks),
    falseSuspensionsPerThousandPersonMonths: round((tally.falseSuspensions / (personDays / 30.44)) * 1000),
    falseProofsPerPersonWeek: round(tally.falseProofs / weeks)
  }
}
