/**
 * The file in which this installation remembers its stores. An unusable file counts as absent, because this safeguard must not stop the
 * gate.
 */
import { readFileSync } from 'node:fs'
import { replaceFile } from '../files/replace-file.ts'
import { joinedKnown, knownAfter } from './epochs.ts'

export interface KnownStore {
  readonly id: string
  /** What is known of them, as texts (epochs.ts). */
  readonly epochs: readonly string[]
}

export interface KnownStores {
  get(address: string): KnownStore | null
  /** `seen`: the epochs of the store as it is; what others have remembered and these have need not stay. */
  remember(address: string, store: KnownStore, seen?: Epochs): void
}

type Epochs = readonly (string | null)[]

export class KnownStoresFile implements KnownStores {
  readonly #path: string | null
  #memory: Record<string, KnownStore> = {}

  /** Null keeps nothing on disk. */
  constructor(path: string | null) {
    this.#path = path
  }

  get(address: string): KnownStore | null {
    return this.#read()[address] ?? null
  }

  remember(address: string, store: KnownStore, seen: Epochs = []): void {
    this.#memory = { ...this.#memory, [address]: store }
    if (this.#path === null) return
    try {
      const all = this.#read()
      const before = all[address]
      const epochs = before?.id === store.id ? joined(store.epochs, before.epochs, seen) : store.epochs
      replaceFile(this.#path, `${JSON.stringify({ ...all, [address]: { id: store.id, epochs } }, null, 1)}\n`)
    } catch {
      // On a full or read-only disk only the memory counts.
    }
  }

  #read(): Record<string, KnownStore> {
    if (this.#path === null) return this.#memory
    try {
      const found = JSON.parse(readFileSync(this.#path, 'utf8')) as Record<string, KnownStore>
      const isRight = ({ id, epochs }: KnownStore) =>
        typeof id === 'string' && Array.isArray(epochs) && epochs.every(text => typeof text === 'string')
      return Object.fromEntries(Object.entries(found).filter(([, store]) => isRight(store)))
    } catch {
      return {}
    }
  }
}

/** What this process knows, and of what others have remembered all that `seen` lacks. */
export function joined(own: readonly string[], others: readonly string[], seen: Epochs): string[] {
  const count = Math.max(own.length, others.length)
  return Array.from({ length: count }, (_, n) =>
    joinedKnown(own[n] ?? null, knownAfter(others[n] ?? null, seen[n] ?? null))
  )
}
