/**
 * The store port: everything the gateway remembers, in eight atomic verbs, an index and a notice of change.
 * Promises every adapter keeps (tests/store/contract.ts holds them):
 *
 * - Each verb is atomic and touches one key, so it works in a Redis Cluster without hash tags.
 * - A resolved write is durable as the adapter's server is configured to be; the embedded store survives `kill -9`.
 * - A value whose time is up is absent for every verb, to the millisecond the adapter's clock allows.
 * - Where there is no room for a sign-in, what ends access can still be written. Where not even that can, nothing can be read either.
 * - A store that cannot be reached rejects with `StoreUnreachable` within two seconds and never answers from memory.
 * - Values are UTF-8 strings, up to 1 MiB; keys are up to 512 bytes, made by the code and never by a person.
 */
import type { ErrorCode } from '../errors.ts'

/** The store did not answer. Callers fail closed (503); the message names the store without its password. */
export class StoreUnreachable extends Error {
  /** What people are told of it. */
  readonly code: Extract<ErrorCode, 'store_unreachable' | 'not_confirmed' | 'record_too_new'> = 'store_unreachable'

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'StoreUnreachable'
  }
}

/** What was written is written, but nothing confirms that it stays (see `settle`). Whoever does the same again asks for the confirmation again. */
export class StoreUnconfirmed extends StoreUnreachable {
  override readonly code = 'not_confirmed'
  /** How many sessions were ended all the same, where somebody counted them. */
  readonly ended: number

  constructor(message: string, options?: { cause?: unknown; ended?: number }) {
    super(message, options)
    this.name = 'StoreUnconfirmed'
    this.ended = options?.ended ?? 0
  }
}

/**
 * A newer release wrote this record, and this one cannot know what it means. It is a kind of StoreUnreachable, because callers do the same with both:
 * they fail closed (503). The message is made for operators.
 */
export class RecordTooNew extends StoreUnreachable {
  override readonly code = 'record_too_new'

  constructor(record: string, { version, known }: { version: number; known: number }) {
    super(
      `The store holds ${record} in version ${version}, and this release of Factorgate knows version ${known} at most. It neither uses nor changes that record. Run the newer release that wrote it, or put back a backup that was made before the upgrade (factorgate store import).`
    )
    this.name = 'RecordTooNew'
  }
}

/** What a subscriber hears. After `lost`, changes may have been missed: forget everything, believe nothing until `ready`. */
export type StoreNotice =
  | { readonly kind: 'changed'; readonly key: string }
  | { readonly kind: 'lost' }
  | { readonly kind: 'ready' }

/**
 * What a write is for. One that ends access goes through where there is no room for a sign-in any more: every store keeps room for it. `take`, `delete`
 * and `unlink` are such by their nature.
 */
export type Purpose = 'ends access'

export interface StoreEntry {
  readonly key: string
  readonly value: string
  /** Seconds left to live, or null for no limit. */
  readonly ttlSeconds: number | null
}

export interface Store {
  /** The value, or null where there is none. */
  get(key: string): Promise<string | null>
  /** Writes whatever stood there before. Without `ttlSeconds` the value stays for good. */
  put(key: string, value: string, ttlSeconds?: number): Promise<void>
  /** Writes only where nothing stands; true for the one caller that did. Spends a TOTP step once. */
  add(key: string, value: string, ttlSeconds?: number): Promise<boolean>
  /** Reads and removes in one step: of any number of callers, one gets the value. Spends a ceremony once. */
  take(key: string): Promise<string | null>
  /** Writes `next` only where exactly `expected` stands; keeps the remaining life unless `ttlSeconds` is given. */
  replace(key: string, expected: string, next: string, ttlSeconds?: number, purpose?: Purpose): Promise<boolean>
  /** Adds one and answers the new count. The life given counts from the first increment and is not prolonged. */
  increment(key: string, ttlSeconds?: number): Promise<number>
  /** True if something was there. */
  delete(key: string): Promise<boolean>

  /** Adds `member` to the index `key`, for `ttlSeconds` at most. An index and a value never share a key. */
  link(key: string, member: string, ttlSeconds?: number): Promise<void>
  unlink(key: string, member: string): Promise<void>
  /** The live members of an index, sorted. Costs what the index holds. */
  members(key: string): Promise<string[]>

  /**
   * Tells of every change (written, deleted, expired where the adapter can see it) of keys that start with `prefix`, made by
   * anyone, within moments: other gateways and the command line included. Indexes do not notify. The listener must not throw.
   * Resolves once the subscription stands, with a function that ends it.
   */
  subscribe(prefix: string, listener: (notice: StoreNotice) => void): Promise<() => void>

  /** Every value (not index) whose key starts with `prefix`. For the terminal only: it costs what the store holds. */
  scan(prefix: string): AsyncIterable<StoreEntry>
  /** Every index, with its members. For export only. */
  scanIndexes(
    prefix: string
  ): AsyncIterable<{ readonly key: string; readonly members: readonly { member: string; ttlSeconds: number | null }[] }>

  /** Rejects with StoreUnreachable if the store does not answer, or would not keep what a sign-in writes. */
  ping(): Promise<void>
  /**
   * Resolves once what was written before will not come back: a later state of the store can be told from this one, and where there are replicas one
   * of them has it. Rejects with StoreUnconfirmed where none confirms in time; what was written is written all the same.
   */
  settle?(): Promise<void>
  close(): Promise<void>
}
