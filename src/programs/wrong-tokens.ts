/** The limit on wrong tokens, which keeps floods from the store. Known tokens are never delayed, and no flood delays another network with a right token. */
import type { LRUCache } from 'lru-cache'
import { networkLevels } from '../request/network-levels.ts'
import { growingLru } from '../session/growing-lru.ts'

/** Look-ups at once, and how many come back each second. */
const ofNetwork = { most: 20, perSecond: 0.5 } as const
const ofAll = { most: 500, perSecond: 100 } as const
const networksNoted = 10_000
const absentNoted = 1_000
const absentMs = 30_000

interface Bucket {
  left: number
  at: number
  /** True once a right token has come from there. */
  isKnown: boolean
}

export class WrongTokens {
  readonly #networks: LRUCache<string, Bucket> = growingLru(networksNoted)
  readonly #all: Bucket = { left: ofAll.most, at: 0, isKnown: false }
  readonly #absent: LRUCache<string, { readonly at: number }> = growingLru(absentNoted)

  take(address: string, now: number): boolean {
    const own = this.#of(address)
    refill(own, ofNetwork, now)
    refill(this.#all, ofAll, now)
    if (own.left < 1 || (!own.isKnown && this.#all.left < 1)) return false
    own.left--
    this.#all.left = Math.max(0, this.#all.left - 1)
    return true
  }

  giveBack(address: string): void {
    const own = this.#of(address)
    own.isKnown = true
    own.left = Math.min(ofNetwork.most, own.left + 1)
    this.#all.left = Math.min(ofAll.most, this.#all.left + 1)
  }

  get retryAfterSeconds(): number {
    return 1 / ofNetwork.perSecond
  }

  isAbsent(id: string, now: number): boolean {
    const noted = this.#absent.get(id)
    return noted !== undefined && Math.abs(now - noted.at) < absentMs
  }

  noteAbsent(id: string, at: number): void {
    this.#absent.set(id, { at })
  }

  /** Its record has changed. */
  forget(id: string): void {
    this.#absent.delete(id)
  }

  #of(address: string): Bucket {
    const key = networkLevels(address).site
    let bucket = this.#networks.get(key)
    if (bucket === undefined) {
      bucket = { left: ofNetwork.most, at: 0, isKnown: false }
      this.#networks.set(key, bucket)
    }
    return bucket
  }
}

function refill(bucket: Bucket, { most, perSecond }: { most: number; perSecond: number }, now: number): void {
  // A clock that was put back refills nothing.
  const seconds = Math.max(0, now - bucket.at) / 1000
  bucket.left = Math.min(most, bucket.left + seconds * perSecond)
  bucket.at = now
}
