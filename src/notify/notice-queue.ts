/** The queue of notices. Adding one needs only the store, so commands can do it. */
import type { Store } from '../store/store.ts'
import { type Notice, noticeRecord } from './notice.ts'

/** The gate gives up earlier; leftovers of a stopped gate expire. */
const keptSeconds = 7 * 24 * 3600
const index = 'notices'
/** A notice with a meaningful id is not repeated for this time. */
const onceSeconds = 45 * 24 * 3600
/** If a gate ends during a distribution, another one continues after this. */
const claimSeconds = 60
const onceKey = (id: string) => `notice-told:${id}`

/** The most notices in memory while the store is unreachable. */
const maxKept = 1000

export class NoticeQueue {
  readonly #store: Store
  #kept: Notice[] = []

  constructor(store: Store) {
    this.#store = store
  }

  /** Resolves once it is in the store. Drops a second one with the same id. Rejects if the store does. */
  async add(notice: Notice): Promise<void> {
    if ((await this.#store.get(onceKey(notice.id))) !== null) return
    // The index comes first: it may name one notice too many, never one too few.
    await this.#store.link(index, notice.id, keptSeconds)
    await noticeRecord.put(this.#store, notice.id, notice, keptSeconds)
  }

  /** Never rejects: while the store is unreachable, the notice waits in memory. */
  async addOrKeep(notice: Notice): Promise<void> {
    try {
      await this.add(notice)
    } catch {
      if (this.#kept.length < maxKept) this.#kept.push(notice)
    }
  }

  /** Oldest first. */
  async waiting(): Promise<Notice[]> {
    await this.#addKept()
    const ids = await this.#store.members(index)
    const found = await Promise.all(ids.map(async id => [id, await noticeRecord.get(this.#store, id)] as const))
    return found.flatMap(([, notice]) => notice ?? []).sort((a, b) => a.at - b.at)
  }

  async #addKept(): Promise<void> {
    const kept = this.#kept
    this.#kept = []
    try {
      for (const notice of kept) await this.add(notice)
    } catch (error) {
      this.#kept = [...kept, ...this.#kept]
      throw error
    }
  }

  /** True for the one gate that distributes it. */
  claim({ id }: Notice): Promise<boolean> {
    return this.#store.add(`notice-claim:${id}`, '1', claimSeconds)
  }

  /** Called after the distribution, or if the event did not happen. */
  async remove({ id }: Pick<Notice, 'id'>, { isTold = true } = {}): Promise<void> {
    this.#kept = this.#kept.filter(notice => notice.id !== id)
    if (isTold && isRepeatable(id)) await this.#store.put(onceKey(id), '1', onceSeconds)
    await this.#store.delete(noticeRecord.key(id))
    await this.#store.unlink(index, id)
  }
}

/** Random ids are never reused. */
function isRepeatable(id: string): boolean {
  return id.startsWith('certificate-') || id.startsWith('refusals-')
}
