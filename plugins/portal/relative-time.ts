/** Times and waits in words. */
import type { Messages } from './messages/en.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** The age of `at`, both in milliseconds since the epoch. */
export function formatRelative(at: number, now: number, { time }: Messages): string {
  const ago = Math.max(0, now - at)
  if (ago < minute) return time.now
  if (ago < hour) return time.minutes(Math.floor(ago / minute))
  if (ago < day) return time.hours(Math.floor(ago / hour))
  if (ago < 7 * day) return time.days(Math.floor(ago / day))
  return time.date(at)
}

/** A time in its own zone. `at` in milliseconds since the epoch. */
export function zonedTime({ at, offsetMinutes }: { at: number | null; offsetMinutes: number }, { time }: Messages) {
  const local = (at ?? 0) + offsetMinutes * minute
  const offset = new Date(Math.abs(offsetMinutes) * minute).toISOString().slice(11, 16)
  const zone = offsetMinutes === 0 ? 'UTC' : `UTC${offsetMinutes < 0 ? '-' : '+'}${offset}`
  return time.zoned(new Date(local).toISOString().slice(11, 16), zone, local)
}

/** An exact limit in seconds, in words. */
export function formatLimit(seconds: number, { time }: Messages): string {
  if (seconds >= 6000 && seconds % 3600 === 0) return time.span(seconds / 3600, 'hour')
  return seconds >= 100 && seconds % 60 === 0 ? time.span(seconds / 60, 'minute') : time.span(seconds, 'second')
}

/** A duration in seconds, rounded up, in words. */
export function formatDuration(seconds: number, { time }: Messages): string {
  if (seconds < 100) return time.span(Math.max(1, Math.ceil(seconds)), 'second')
  if (seconds < 100 * 60) return time.span(Math.ceil(seconds / 60), 'minute')
  return time.span(Math.ceil(seconds / 3600), 'hour')
}

/** The message `wrong` with the wait until the next try, which also goes into the headers. Null for no wait. */
export function withWait(
  reply: { header(name: string, value: string): unknown },
  wrong: string,
  waitSeconds: number | null,
  say: Messages
): string {
  if (waitSeconds === null) return wrong
  reply.header('retry-after', String(waitSeconds))
  return `${wrong} ${say.challenge.wait(formatDuration(waitSeconds, say))}`
}
