/**
 * What an installation remembers of its stores from one start to the next: a small file beside the journal. Owns its form; a file that cannot be read
 * or written is like none, because it is a safeguard and must not stop the gate.
 */
import { closeSync, constants, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

/** One store: its mark, and the highest epochs that were seen. */
export interface KnownStore {
  readonly id: string
  readonly epochs: readonly number[]
}

export interface KnownStores {
  get(address: string): KnownStore | null
  remember(address: string, store: KnownStore): void
}

export class KnownStoresFile implements KnownStores {
  readonly #path: string | null
  #memory: Record<string, KnownStore> = {}

  /** Null: nothing is kept on the disk. */
  constructor(path: string | null) {
    this.#path = path
  }

  get(address: string): KnownStore | null {
    return this.#read()[address] ?? null
  }

  remember(address: string, store: KnownStore): void {
    this.#memory = { ...this.#memory, [address]: store }
    if (this.#path === null) return
    try {
      const all = this.#read()
      const before = all[address]
      const epochs = store.epochs.map((epoch, n) =>
        Math.max(epoch, before?.id === store.id ? (before.epochs[n] ?? 0) : 0)
      )
      const beside = `${this.#path}.${process.pid}`
      // Exclusively, and by renaming: a link that lies there is replaced and never followed.
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW
      const file = openSync(beside, flags, 0o600)
      try {
        writeFileSync(file, `${JSON.stringify({ ...all, [address]: { id: store.id, epochs } }, null, 1)}\n`)
      } finally {
        // On a full disk too: otherwise each revocation would keep a descriptor until the gate has none left.
        closeSync(file)
      }
      renameSync(beside, this.#path)
    } catch {
      // A full or read-only disk: what is in memory still counts.
    }
  }

  #read(): Record<string, KnownStore> {
    if (this.#path === null) return this.#memory
    try {
      const found = JSON.parse(readFileSync(this.#path, 'utf8')) as Record<string, KnownStore>
      const isRight = ({ id, epochs }: KnownStore) => typeof id === 'string' && Array.isArray(epochs)
      return Object.fromEntries(Object.entries(found).filter(([, store]) => isRight(store)))
    } catch {
      return {}
    }
  }
}
