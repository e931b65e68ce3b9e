/**
 * Decides when a section's result counts. On a virtual machine others may use the processors, which Linux reports as stolen time. So a
 * gross miss is measured again, and counts if it repeats; with stolen time in every try, only a greater miss counts. Counts and weights
 * count at once.
 */
import { short } from './numbers.ts'
import { type ProcessorTimes, processorTimes } from './processes.ts'
import { type Bar, type Found, isGrossLoss, isMet } from './report.ts'

export interface Judged {
  /** Of the last time, with a note of the others. */
  readonly found: Found
  readonly isLost: boolean
}

interface Patience {
  /** Whether a bar that is just missed while others were at it is measured again, too. */
  readonly isThorough: boolean
  /** Nothing is measured again after this time, in milliseconds of `now`. */
  readonly until: number
}

interface Clock {
  now(): number
  processors(): ProcessorTimes
}

interface Time {
  readonly found: Found
  /** Share of the processors' time that went to other machines. */
  readonly stolen: number
}

const most = 3
const disturbing = 0.01
const beyondDoubt = 4

const real: Clock = { now: () => performance.now(), processors: processorTimes }

export async function judge(
  measure: () => Promise<Found>,
  { isThorough, until }: Patience,
  clock: Clock = real
): Promise<Judged> {
  const times: Time[] = []
  for (;;) {
    const before = clock.processors()
    const found = await measure()
    const time = { found, stolen: stolenBetween(before, clock.processors()) }
    times.push(time)
    const isAmiss = (bar: Bar) => !bar.isCounted && (isGrossLoss(bar) || (isThorough && isInDoubt(bar, time)))
    if (!found.bars.some(isAmiss) || times.length === most || clock.now() > until)
      return { found: noted(times), isLost: isLost(times) }
  }
}

function stolenBetween(before: ProcessorTimes, after: ProcessorTimes): number {
  const all = after.all - before.all
  return all > 0 ? (after.stolen - before.stolen) / all : 0
}

function isInDoubt(bar: Bar, { stolen }: Time): boolean {
  return stolen >= disturbing && !isMet(bar)
}

function isLost(times: readonly Time[]): boolean {
  return times.at(-1)!.found.bars.some(({ what, isCounted }) => {
    const isLostBy = (factor: number) => (time: Time) =>
      time.found.bars.some(bar => bar.what === what && isGrossLoss(bar, factor))
    if (isCounted) return times.some(isLostBy(2))
    if (!times.every(isLostBy(2))) return false
    return times.some(({ stolen }) => stolen < disturbing) || times.every(isLostBy(beyondDoubt))
  })
}

/** Says what would not be known from the last time alone. */
function noted(times: readonly Time[]): Found {
  const { found, stolen } = times.at(-1)!
  const notes: string[] = []
  if (stolen >= disturbing) notes.push(`${(100 * stolen).toFixed(0)} % of the processors' time went to other machines.`)
  if (times.length > 1) {
    const earlier = times.slice(0, -1).flatMap(each => each.found.bars.filter(bar => !isMet(bar)))
    const values = earlier.map(({ what, value }) => `${what}: ${short(value!)}`)
    notes.push(`Measured ${times.length} times, this is the last. Missed before: ${values.join('; ')}.`)
  }
  return notes.length === 0 ? found : { ...found, text: `${found.text.trim()}\n\n${notes.join(' ')}` }
}
