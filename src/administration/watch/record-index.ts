/** A short form of all records with one prefix, in memory: read at the first question, updated by the store's notices, and dropped when idle. */
import { inBatches, withPauses } from '../../store/batches.ts'
import type { Store } from '../../store/store.ts'

const idleMs = 10 * 60_000

interface RecordIndexInput<Short> {
  readonly store: Store
  readonly prefix: string
  /** Null for a record that does not count. */
  readonly read: (text: string, id: string) => Short | null
}

export class RecordIndex<Short> {
  readonly #input: RecordIndexInput<Short>
  #loading: Promise<Map<string, Short>> | null = null
  readonly #stale = new Set<string>()
  #unsubscribe: (() => void) | null = null
  #idle: NodeJS.Timeout | undefined

  constructor(input: RecordIndexInput<Short>) {
    this.#input = input
  }

  /** By id. Rejects with StoreUnreachable. */
  async all(): Promise<ReadonlyMap<string, Short>> {
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => this.close(), idleMs).unref()
    this.#loading ??= this.#load()
    const loading = this.#loading
    const all = await loading.catch(error => {
      if (this.#loading === loading) this.close()
      throw error
    })
    const stale = [...this.#stale]
    this.#stale.clear()
    try {
      await inBatches(stale, async id => this.#note(all, id, await this.#input.store.get(this.#input.prefix + id)))
    } catch (error) {
      for (const id of stale) this.#stale.add(id)
      throw error
    }
    return all
  }

  close(): void {
    clearTimeout(this.#idle)
    this.#unsubscribe?.()
    this.#unsubscribe = null
    this.#loading = null
    this.#stale.clear()
  }

  async #load(): Promise<Map<string, Short>> {
    const { store, prefix } = this.#input
    // The subscription comes first, so that no change is missed.
    this.#unsubscribe ??= await store.subscribe(prefix, notice => {
      if (notice.kind === 'changed') this.#stale.add(notice.key.slice(prefix.length))
      else this.#loading = null
    })
    const all = new Map<string, Short>()
    for await (const { key, value } of withPauses(store.scan(prefix))) this.#note(all, key.slice(prefix.length), value)
    return all
  }

  #note(all: Map<string, Short>, id: string, text: string | null): void {
    const short = text === null ? null : this.#input.read(text, id)
    if (short === null) all.delete(id)
    else all.set(id, short)
  }
}
