/** A bucket as it lies in the store, read and written. Pure: owns what time does to it, also when the clock is put back. */
import { type Loose, RecordKind } from '../store/records.ts'
import { type Limit, waitMs } from './limits.ts'

/** Failures, when they were counted, and until when nothing more is checked (milliseconds). */
export interface Count {
  readonly failures: number
  readonly at: number
  readonly until: number
}

/** Stands for a record that cannot be read. That is neither an amnesty nor a lock: the free tries are used up. */
const damaged: Count = { failures: 0, at: 0, until: 0 }

/** By the kind of the bucket, and whose it is. */
export const countRecord = new RecordKind<Count>({
  prefix: 'attempts:',
  version: 1,
  damaged,
  read: record => (isCount(record) ? record : null)
})

/** Gates whose clocks differ by this much count together all the same. */
const skewMs = 5_000

/** True if it was written by a clock that stood later than it does now. */
export function isAhead(count: Count | null, now: number): boolean {
  return count !== null && count.at > now + skewMs
}

/** The bucket as it stands now: what was forgiven is gone. */
export function countAt(count: Count | null, limit: Limit, now: number): Count {
  if (count === null) return { failures: 0, at: now, until: 0 }
  if (count === damaged) return { failures: limit.free, at: now, until: 0 }
  const { failures, at, until } = count
  // A clock that was put back must not turn seconds into hours (THREATS D17): the wait begins anew, and is no longer than it was.
  if (at > now + skewMs) return { failures, at: now, until: until === 0 ? 0 : now + capped(until - at, limit) }
  const forgiven = limit.forgiveSeconds === null ? 0 : Math.max(0, now - at) / (limit.forgiveSeconds * 1000)
  return { failures: Math.max(0, failures - forgiven), at, until: Math.min(until, now + limit.waitSecondsMax * 1000) }
}

function capped(wait: number, { waitSecondsMax }: Limit): number {
  return Math.min(Math.max(0, wait), waitSecondsMax * 1000)
}

/** Zero for no wait: otherwise a clock that is put back would make one of it (THREATS D17). */
export function untilOf(at: number, failures: number, limit: Limit, share: number): number {
  const wait = waitMs(failures, limit) * share
  return wait === 0 ? 0 : at + wait
}

/** How long it is worth keeping, in seconds: a bucket that is as good as empty need not stay. */
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
