/** When a certificate is renewed, and when a failed try is repeated. Times are milliseconds since the epoch. */
import { dayMs, hourMs, isCurrent, minuteMs } from '../clock.ts'
import type { Life } from './issued.ts'

/** The time in which the authority wants a renewal (RFC 9773 §4.2). */
interface RenewalWindow {
  readonly start: number
  readonly end: number
}

/**
 * Without a window: after two thirds of the life, after half of one under ten days. With one: a random moment in it. A lying server gains nothing: a
 * certificate is used for a day at least (a short one for a tenth of its life, one of hours for an hour or a third), and for five sixths at most. `chance` is
 * from 0 to 1.
 */
export function renewalMoment(life: Life, window: RenewalWindow | null, issuedAt: number, chance: number): number {
  const length = life.to - life.from
  if (window === null) return life.from + length * (length < 10 * dayMs ? 1 / 2 : 2 / 3) + (length / 50) * chance
  const earliest = issuedAt + Math.min(dayMs, Math.max(length / 10, Math.min(hourMs, length / 3)))
  const latest = life.from + (length * 5) / 6
  const wanted = window.start + (window.end - window.start) * chance
  return Math.min(Math.max(wanted, earliest), latest)
}

export function askAgainMs(retryAfterMs: number | null): number {
  return Math.min(Math.max(retryAfterMs ?? 6 * hourMs, minuteMs), dayMs)
}

/** Also true if the clock was put back and `askAt` is too far ahead. */
export function isTimeToAsk(askAt: number, now: number): boolean {
  return !isCurrent(askAt, dayMs, now)
}

/**
 * An hour, doubled with each failure in a row, up to a day. Without a certificate it begins with five minutes, below the usual limit of five failed validations
 * an hour. It takes at most a quarter of what is left of the certificate, or of the life of an ended one; the authority's wish takes at most half. `leftMs`: 0
 * without a certificate in use. `lifeMs`: of the last certificate; null without one.
 */
export function backOffMs(
  failures: number,
  { leftMs, lifeMs }: { leftMs: number; lifeMs: number | null },
  retryAfterMs: number | null
): number {
  const first = leftMs > 0 ? hourMs : 5 * minuteMs
  const doubled = Math.min(first * 2 ** Math.min(failures - 1, 20), dayMs)
  const pause = lifeMs === null ? doubled : Math.max(Math.min(doubled, (leftMs || lifeMs) / 4), minPauseMs(lifeMs))
  const bid = retryAfterMs ?? 0
  return Math.max(pause, leftMs > 0 ? Math.min(bid, leftMs / 2) : bid)
}

/** An authority with certificates of days limits failures; one with certificates of minutes must be asked within them. */
function minPauseMs(lifeMs: number): number {
  return Math.min(Math.max(lifeMs / 100, minuteMs), 15 * minuteMs)
}

/** Also false if the clock was put back and the pause is too long. */
export function isPausing({ nextAt, isBid }: { nextAt: number; isBid: boolean }, now: number): boolean {
  return isCurrent(nextAt, isBid ? 7 * dayMs : dayMs, now)
}

/** The operator who starts or reloads the gate may have mended the cause of an older pause. */
export const impatientMs = 15 * minuteMs
