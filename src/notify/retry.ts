/** Retries: soon at first, then at growing intervals, for three days (RFC 5321 §4.5.4.1 asks for four to five at most). */
import { dayMs, minuteMs } from '../clock.ts'

const waitsMs = [1, 5, 15, 60, 240].map(minutes => minutes * minuteMs)
const retryForMs = 3 * dayMs

/** `tries` counts from 1. `chance` from 0 to 1 varies the time by at most a fifth. */
export function retryAt(tries: number, now: number, chance: number): number {
  const wait = waitsMs[Math.min(tries, waitsMs.length) - 1] ?? minuteMs
  return now + Math.round(wait * (0.8 + 0.4 * chance))
}

export function isOver(firstTryAt: number, now: number): boolean {
  return now - firstTryAt >= retryForMs
}
