/**
 * Record kinds: the one way to read, write and change a record of the store. Each record names its version as `v`, and one without is version 1.
 * A record of a newer version than this release knows is refused with RecordTooNew and never overwritten; an older one is read, and written back in
 * the newest version with its next change.
 */
import { changeValue, type Step } from './change.ts'
import { RecordTooNew, type Store } from './store.ts'

/** A record as it was parsed, before anything is known of its members. */
export type Loose = Readonly<Record<string, unknown>>

export interface RecordDefinition<T> {
  /** What the keys of this kind begin with. An id follows. */
  readonly prefix: string
  /** The version that this release writes. */
  readonly version: number
  /** The value, or null where it is not wholly right: such a record is nobody's (THREATS D3). It is asked about the newest version alone. */
  readonly read: (record: Loose) => T | null
  /** The first one makes version 2 of version 1, the next one version 3 of that. */
  readonly upgrades?: readonly ((record: Loose) => Loose)[]
  /** What a record counts as that is not wholly right, where null would be an amnesty. */
  readonly damaged?: T
  /** True where the id is a secret, so that no message may show it. */
  readonly isIdSecret?: boolean
}

/** What protects a whole record: the store holds what `close` makes of its text. */
export interface Seal {
  open(text: string, key: string): string
  close(text: string, key: string): string
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

  /** The value of a text that stands under `key`; null where it is not wholly right. Throws RecordTooNew. */
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

  /** As `parse`, and null for a newer version as well: for whoever ends access, which a newer record must not hinder. */
  parseIfKnown(text: string): T | null {
    try {
      return this.parse(text)
    } catch (error) {
      if (error instanceof RecordTooNew) return null
      throw error
    }
  }

  /** The text of a value, in the newest version. */
  text(value: T): string {
    return JSON.stringify({ ...value, v: this.version })
  }

  /** The record of `id`; null where there is none, or none that is wholly right. Throws RecordTooNew, as everything that reads. */
  async get(store: Store, id: string, seal?: Seal): Promise<T | null> {
    return this.#open(await store.get(this.key(id)), id, seal)
  }

  /** Writes under an id that was just made. It does not look at what stands there: `overwrite` does. */
  async put(store: Store, id: string, value: T, ttlSeconds?: number, seal?: Seal): Promise<void> {
    await store.put(this.key(id), this.#close(value, id, seal), ttlSeconds)
  }

  /** Writes over whatever stands there and may be lost, unreadable records included. */
  overwrite(store: Store, id: string, value: T, seal?: Seal): Promise<void> {
    return changeValue<void>(store, this.key(id), text => {
      try {
        this.#open(text, id, seal)
      } catch (error) {
        if (error instanceof RecordTooNew) throw error
        // Sealed with a key that is gone: that is what it is written anew for.
      }
      return { next: this.#close(value, id, seal), result: undefined }
    })
  }

  /** Reads and removes it in one step: of any number of callers, one gets the value. */
  async take(store: Store, id: string): Promise<T | null> {
    return this.#open(await store.take(this.key(id)), id)
  }

  /**
   * Asks `decide` what to do with the record as it stands, and does so only if it is still the same then; otherwise asks again (`changeValue`). `decide`
   * gets null where there is none, or none that is wholly right.
   */
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
