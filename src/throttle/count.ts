/** The stored form of a bucket's count. */
import { type Loose, RecordKind } from '../store/records.ts'
import { type Limit, waitMs } from './limits.ts'

/** `at`, and `until` (the end of the wait), are in milliseconds. */
export interface Count {
  readonly failures: number
  readonly at: number
  readonly until: number
}

/** It neither clears nor locks the bucket: all free tries count as used. */
const damaged: Count = { failures: 0, at: 0, until: 0 }

export const countRecord = new RecordKind<Count>({
  prefix: 'attempts:',
  version: 1,
  damaged,
  read: record => (isCount(record) ? record : null)
})

const skewMs = 5_000

export function isAhead(count: Count | null, now: number): boolean {
  return count !== null && count.at > now + skewMs
}

export function countAt(count: Count | null, limit: Limit, now: number): Count {
  if (count === null) return { failures: 0, at: now, until: 0 }
  if (count === damaged) return { failures: limit.free, at: now, until: 0 }
  const { failures, at, until } = count
  // After the clock was set back (THREATS D17), the wait starts again, no longer than before.
  if (at > now + skewMs) return { failures, at: now, until: until === 0 ? 0 : now + capped(until - at, limit) }
  const forgiven = limit.forgiveSeconds === null ? 0 : Math.max(0, now - at) / (limit.forgiveSeconds * 1000)
  return { failures: Math.max(0, failures - forgiven), at, until: Math.min(until, now + limit.maxWaitSeconds * 1000) }
}

function capped(wait: number, { maxWaitSeconds }: Limit): number {
  return Math.min(Math.max(0, wait), maxWaitSeconds * 1000)
}

/** Zero means no wait, otherwise a clock set back would create one (THREATS D17). */
export function untilOf(at: number, failures: number, limit: Limit, share: number): number {
  const wait = waitMs(failures, limit) * share
  return wait === 0 ? 0 : at + wait
}

export function lifeSeconds({ failures, until }: Count, limit: Limit, now: number): number {
  if (failures < 0.001) return 1
  if (limit.forgiveSeconds === null) return limit.keepSeconds
  const emptySeconds = Math.ceil(failures * limit.forgiveSeconds)
  return Math.min(limit.keepSeconds, Math.max(emptySeconds, Math.ceil((until - now) / 1000)) + 60)
}

function isCount(record: Loose): record is Loose & Count {
  return [record.failures, record.at, record.until].every(
    field => typeof field === 'number' && Number.isFinite(field) && field >= 0
  )
}
