/**
 * The store port: eight atomic operations, an index and change notices. Every adapter promises (tests/store/contract.ts):
 *
 * - Each operation is atomic on one key, so a Redis Cluster needs no hash tags.
 * - A resolved write is as durable as the server is configured; the embedded store survives `kill -9`.
 * - An expired value is absent, to the clock's millisecond.
 * - Without room for a sign-in, access can still be ended; without room for that, reads fail too.
 * - An unreachable store rejects with `StoreUnreachable` within two seconds.
 * - Values have 1 MiB of UTF-8 at most, keys 512 bytes.
 */
import type { ErrorCode } from '../errors.ts'

/** Callers fail closed (503). The message has no password. */
export class StoreUnreachable extends Error {
  readonly code: Extract<ErrorCode, 'store_unreachable' | 'not_confirmed' | 'record_too_new'> = 'store_unreachable'
  readonly retryAfterSeconds: number = 2

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'StoreUnreachable'
  }
}

/** The write is done, but no replica confirms it (see `settle`). A retry asks again. */
export class StoreUnconfirmed extends StoreUnreachable {
  override readonly code = 'not_confirmed'
  override readonly retryAfterSeconds = 5
  readonly ended: number

  constructor(message: string, options?: { cause?: unknown; ended?: number }) {
    super(message, options)
    this.name = 'StoreUnconfirmed'
    this.ended = options?.ended ?? 0
  }
}

/** A newer release wrote the record. Callers fail closed (503). The message is for operators. */
export class RecordTooNew extends StoreUnreachable {
  override readonly code = 'record_too_new'
  override readonly retryAfterSeconds = 60

  constructor(record: string, { version, known }: { version: number; known: number }) {
    super(
      `The store holds ${record} in version ${version}, but this release of Factorgate knows only versions up to ${known}. It does not use or change that record. Run the newer release that wrote it, or restore a backup from before the upgrade (factorgate store import).`
    )
    this.name = 'RecordTooNew'
  }
}

/** After `lost`, changes may be missing: subscribers drop all cached values until `ready`. */
export type StoreNotice =
  | { readonly kind: 'changed'; readonly key: string }
  | { readonly kind: 'lost' }
  | { readonly kind: 'ready' }

/** Stores keep space for these. `take`, `delete` and `unlink` always count as such. */
export type Purpose = 'ends access'

export interface StoreEntry {
  readonly key: string
  readonly value: string
  /** Null for no limit. */
  readonly ttlSeconds: number | null
}

export interface Store {
  get(key: string): Promise<string | null>
  /** Without `ttlSeconds` the value never expires; so too for `add`, `increment` and `link`. */
  put(key: string, value: string, ttlSeconds?: number): Promise<void>
  /** Writes only if absent; true for the one caller that wrote. */
  add(key: string, value: string, ttlSeconds?: number): Promise<boolean>
  /** Reads and removes. Only one caller gets the value. */
  take(key: string): Promise<string | null>
  /** Writes `next` only if `expected` is stored; keeps the remaining lifetime unless `ttlSeconds` is given. */
  replace(key: string, expected: string, next: string, ttlSeconds?: number, purpose?: Purpose): Promise<boolean>
  /** The lifetime starts at the first increment and is not extended. */
  increment(key: string, ttlSeconds?: number): Promise<number>
  /** True if there was one. With `expected`, only that value is deleted, so that nobody deletes what another has just written. */
  delete(key: string, expected?: string): Promise<boolean>

  /** An index and a value never share a key. */
  link(key: string, member: string, ttlSeconds?: number): Promise<void>
  unlink(key: string, member: string): Promise<void>
  /** Live ones, sorted. The cost grows with the index. */
  members(key: string): Promise<string[]>

  /**
   * Reports every change (written, deleted, expired where visible) under `prefix` by any process, but none of indexes. The listener must not throw. The result
   * unsubscribes.
   */
  subscribe(prefix: string, listener: (notice: StoreNotice) => void): Promise<() => void>

  /** Without indexes. It reads the whole store, so only commands call it. */
  scan(prefix: string): AsyncIterable<StoreEntry>
  scanIndexes(
    prefix: string
  ): AsyncIterable<{ readonly key: string; readonly members: readonly { member: string; ttlSeconds: number | null }[] }>

  /** Rejects with StoreUnreachable, also without room for a sign-in. */
  ping(): Promise<void>
  /**
   * Resolves once earlier writes cannot be lost unnoticed: the epoch has advanced, and a replica, if any, has them. Rejects with StoreUnconfirmed; the writes
   * stay. `kept` keys have no lifetime.
   */
  settle?(kept?: readonly string[]): Promise<void>
  /** This process has stood still. Before this returns, subscribers hear either `lost` (until the store has answered) or each change that they missed. */
  distrust?(): void
  /** For later connections. Throws StoreMisconfigured. */
  renew?(credentials: StoreCredentials): void
  close(): Promise<void>
}

export interface StoreCredentials {
  /** The same store with other credentials. */
  readonly url: string
  /** These override the address. */
  readonly username?: string
  readonly password?: string
  /** PEM texts, for rediss:// */
  readonly tls?: { ca?: string; cert?: string; key?: string; servername?: string }
}
