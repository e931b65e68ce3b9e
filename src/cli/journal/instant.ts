/** The times of `--from` and `--to`. */
import { readDuration } from '../../../config/values/value-types.ts'
import { visible } from '../../messages/visible.ts'
import { type Io, UsageError } from '../command.ts'

/** Milliseconds since the epoch; without text the earliest or latest time. Throws UsageError. */
export function instant(option: '--from' | '--to', text: string | undefined, io: Io): number {
  const isTo = option === '--to'
  if (text === undefined) return isTo ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY
  const ago = readDuration(text)
  if (typeof ago === 'number') return io.clock() - ago * 1000
  const [, day, clock] =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})?))?$/i.exec(text) ?? []
  const zone = clock !== undefined && /Z|[+-]\d{2}:\d{2}$/i.test(clock) ? '' : 'Z'
  const at = Date.parse(`${day}T${clock ?? (isTo ? '23:59:59.999' : '00:00')}${zone}`)
  // Date would accept 31 February as a day in March.
  const isDay =
    day !== undefined && !Number.isNaN(Date.parse(day)) && new Date(Date.parse(day)).toISOString().startsWith(day)
  if (Number.isNaN(at) || !isDay)
    throw new UsageError(
      `${option} must be a time such as 2026-11-28, 2026-11-28T09:30:00Z or 2h, got '${visible(text)}'`
    )
  return at
}
