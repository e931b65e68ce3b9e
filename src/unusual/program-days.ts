/** A program's bytes of a day, what is usual, and the verdict. */
import { dayMs } from '../clock.ts'
import { type Loose, RecordKind } from '../store/records.ts'
import type { UnusualLevel } from './steps.ts'

/** Middle and spread: ln(1 + megabytes). */
export interface ProgramDays {
  readonly day: number
  readonly bytes: number
  /** Learned days, up to `memoryDays`. */
  readonly days: number
  readonly middle: number
  /** The mean distance from the middle. */
  readonly spread: number
  /** Reported today: 0 none, 1 strange, 2 alarming. */
  readonly said: number
}

export const programDaysRecord = new RecordKind<ProgramDays>({
  prefix: 'unusual:program:',
  version: 1,
  read: record => (isProgramDays(record) ? record : null)
})

/** Without use for so long, a program counts as new. */
export const keepSeconds = 60 * 86_400

const learnDays = 7
const memoryDays = 20
/** The least spread, in e-folds: programs are regular. */
const minSpread = 0.35
const strangeFrom = 3
const alarmingFrom = 5

const toScale = (bytes: number) => Math.log1p(bytes / 1e6)

/** A day that is over is learned, as a strange day at most. */
export function withBytes(before: ProgramDays | null, bytes: number, now: number): ProgramDays {
  const today = Math.floor(now / dayMs)
  const found = before ?? { day: today, bytes: 0, days: 0, middle: 0, spread: 0, said: 0 }
  // Clocks of gates differ, and one may be put back.
  if (today <= found.day) return { ...found, bytes: found.bytes + bytes }
  return { ...learned(found), day: today, bytes, said: 0 }
}

function learned(found: ProgramDays): ProgramDays {
  if (found.bytes === 0) return found
  const { days, middle, spread } = found
  const most = days < learnDays ? Number.POSITIVE_INFINITY : middle + strangeFrom * Math.max(minSpread, spread)
  const value = Math.min(most, toScale(found.bytes))
  const weight = 1 / Math.min(memoryDays, days + 1)
  const distance = days === 0 ? 0 : Math.abs(value - middle)
  return {
    ...found,
    days: Math.min(memoryDays, days + 1),
    middle: middle + weight * (value - middle),
    spread: spread + weight * (distance - spread)
  }
}

export interface ProgramVerdict {
  readonly level: Exclude<UnusualLevel, 'extreme'>
  /** The distance from the middle, in spreads. */
  readonly score: number
  readonly bytes: number
  readonly usualBytes: number
}

/** Null also for a level that was reported already. */
export function judgeDay({ bytes, days, middle, spread, said }: ProgramDays): ProgramVerdict | null {
  if (days < learnDays) return null
  const score = (toScale(bytes) - middle) / Math.max(minSpread, spread)
  const level = score >= alarmingFrom ? 2 : score >= strangeFrom ? 1 : 0
  if (level <= said) return null
  return { level: level === 2 ? 'alarming' : 'strange', score, bytes, usualBytes: Math.expm1(middle) * 1e6 }
}

export function said(found: ProgramDays, { level }: ProgramVerdict): ProgramDays {
  return { ...found, said: level === 'alarming' ? 2 : 1 }
}

function isProgramDays(value: Loose): value is Loose & ProgramDays {
  return [value.day, value.bytes, value.days, value.middle, value.spread, value.said].every(
    each => typeof each === 'number' && Number.isFinite(each) && each >= 0
  )
}
