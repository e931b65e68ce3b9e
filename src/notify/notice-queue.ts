/** The notices that wait in the store to be handed out. Whoever adds one needs nothing but the store, so that commands can, too. */
import type { Store } from '../store/store.ts'
import { type Notice, noticeRecord } from './notice.ts'

/** The gate gives up earlier; what a stopped gate leaves behind ends by itself. */
const keptSeconds = 7 * 24 * 3600
const index = 'notices'
/** Notices whose id says what they are about, such as a certificate, are not told again for so long. */
const onceSeconds = 45 * 24 * 3600
/** If a gate ends while it hands a notice out, another one does it after this time. */
const claimSeconds = 60
const onceKey = (id: string) => `notice-told:${id}`

/** Notices that the store has not taken, in memory. Beyond these the store has been away for very long. */
const keptMost = 1000

export class NoticeQueue {
  readonly #store: Store
  #kept: Notice[] = []

  constructor(store: Store) {
    this.#store = store
  }

  /** Resolves once it is in the store. A second one with the same id is dropped. Rejects where the store does. */
  async add(notice: Notice): Promise<void> {
    if ((await this.#store.get(onceKey(notice.id))) !== null) return
    // The index comes first: it may name a notice too many, and never one too few.
    await this.#store.link(index, notice.id, keptSeconds)
    await noticeRecord.put(this.#store, notice.id, notice, keptSeconds)
  }

  /** As `add`, but never rejects: while the store is away, the notice waits in memory. */
  async addOrKeep(notice: Notice): Promise<void> {
    try {
      await this.add(notice)
    } catch {
      if (this.#kept.length < keptMost) this.#kept.push(notice)
    }
  }

  /** The oldest first. */
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

  /** True for the one gate that hands it out now. */
  claim({ id }: Notice): Promise<boolean> {
    return this.#store.add(`notice-claim:${id}`, '1', claimSeconds)
  }

  /** After it was handed to all that it is for, or if what it tells of did not happen after all. */
  async remove({ id }: Pick<Notice, 'id'>, { isTold = true } = {}): Promise<void> {
    this.#kept = this.#kept.filter(notice => notice.id !== id)
    if (isTold && isRepeatable(id)) await this.#store.put(onceKey(id), '1', onceSeconds)
    await this.#store.delete(noticeRecord.key(id))
    await this.#store.unlink(index, id)
  }
}

/** A random id is never used again. */
function isRepeatable(id: string): boolean {
  return id.startsWith('certificate-') || id.startsWith('refusals-')
}
