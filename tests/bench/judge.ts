/**
 * When a section's word is taken. On a virtual machine others may have the processors just then, which Linux tells as stolen time: so what
 * is lost grossly is measured again, and counts only if it is lost every time, and nobody else was at it. Owns the number of times.
 */
import os from 'node:os'
import { stolenSeconds } from './processes.ts'
import { type Found, isGrossLoss, isMet } from './report.ts'

export interface Judged {
  readonly found: Found
  /** Share of the processors' time that went to other machines. */
  readonly stolen: number
  readonly isLost: boolean
}

export interface Patience {
  /** Whether a bar that is just missed while others were at it is measured again, too. */
  readonly isThorough: boolean
  /** Nothing is measured again after this time, in milliseconds of `performance.now()`. */
  readonly until: number
}

const times = 3
const disturbing = 0.01

/** The last time counts. `stolenSoFar` in seconds, all processors together. */
export async function judge(
  measure: () => Promise<Found>,
  { isThorough, until }: Patience,
  stolenSoFar: () => number = stolenSeconds
): Promise<Judged> {
  let isDisturbed = false
  for (let time = 1; ; time++) {
    const [begun, before] = [performance.now(), stolenSoFar()]
    const found = await measure()
    const available = ((performance.now() - begun) / 1000) * os.availableParallelism()
    const stolen = (stolenSoFar() - before) / available
    isDisturbed ||= stolen >= disturbing
    const isLost = found.bars.some(isGrossLoss)
    const isAmiss = isLost || (isThorough && stolen >= disturbing && !found.bars.every(isMet))
    if (!isAmiss || time === times || performance.now() > until)
      return { found: noted(found, time, stolen), stolen, isLost: isLost && !isDisturbed }
  }
}

function noted(found: Found, time: number, stolen: number): Found {
  const notes = [
    ...(stolen < disturbing ? [] : [`${(100 * stolen).toFixed(0)} % of the processors' time went to other machines.`]),
    ...(time === 1 ? [] : [`Measured ${time} times; this is the last.`])
  ]
  return notes.length === 0 ? found : { ...found, text: `${found.text.trim()}\n\n${notes.join(' ')}` }
}
