/** The queue of notices in the store. Adding one needs only the store, so that commands can do it. */
import type { Store } from '../store/store.ts'
import { type Notice, noticeRecord } from './notice.ts'

/** The gate gives up earlier; leftovers of a stopped gate expire. */
const keptSeconds = 7 * 24 * 3600
const index = 'notices'
/** A notice with a meaningful id, such as a certificate's, is not repeated for this time. */
const onceSeconds = 45 * 24 * 3600
/** If a gate ends during a distribution, another one takes over after this time. */
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

  /** Resolves once it is in the store. A second one with the same id is dropped. Rejects if the store does. */
  async add(notice: Notice): Promise<void> {
    if ((await this.#store.get(onceKey(notice.id))) !== null) return
    // The index comes first: it may name one notice too many, and never one too few.
    await this.#store.link(index, notice.id, keptSeconds)
    await noticeRecord.put(this.#store, notice.id, notice, keptSeconds)
  }

  /** As `add`, but never rejects: while the store is unreachable, the notice waits in memory. */
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

  /** True for the one gate that distributes it now. */
  claim({ id }: Notice): Promise<boolean> {
    return this.#store.add(`notice-claim:${id}`, '1', claimSeconds)
  }

  /** Removes a notice that was distributed, or whose event did not happen after all. */
  async remove({ id }: Pick<Notice, 'id'>, { isTold = true } = {}): Promise<void> {
    this.#kept = this.#kept.filter(notice => notice.id !== id)
    if (isTold && isRepeatable(id)) await this.#store.put(onceKey(id), '1', onceSeconds)
    await this.#store.delete(noticeRecord.key(id))
    await this.#store.unlink(index, id)
  }
}

/** A random id is never reused. */
function isRepeatable(id: string): boolean {
  return id.startsWith('certificate-') || id.startsWith('refusals-')
}
