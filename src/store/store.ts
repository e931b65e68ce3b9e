/**
 * The store port: eight atomic operations, an index and change notices. Every adapter promises (tests/store/contract.ts):
 *
 * - Each operation is atomic on one key, so a Redis Cluster needs no hash tags.
 * - A resolved write is as durable as the server is configured; the embedded store survives `kill -9`.
 * - An expired value is absent, to the clock's millisecond.
 * - Without room for a sign-in, access can still be ended; without room for that, reads fail too.
 * - An unreachable store rejects with `StoreUnreachable` within two seconds.
 * - Values are UTF-8 up to 1 MiB, keys up to 512 bytes and made by code.
 */
import type { ErrorCode } from '../errors.ts'

/** Callers fail closed (503). The message has no password. */
export class StoreUnreachable extends Error {
  readonly code: Extract<ErrorCode, 'store_unreachable' | 'not_confirmed' | 'record_too_new'> = 'store_unreachable'
  /** A retry may succeed after this time. */
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

/** A newer release wrote this record. Callers fail closed (503). The message is for operators. */
export class RecordTooNew extends StoreUnreachable {
  override readonly code = 'record_too_new'
  /** An operator must act, or several gates be upgraded. */
  override readonly retryAfterSeconds = 60

  constructor(record: string, { version, known }: { version: number; known: number }) {
    super(
      `The store holds ${record} in version ${version}, but this release of Factorgate knows only versions up to ${known}. It does not use or change that record. Run the newer release that wrote it, or restore a backup from before the upgrade (factorgate store import).`
    )
    this.name = 'RecordTooNew'
  }
}

/** What a subscriber hears. After `lost`, changes may be missing: subscribers drop all cached values until `ready`. */
export type StoreNotice =
  | { readonly kind: 'changed'; readonly key: string }
  | { readonly kind: 'lost' }
  | { readonly kind: 'ready' }

/** Stores keep space for writes that end access. `take`, `delete` and `unlink` always count as such. */
export type Purpose = 'ends access'

export interface StoreEntry {
  readonly key: string
  readonly value: string
  /** Null for no limit. */
  readonly ttlSeconds: number | null
}

export interface Store {
  get(key: string): Promise<string | null>
  /** Without `ttlSeconds` the value never expires. */
  put(key: string, value: string, ttlSeconds?: number): Promise<void>
  /** Writes only if absent; true for the one caller that wrote. A TOTP step is spent with it. */
  add(key: string, value: string, ttlSeconds?: number): Promise<boolean>
  /** Reads and removes. One caller alone gets the value. A ceremony is spent with it. */
  take(key: string): Promise<string | null>
  /** Writes `next` only if `expected` is stored; keeps the remaining lifetime unless `ttlSeconds` is given. */
  replace(key: string, expected: string, next: string, ttlSeconds?: number, purpose?: Purpose): Promise<boolean>
  /** Adds one and returns the count. The lifetime starts at the first increment and is not extended. */
  increment(key: string, ttlSeconds?: number): Promise<number>
  /** True if there was one. With `expected`, only that value is deleted, so that nobody deletes what another has just written. */
  delete(key: string, expected?: string): Promise<boolean>

  /** Adds `member` to the index `key`, for `ttlSeconds` at most. An index and a value never share a key. */
  link(key: string, member: string, ttlSeconds?: number): Promise<void>
  unlink(key: string, member: string): Promise<void>
  /** Live ones, sorted. The cost grows with the index. */
  members(key: string): Promise<string[]>

  /**
   * Reports every change (written, deleted, expired where visible) under `prefix` by any process; indexes do not
   * notify. The listener must not throw. Resolves to an unsubscribe function.
   */
  subscribe(prefix: string, listener: (notice: StoreNotice) => void): Promise<() => void>

  /** Every value (not index) under `prefix`. Only commands call this, since it reads the whole store. */
  scan(prefix: string): AsyncIterable<StoreEntry>
  scanIndexes(
    prefix: string
  ): AsyncIterable<{ readonly key: string; readonly members: readonly { member: string; ttlSeconds: number | null }[] }>

  /** Rejects with StoreUnreachable if the store does not answer or lacks room for a sign-in. */
  ping(): Promise<void>
  /**
   * Resolves once earlier writes cannot be lost unnoticed: the epoch has advanced, and a replica, if any, has them.
   * Rejects with StoreUnconfirmed; the writes stay. `kept` are keys that are in the store without a lifetime.
   */
  settle?(kept?: readonly string[]): Promise<void>
  /**
   * This process has stood still, so it may not have heard of changes. Before this returns, subscribers hear either `lost` (until the store has
   * answered) or each change that they have missed.
   */
  distrust?(): void
  /** Later connections use these credentials. Those that are open stay. Throws StoreMisconfigured. */
  renew?(credentials: StoreCredentials): void
  close(): Promise<void>
}

/** How a process shows the server of a store who it is. */
export interface StoreCredentials {
  /** The address of the same store, perhaps with another user and password. */
  readonly url: string
  /** These override the address. */
  readonly username?: string
  readonly password?: string
  /** PEM texts, for rediss:// */
  readonly tls?: { ca?: string; cert?: string; key?: string; servername?: string }
}
