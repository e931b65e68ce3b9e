/**
 * From an address to a store. Owns the choice of the adapter, and loads only the driver that is needed.
 *
 * - `embedded:PATH`: a directory on this machine
 * - `redis://…`, `rediss://…`, `redis+sentinel://…`, `redis+cluster://…`: see redis-url.ts
 */

import type { Clock } from '../clock.ts'
import type { Store } from './store.ts'
import { StoreUnfit } from './unfit.ts'

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
const loadEmbedded = () => import('./lmdb.ts')
const loadRedis = () => import('./redis.ts')

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
