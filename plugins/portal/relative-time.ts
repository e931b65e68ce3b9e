/** Times and waits in words. */
import type { Messages } from './messages/messages.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** The age of `at`, both in milliseconds since the epoch. */
export function formatRelative(at: number, now: number, { time, formats }: Messages): string {
  const ago = Math.max(0, now - at)
  if (ago < minute) return time.now
  if (ago < 2 * minute) return time.minuteAgo
  if (ago < hour) return formats.ago(Math.floor(ago / minute), 'minute')
  if (ago < 2 * hour) return time.hourAgo
  if (ago < day) return formats.ago(Math.floor(ago / hour), 'hour')
  if (ago < 7 * day) return formats.ago(Math.floor(ago / day), 'day')
  return formats.date(at)
}

/** The gate's clock to the second. The day is included, since a phone may have the right time of another day. */
export function clockTime(at: number, { time, formats }: Messages): string {
  return time.clock({ time: new Date(at).toISOString().slice(11, 19), date: formats.date(at) })
}

/** A time in its own zone. `at` in milliseconds since the epoch. */
export function zonedTime(
  { at, offsetMinutes }: { at: number | null; offsetMinutes: number },
  { time, formats }: Messages
): string {
  const local = (at ?? 0) + offsetMinutes * minute
  const offset = new Date(Math.abs(offsetMinutes) * minute).toISOString().slice(11, 16)
  const zone = offsetMinutes === 0 ? 'UTC' : `UTC${offsetMinutes < 0 ? '-' : '+'}${offset}`
  return time.zoned({ time: new Date(local).toISOString().slice(11, 16), zone, date: formats.date(local) })
}

/** An exact limit in seconds, in words. */
export function formatLimit(seconds: number, { formats }: Messages): string {
  if (seconds >= 6000 && seconds % 3600 === 0) return formats.span(seconds / 3600, 'hour')
  return seconds >= 100 && seconds % 60 === 0 ? formats.span(seconds / 60, 'minute') : formats.span(seconds, 'second')
}

/** A duration in seconds, rounded up, in words. */
export function formatDuration(seconds: number, { formats }: Messages): string {
  if (seconds < 100) return formats.span(Math.max(1, Math.ceil(seconds)), 'second')
  if (seconds < 100 * 60) return formats.span(Math.ceil(seconds / 60), 'minute')
  return formats.span(Math.ceil(seconds / 3600), 'hour')
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
  return `${wrong} ${say.challenge.wait({ wait: formatDuration(waitSeconds, say) })}`
}
