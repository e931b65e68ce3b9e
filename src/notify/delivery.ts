/** One recipient's pending notices, and the batch that is being sent. A batch keeps its id, so that a receiver can drop a second copy. */
import { hourMs } from '../clock.ts'
import { RecordKind } from '../store/records.ts'
import { isNotice, isUrgent, type Notice } from './notice.ts'
import { isOver, retryAt } from './retry.ts'

export type Recipient =
  | { readonly kind: 'account'; readonly id: string }
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'webhook'; readonly url: string }

export interface Batch {
  /** Its first notice's id, for the Message-ID or `webhook-id`. */
  readonly id: string
  readonly notices: readonly Notice[]
  readonly firstTryAt: number
  readonly tries: number
  /** Tries with an unknown result. */
  readonly unclear: number
  readonly nextAt: number
}

export interface Delivery {
  readonly to: Recipient
  readonly waiting: readonly Notice[]
  /** Notices beyond the limit. */
  readonly left: number
  readonly batch: Batch | null
  /** When the sending gate's claim ends. All times here are in milliseconds since the epoch. */
  readonly claimedUntil: number
  /** The times of recent mails. */
  readonly sentAt: readonly number[]
  /** The ids of the newest notices, also of sent ones. */
  readonly seen: readonly string[]
}

/** Its id is made by `deliveryId`. */
export const deliveryRecord = new RecordKind<Delivery>({
  prefix: 'delivery:',
  version: 1,
  read: record => (isDelivery(record as Partial<Delivery>) ? (record as unknown as Delivery) : null)
})

/** The first notice waits for further ones of the same action. */
export const settleMs = 2_000
/** The time of a try with all waits. If a gate ends, another one continues after it. */
export const claimMs = 3 * 60_000
/** After so many mails to one person within an hour, further ones wait for an hour. */
const manyMails = 3
const noticesKept = 200
const idsKept = 100
/** A retry after an unknown result may be a second copy. */
const maxUnclear = 3

export function newDelivery(to: Recipient): Delivery {
  return { to, waiting: [], left: 0, batch: null, claimedUntil: 0, sentAt: [], seen: [] }
}

export function withNotice(delivery: Delivery, notice: Notice): Delivery {
  if (delivery.seen.includes(notice.id)) return delivery
  const seen = [...delivery.seen, notice.id].slice(-idsKept)
  if (delivery.waiting.length >= noticesKept) return { ...delivery, seen, left: delivery.left + 1 }
  return { ...delivery, seen, waiting: [...delivery.waiting, notice] }
}

/** The time of the next try; null if nothing is pending. `gatherMs`: the least time between two mails. */
export function dueAt({ batch, waiting, sentAt, claimedUntil }: Delivery, gatherMs: number): number | null {
  if (batch !== null) return Math.max(batch.nextAt, claimedUntil)
  const [first] = waiting
  if (first === undefined) return null
  if (isUrgent(first)) return Math.max(first.at, claimedUntil)
  const latest = sentAt.at(-1)
  const gap = sentAt.filter(at => latest !== undefined && latest - at < hourMs).length >= manyMails ? hourMs : gatherMs
  const free = latest === undefined ? 0 : latest + Math.max(gap, gatherMs)
  return Math.max(first.at + settleMs, free, claimedUntil)
}

/** The delivery with the batch to send now; null if another gate has it, or nothing is due. */
export function claimed(delivery: Delivery, gatherMs: number, now: number): (Delivery & { batch: Batch }) | null {
  const due = dueAt(delivery, gatherMs)
  if (due === null || due > now) return null
  const [first] = delivery.waiting
  const batch: Batch = delivery.batch ?? {
    id: first!.id,
    notices: delivery.waiting,
    firstTryAt: now,
    tries: 0,
    unclear: 0,
    nextAt: now
  }
  const waiting = delivery.batch === null ? [] : delivery.waiting
  // A gate that ended during a try has left its claim.
  const unclear = batch.unclear + (delivery.batch !== null && delivery.claimedUntil > 0 ? 1 : 0)
  const begun = { ...batch, tries: batch.tries + 1, unclear }
  return { ...delivery, waiting, batch: begun, claimedUntil: now + claimMs }
}

export function sent(delivery: Delivery, now: number): Delivery {
  const sentAt = [...delivery.sentAt.filter(at => now - at < 2 * hourMs), now].slice(-manyMails)
  return { ...delivery, batch: null, left: 0, claimedUntil: 0, sentAt }
}

/** The state after a failed try: another try, or the end. `chance` from 0 to 1 spreads the retries. */
export function failed(
  delivery: Delivery & { batch: Batch },
  failure: { readonly isFinal: boolean; readonly isUnclear: boolean },
  now: number,
  chance: number
): { readonly next: Delivery; readonly isGivenUp: boolean } {
  const { batch } = delivery
  const unclear = batch.unclear + (failure.isUnclear ? 1 : 0)
  const isGivenUp = failure.isFinal || unclear >= maxUnclear || isOver(batch.firstTryAt, now)
  if (isGivenUp) return { next: { ...delivery, batch: null, left: 0, claimedUntil: 0 }, isGivenUp }
  const nextAt = retryAt(batch.tries, now, chance)
  return { next: { ...delivery, batch: { ...batch, unclear, nextAt }, claimedUntil: 0 }, isGivenUp }
}

/** The server is known to be down, so this is no try. */
export function postponed(delivery: Delivery & { batch: Batch }, until: number): Delivery {
  const { batch } = delivery
  return { ...delivery, batch: { ...batch, tries: batch.tries - 1, nextAt: until }, claimedUntil: 0 }
}

export function isIdle({ batch, waiting }: Delivery): boolean {
  return batch === null && waiting.length === 0
}

function isDelivery({ to, waiting, batch, claimedUntil, sentAt, seen }: Partial<Delivery>): boolean {
  return (
    typeof to?.kind === 'string' &&
    Array.isArray(waiting) &&
    waiting.every(isNotice) &&
    (batch === null || (typeof batch === 'object' && batch.notices.every(isNotice))) &&
    typeof claimedUntil === 'number' &&
    Array.isArray(sentAt) &&
    Array.isArray(seen)
  )
}
