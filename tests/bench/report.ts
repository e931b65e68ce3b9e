/** The result of a section as tables. A missed bar is reported; a gross miss, by a factor of two, fails. */
import type { Ender } from '../fixtures/process/gate.ts'
import { short } from './numbers.ts'

export interface Bench {
  readonly end: Ender
  readonly isQuick: boolean
  /** It runs where own-net.ts has brought it. */
  readonly hasOwnNet?: boolean
}

/** What must hold, and what was measured. */
export interface Bar {
  readonly what: string
  /** Null where this machine or this version does not tell. */
  readonly value: number | null
  /** Of each turn, where `value` is their median. */
  readonly turns?: readonly number[]
  /** The least where more is better, the most where less is. */
  readonly limit: number
  readonly better: 'more' | 'less'
  readonly unit?: string
  /** Counted or weighed, and no time: it is the same however busy the machine is. */
  readonly isCounted?: boolean
  /** A goal that is not reached yet: it is reported, and does not fail the run. */
  readonly isGoal?: boolean
}

export interface Found {
  readonly title: string
  /** Markdown. */
  readonly text: string
  readonly bars: readonly Bar[]
  /** For programs that read the output: printed after everything else. */
  readonly lastLines?: readonly string[]
}

export type Section = (bench: Bench) => Promise<Found>

export function isMet({ value, limit, better }: Bar): boolean {
  return value === null || (better === 'more' ? value >= limit : value <= limit)
}

/** In every turn, since one may have met whatever else the machine did. Where the bar is nought, there is nothing between it and this. */
export function isGrossLoss({ value, turns, limit, better, isGoal = false }: Bar, factor = 2): boolean {
  if (value === null || isGoal) return false
  const all = turns ?? [value]
  return better === 'more' ? Math.max(...all) < limit / factor : Math.min(...all) > limit * factor
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

export function tell({ title, text, bars }: Found): string {
  return [`### ${title}`, text.trim(), ...(bars.length === 0 ? [] : [barTable(bars)]), ''].join('\n\n')
}

function barTable(bars: readonly Bar[]): string {
  return table(
    ['bar', 'asked', 'measured', ''],
    bars.map(bar => {
      const unit = bar.unit === undefined ? '' : ` ${bar.unit}`
      const measured = bar.value === null ? 'not told' : `${short(bar.value)}${unit}`
      const verdict =
        bar.value === null ? '' : isMet(bar) ? 'met' : isGrossLoss(bar) ? '**missed by far**' : '**not met**'
      return [bar.what, `${bar.better === 'more' ? '≥' : '≤'} ${bar.limit}${unit}`, measured, verdict]
    })
  )
}
