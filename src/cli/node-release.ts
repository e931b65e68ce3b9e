/** End-of-life dates of Node.js, from its release schedule, and the warning of `serve`. */
import { dayMs } from '../clock.ts'

const soonMs = 90 * dayMs

/** The last day of each release line, in UTC. Missing lines are newer than this list. */
const lastDays: Readonly<Record<number, string>> = {
  20: '2026-04-30',
  21: '2024-06-01',
  22: '2027-04-30',
  23: '2025-06-01',
  24: '2028-04-30',
  25: '2026-06-01'
}

/** Null if `version` can run the gate. */
export function nodeTooOld(version: string): string | null {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return null
  return `Node.js 20.19 or newer is needed, and this is ${version}: install Node.js 24`
}

/** The warning about a `version` (such as `20.20.2`) without security fixes at `now`, in milliseconds; null if it has them or is unknown. */
export function nodeReleaseWarning(version: string, now: number): string | null {
  const line = Number.parseInt(version, 10)
  const lastDay = lastDays[line]
  if (lastDay === undefined || now < Date.parse(lastDay) + dayMs) return null
  return `Node.js ${version} has had no security fixes since ${lastDay}: install Node.js 24 or newer`
}

/** The last day of security fixes, if it is at most 90 days after `now`, in milliseconds; otherwise null. */
export function nodeEndsSoon(version: string, now: number): string | null {
  const lastDay = lastDays[Number.parseInt(version, 10)]
  return lastDay !== undefined && Date.parse(lastDay) - now < soonMs ? lastDay : null
}
