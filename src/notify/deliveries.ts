/** The deliveries in the store, changed by compare-and-set, so that only one of several gates sends. */
import { digestOf } from '../ids.ts'
import type { Store } from '../store/store.ts'
import {
  type Batch,
  claimed,
  type Delivery,
  deliveryRecord,
  isIdle,
  newDelivery,
  type Recipient,
  withNotice
} from './delivery.ts'
import { isUrgent, type Notice } from './notice.ts'

/** Longer than `seen` remembers a notice about a certificate. */
const keptSeconds = 40 * 24 * 3600
const index = 'deliveries'

/** How long a delivery of a single notice is kept, in case another gate distributes it again. */
const doneSeconds = 3600

/** Urgent mails and messages to webhooks have separate deliveries. */
function deliveryId(to: Recipient, notice: Notice): string {
  const whose =
    to.kind === 'account' ? to.id : digestOf(to.kind === 'address' ? to.address.toLowerCase() : to.url).slice(0, 22)
  const own = isAlone(to, notice) ? `.${notice.id}` : ''
  return `${to.kind}.${whose}${own}`
}

function isAlone(to: Recipient, notice: Notice): boolean {
  return to.kind === 'webhook' || isUrgent(notice)
}

export type Claim = Delivery & { readonly batch: Batch }

export class Deliveries {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /** Drops a notice that the recipient already has. */
  async add(to: Recipient, notice: Notice): Promise<void> {
    const id = deliveryId(to, notice)
    await this.#store.link(index, id, keptSeconds)
    await deliveryRecord.change<void>(this.#store, id, found => ({
      next: withNotice(found ?? newDelivery(to), notice),
      result: undefined,
      ttlSeconds: keptSeconds
    }))
  }

  async pending(): Promise<{ readonly id: string; readonly delivery: Delivery }[]> {
    const ids = await this.#store.members(index)
    const found = await Promise.all(ids.map(async id => ({ id, delivery: await deliveryRecord.get(this.#store, id) })))
    // A gate may have ended before it removed one from the index.
    await Promise.all(found.map(({ id, delivery }) => (delivery === null || isIdle(delivery) ? this.#leave(id) : null)))
    return found.flatMap(({ id, delivery }) => (delivery === null || isIdle(delivery) ? [] : [{ id, delivery }]))
  }

  /** Null if nothing is due, or another gate has it. */
  claim(id: string, gatherMs: number, now: number): Promise<Claim | null> {
    return deliveryRecord.change<Claim | null>(this.#store, id, found => {
      const next = found === null ? null : claimed(found, gatherMs, now)
      return next === null ? { result: null } : { next, result: next }
    })
  }

  /** New notices stay. Does nothing to a claim that another gate has taken over. */
  async settle(id: string, claim: Claim, outcome: Delivery): Promise<void> {
    const isDone = await deliveryRecord.change<boolean>(this.#store, id, found => {
      if (found === null || found.claimedUntil !== claim.claimedUntil || found.batch?.id !== claim.batch.id)
        return { result: false }
      const { batch, claimedUntil, sentAt, left } = outcome
      const next = { ...found, batch, claimedUntil, sentAt, left: left === 0 ? 0 : found.left }
      const isOver = isIdle(next) && isAlone(claim.to, claim.batch.notices[0]!)
      return { next, result: isIdle(next), ...(isOver ? { ttlSeconds: doneSeconds } : {}) }
    })
    if (isDone) await this.#leave(id)
  }

  async #leave(id: string): Promise<void> {
    await this.#store.unlink(index, id)
    const found = await deliveryRecord.get(this.#store, id)
    // A notice may have been added meanwhile.
    if (found !== null && !isIdle(found)) await this.#store.link(index, id, keptSeconds)
  }
}
