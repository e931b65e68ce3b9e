/** The bytes that a program fetches on a day, what is usual for it, and the verdict on a day. Pure functions, and the record. */
import { type Loose, RecordKind } from '../store/records.ts'
import type { UnusualLevel } from './steps.ts'

/** Amounts are compared as ln(1 + megabytes). */
export interface ProgramDays {
  /** Days since the epoch. */
  readonly day: number
  /** Bytes of this day so far. */
  readonly bytes: number
  /** How many days with use were learned, up to `memoryDays`. */
  readonly days: number
  readonly middle: number
  /** The mean distance from the middle. */
  readonly spread: number
  /** The highest level of this day that was reported: 0 none, 1 strange, 2 alarming. */
  readonly said: number
}

/** Its id is the token's. */
export const programDaysRecord = new RecordKind<ProgramDays>({
  prefix: 'unusual:program:',
  version: 1,
  read: record => (isProgramDays(record) ? record : null)
})

/** A program that was not used for this long counts as new again, in seconds. */
export const keepSeconds = 60 * 86_400

const dayMs = 86_400_000
/** The fewest days before anything counts as usual. */
const learnDays = 7
const memoryDays = 20
/** The least spread, in e-folds: programs are regular, and a little more is not unusual. */
const minSpread = 0.35
const strangeFrom = 3
const alarmingFrom = 5

const toScale = (bytes: number) => Math.log1p(bytes / 1e6)

/** Adds bytes at `now`. When a day is over, it is learned, with at most the amount of a strange day. */
export function withBytes(before: ProgramDays | null, bytes: number, now: number): ProgramDays {
  const today = Math.floor(now / dayMs)
  const found = before ?? { day: today, bytes: 0, days: 0, middle: 0, spread: 0, said: 0 }
  // Clocks of gates differ, and one may be put back: then the day goes on.
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
  /** Distances from the middle, in spreads. */
  readonly score: number
  readonly bytes: number
  readonly usualBytes: number
}

/** The verdict on the day; null if it is usual, or its level was reported already. */
export function judgeDay({ bytes, days, middle, spread, said }: ProgramDays): ProgramVerdict | null {
  if (days < learnDays) return null
  const score = (toScale(bytes) - middle) / Math.max(minSpread, spread)
  const level = score >= alarmingFrom ? 2 : score >= strangeFrom ? 1 : 0
  if (level <= said) return null
  return { level: level === 2 ? 'alarming' : 'strange', score, bytes, usualBytes: Math.expm1(middle) * 1e6 }
}

/** The record after this verdict was reported. */
export function said(found: ProgramDays, { level }: ProgramVerdict): ProgramDays {
  return { ...found, said: level === 'alarming' ? 2 : 1 }
}

function isProgramDays(value: Loose): value is Loose & ProgramDays {
  return [value.day, value.bytes, value.days, value.middle, value.spread, value.said].every(
    each => typeof each === 'number' && Number.isFinite(each) && each >= 0
  )
}
