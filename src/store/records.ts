/**
 * The store's versioned records (`v`, default 1). A newer version is refused with RecordTooNew and never overwritten. An older one is upgraded at its next
 * change.
 */
import { changeValue, type Step } from './change.ts'
import { RecordTooNew, type Store } from './store.ts'

export type Loose = Readonly<Record<string, unknown>>

interface RecordDefinition<T> {
  readonly prefix: string
  readonly version: number
  /** Null for a malformed record, which counts as none (THREATS D3). */
  readonly read: (record: Loose) => T | null
  /** The first one upgrades from version 1. */
  readonly upgrades?: readonly ((record: Loose) => Loose)[]
  /** For a malformed record whose absence would give new attempts or rights. */
  readonly damaged?: T
  /** A secret id may not appear in messages. */
  readonly isIdSecret?: boolean
}

export interface Seal {
  open(text: string, key: string): string
  close(text: string, key: string): string
}

/** Uses the present keyring. `open` throws KeyringError for what no key of it has sealed. */
export function sealWith(
  keyring: () => { open(text: string, context: string): string; seal(text: string, context: string): string }
): Seal {
  return {
    open: (text, key) => keyring().open(text, key),
    close: (text, key) => keyring().seal(text, key)
  }
}

export class RecordKind<T extends object> {
  readonly prefix: string
  readonly version: number
  readonly #definition: RecordDefinition<T>

  constructor(definition: RecordDefinition<T>) {
    const { prefix, version, upgrades = [] } = definition
    if (upgrades.length !== version - 1) throw new RangeError(`${prefix} needs one upgrade for each older version`)
    this.prefix = prefix
    this.version = version
    this.#definition = definition
  }

  key(id: string): string {
    return this.prefix + id
  }

  /** Null if malformed. Throws RecordTooNew. */
  parse = (text: string, key = this.prefix): T | null => {
    const { read, upgrades = [], damaged = null, isIdSecret = false } = this.#definition
    const record = parseObject(text)
    if (record === null) return damaged
    const { v: version = 1, ...content } = record
    if (!Number.isSafeInteger(version) || (version as number) < 1) return damaged
    if ((version as number) > this.version)
      throw new RecordTooNew(isIdSecret ? `a record under ${this.prefix}` : key, {
        version: version as number,
        known: this.version
      })
    return read(upgrades.slice((version as number) - 1).reduce<Loose>((older, step) => step(older), content)) ?? damaged
  }

  /** Null for a newer version, which must not prevent the end of access. */
  parseIfKnown(text: string): T | null {
    try {
      return this.parse(text)
    } catch (error) {
      if (error instanceof RecordTooNew) return null
      throw error
    }
  }

  text(value: T): string {
    return JSON.stringify({ ...value, v: this.version })
  }

  /** Null if absent or malformed. Throws RecordTooNew. */
  async get(store: Store, id: string, seal?: Seal): Promise<T | null> {
    return this.#open(await store.get(this.key(id)), id, seal)
  }

  /** An older record is not looked at; see `overwrite`. */
  async put(store: Store, id: string, value: T, ttlSeconds?: number, seal?: Seal): Promise<void> {
    await store.put(this.key(id), this.#close(value, id, seal), ttlSeconds)
  }

  /** Replaces also a record whose seal cannot be opened. Throws RecordTooNew. */
  overwrite(store: Store, id: string, value: T, seal?: Seal): Promise<void> {
    return changeValue<void>(store, this.key(id), text => {
      try {
        this.#open(text, id, seal)
      } catch (error) {
        if (error instanceof RecordTooNew) throw error
        // The key of its seal is gone.
      }
      return { next: this.#close(value, id, seal), result: undefined }
    })
  }

  async take(store: Store, id: string, seal?: Seal): Promise<T | null> {
    return this.#open(await store.take(this.key(id)), id, seal)
  }

  /** `decide` gets null if the record is absent or malformed. */
  change<Result>(
    store: Store,
    id: string,
    decide: (value: T | null) => Step<Result, T> | Promise<Step<Result, T>>,
    seal?: Seal
  ): Promise<Result> {
    return changeValue<Result>(store, this.key(id), async text => {
      const step = await decide(this.#open(text, id, seal))
      return 'next' in step ? { ...step, next: this.#close(step.next, id, seal) } : step
    })
  }

  #open(text: string | null, id: string, seal?: Seal): T | null {
    if (text === null) return null
    const key = this.key(id)
    return this.parse(seal === undefined ? text : seal.open(text, key), key)
  }

  #close(value: T, id: string, seal?: Seal): string {
    const text = this.text(value)
    return seal === undefined ? text : seal.close(text, this.key(id))
  }
}

function parseObject(text: string): Loose | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Loose) : null
  } catch {
    return null
  }
}
