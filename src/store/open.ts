/**
 * From an address to a store. Owns the choice of the adapter, and loads only the driver that is needed.
 *
 * - `embedded:PATH`: a directory on this machine
 * - `redis://…`, `rediss://…`, `redis+sentinel://…`, `redis+cluster://…`: see url.ts
 */

import type { Clock } from '../clock.ts'
import { acceptStore as accept, type FaithfulOptions, type FaithfulStore, watchOver } from './faithful-store.ts'
import { KnownStoresFile } from './known-stores.ts'
import { StoreUnfit } from './misconfigured.ts'
import type { Store } from './store.ts'

export interface StoreOptions {
  /** The embedded store's clock. Redis goes by its own. */
  clock?: Clock
  /** Takes a Redis that may forget what it is told. */
  unsafeVolatileStore?: boolean
  /** Before every key in Redis; `factorgate:` if not given. */
  keyPrefix?: string
  /** Instead of what the address says. */
  username?: string
  password?: string
  /** PEM texts, for rediss:// */
  tls?: { ca?: string; cert?: string; key?: string; servername?: string }
}

const embedded = 'embedded:'
const redis = /^rediss?(\+[a-z]+)?:\/\//
const loadEmbedded = () => import('./lmdb/lmdb.ts')
const loadRedis = () => import('./redis/redis.ts')

/** Loads the driver for `url`. For whoever may not read this program's files any more when the store is opened. */
export async function loadDriver(url: string): Promise<void> {
  if (url.startsWith(embedded)) await loadEmbedded()
  else if (redis.test(url)) await loadRedis()
}

/**
 * Opens the store at `url`. Throws StoreUnfit where an operator has to mend something, StoreUnreachable where another try may
 * succeed; no message holds a password. A relative PATH is taken from the working directory.
 */
export async function openStore(url: string, options: StoreOptions = {}): Promise<Store> {
  if (url.startsWith(embedded)) {
    const path = url.slice(embedded.length)
    if (path === '') throw new StoreUnfit("The store's address lacks the directory: write embedded:PATH.")
    const { openLmdb } = await loadEmbedded()
    return openLmdb(path, options)
  }
  if (redis.test(url)) {
    const { openRedis } = await loadRedis()
    return openRedis(url, options)
  }
  throw new StoreUnfit(
    "The store's address begins with embedded:, redis://, rediss://, redis+sentinel:// or redis+cluster://."
  )
}

/** What a store is watched over with: by its address without passwords, and what is remembered in `knownFile` (null: nothing on the disk). */
export function watchOptions(url: string, options: StoreOptions, knownFile: string | null): FaithfulOptions {
  const address = url.replace(/\/\/[^/]*@/, '//').replace(/\?.*$/, '')
  return {
    known: new KnownStoresFile(knownFile),
    address: options.keyPrefix === undefined ? address : `${address} ${options.keyPrefix}`,
    isCluster: url.includes('+cluster:')
  }
}

/** As `openStore`, and makes sure that it is the store it was (faithful-store.ts). `isEmptied` hears where it has been emptied since. */
export async function openWatched(
  url: string,
  options: StoreOptions,
  knownFile: string | null,
  isEmptied?: (sentence: string) => void
): Promise<FaithfulStore> {
  const store = await openStore(url, options)
  try {
    return await watchOver(store, {
      ...watchOptions(url, options, knownFile),
      ...(isEmptied === undefined ? {} : { isEmptied })
    })
  } catch (error) {
    await store.close()
    throw error
  }
}

/** Makes every gate take the store as it is now. Answers what was wrong, or null. */
export const acceptStore = accept
