/** The steps of a range of time: hours, days or weeks, at most some hundred. */
import { dayMs, hourMs } from '../clock.ts'

const widths: readonly (readonly [milliseconds: number, word: string])[] = [
  [hourMs, 'hour'],
  [6 * hourMs, '6 hours'],
  [dayMs, 'day'],
  [7 * dayMs, 'week'],
  [28 * dayMs, '4 weeks']
]
const maxSteps = 100

export interface TimeSteps {
  /** Milliseconds since the epoch. */
  readonly start: number
  /** Milliseconds. */
  readonly width: number
  /** `day` */
  readonly word: string
  readonly count: number
}

/** `from` and `to` in milliseconds since the epoch. Steps begin at whole hours and days, UTC. */
export function stepsOf(from: number, to: number): TimeSteps {
  const fits = ([width]: (typeof widths)[number]) => (to - from) / width <= maxSteps
  const [width, word] = widths.find(fits) ?? ([Math.ceil((to - from) / maxSteps / hourMs) * hourMs, 'step'] as const)
  const start = Math.floor(from / width) * width
  return { start, width, word, count: Math.floor((to - start) / width) + 1 }
}

export function stepAt({ start, width, count }: TimeSteps, at: number): number {
  return Math.min(count - 1, Math.max(0, Math.floor((at - start) / width)))
}
