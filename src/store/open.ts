/**
 * Opens a store by its address, loading only the driver it needs.
 *
 * - `embedded:PATH`: a directory on this machine
 * - `redis://…`, `rediss://…`, `redis+sentinel://…`, `redis+cluster://…`: see redis/url.ts
 */
import type { Clock } from '../clock.ts'
import { acceptStore as accept, type GuardedStore, type GuardOptions, guardStore } from './guarded-store.ts'
import { KnownStoresFile } from './known-stores.ts'
import { StoreMisconfigured } from './misconfigured.ts'
import type { RedisInspection } from './redis/inspection.ts'
import type { Store } from './store.ts'

export interface StoreOptions {
  /** Redis uses its own clock. */
  clock?: Clock
  unsafeVolatileStore?: boolean
  /** Default: `factorgate:`. */
  keyPrefix?: string
  /** These override the address. */
  username?: string
  password?: string
  /** PEM texts, for rediss:// */
  tls?: { ca?: string; cert?: string; key?: string; servername?: string }
}

const embedded = 'embedded:'
const redis = /^rediss?(\+[a-z]+)?:\/\//
const loadEmbedded = () => import('./lmdb/lmdb.ts')
const loadRedis = () => import('./redis/redis.ts')

/** For a process that may lose the right to read the program's files. */
export async function loadDriver(url: string): Promise<void> {
  if (url.startsWith(embedded)) await loadEmbedded()
  else if (redis.test(url)) await loadRedis()
}

/** Throws StoreMisconfigured or StoreUnreachable. A relative PATH starts at the working directory. */
export async function openStore(url: string, options: StoreOptions = {}): Promise<Store> {
  if (url.startsWith(embedded)) {
    const path = url.slice(embedded.length)
    if (path === '') throw new StoreMisconfigured("The store's address lacks the directory: write embedded:PATH.")
    const { openLmdb } = await loadEmbedded()
    return openLmdb(path, options)
  }
  if (redis.test(url)) {
    const { openRedis } = await loadRedis()
    return openRedis(url, options)
  }
  throw new StoreMisconfigured(
    "The store's address begins with embedded:, redis://, rediss://, redis+sentinel:// or redis+cluster://."
  )
}

/** Empty for an embedded store. */
export async function inspectStore(url: string, options: StoreOptions, now: Clock): Promise<RedisInspection[]> {
  if (!redis.test(url)) return []
  const { inspectRedis } = await loadRedis()
  return inspectRedis(url, options, now)
}

/** Nothing is kept on disk if `knownFile` is null. */
export function guardOptions(url: string, options: StoreOptions, knownFile: string | null): GuardOptions {
  const address = url.replace(/\/\/[^/]*@/, '//').replace(/\?.*$/, '')
  return {
    known: new KnownStoresFile(knownFile),
    address: options.keyPrefix === undefined ? address : `${address} ${options.keyPrefix}`,
    isCluster: url.includes('+cluster:')
  }
}

export async function openGuarded(
  url: string,
  options: StoreOptions,
  knownFile: string | null,
  isEmptied?: (sentence: string) => void
): Promise<GuardedStore> {
  const store = await openStore(url, options)
  try {
    return await guardStore(store, {
      ...guardOptions(url, options, knownFile),
      ...(isEmptied === undefined ? {} : { isEmptied })
    })
  } catch (error) {
    await store.close()
    throw error
  }
}

export const acceptStore = accept
