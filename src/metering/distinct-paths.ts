/**
 * The number of distinct paths within a sliding window, in bounded memory: the smallest `kept` hashes with the slot in which each was last
 * seen. Up to `kept` paths it is exact. Above, the count of the hashes below a threshold is scaled up (the KMV or theta sketch: Bar-Yossef
 * et al. 2002, Dasgupta et al. 2016); its standard error is 1/√kept, that is 4.4 %.
 */
import { createHash } from 'node:crypto'
import { isLive, slotsInWindow } from './sliding-count.ts'

export const kept = 512
const range = 2 ** 32

/** To save memory, an entry is one number: hash × 16 + the distance of its slot from `#first`. */
const slotsOfEntry = 16
/** The record that was read last. A settlement reads it several times. */
let lastRead: { readonly text: PathsText; readonly current: number; readonly count: number } | null = null

/** The record's form: for each slot its index, its threshold, and its hashes as 32-bit words in base64. */
export type PathsText = readonly (readonly [slot: number, threshold: number, hashes: string])[]

/** The hashes of recently requested paths. Most requests are for few paths, and hashing costs more than all other counting. */
let recent = new Map<string, number>()
const maxRecent = 4096
const recentLength = 256

export function hashOfPath(path: string): number {
  const known = recent.get(path)
  if (known !== undefined) return known
  const hash = createHash('sha256').update(path, 'latin1').digest().readUInt32LE(0)
  if (path.length > recentLength) return hash
  if (recent.size >= maxRecent) recent = new Map()
  recent.set(path, hash)
  return hash
}

/** The number of paths in a record. */
export function countOfPaths(text: PathsText, current: number): number {
  if (text.length === 0) return 0
  if (lastRead?.text === text && lastRead.current === current) return lastRead.count
  const count = DistinctPaths.from(text, current).count(current)
  lastRead = { text, current, count }
  return count
}

export class DistinctPaths {
  /** Sorted, each hash once. */
  readonly #entries: number[] = []
  /** The slot of entries whose last digits are 0. */
  #first = 0
  /** The value from which on hashes may be missing, for each slot. */
  #thresholds: Map<number, number> | null = null
  /** Cached results: the count at slot `#countedAt`, and the lowest threshold at slot `#thresholdAt`. */
  #countedAt = -1
  #count = 0
  #thresholdAt = -1
  #lowest = range

  static from(text: PathsText, current: number): DistinctPaths {
    const paths = new DistinctPaths()
    for (const [slot, threshold, hashes] of text) {
      const at = Math.min(slot, current)
      if (!isLive(at, current)) continue
      if (threshold < range) paths.#limit(at, threshold)
      const bytes = Buffer.from(hashes, 'base64')
      for (let i = 0; i + 4 <= bytes.length; i += 4) paths.#see(bytes.readUInt32LE(i), at, current)
    }
    paths.#cut(current)
    return paths
  }

  /** Adds a path's hash (see `hashOfPath`). False if the slot `current` has it already. */
  add(hash: number, current: number): boolean {
    const threshold = this.#threshold(current)
    if (hash >= threshold) {
      const known = this.#thresholds?.get(current) ?? range
      this.#limit(current, threshold)
      return known > threshold
    }
    if (!this.#see(hash, current, current)) return false
    this.#cut(current)
    return true
  }

  /** True if the path is in the count now, and still in the next slot. */
  isCounted(hash: number, current: number): boolean {
    if (hash >= this.#threshold(current)) return false
    const found = this.#entries[this.#placeOf(hash)]
    return found !== undefined && hashOf(found) === hash && isLive(this.#slotOf(found), current + 1)
  }

  count(current: number): number {
    if (this.#countedAt === current) return this.#count
    const threshold = this.#threshold(current)
    let below = 0
    for (const entry of this.#entries) {
      if (hashOf(entry) >= threshold) break
      if (isLive(this.#slotOf(entry), current)) below++
    }
    this.#countedAt = current
    this.#count = Math.round((below * range) / threshold)
    return this.#count
  }

  text(current: number): PathsText {
    const slots = new Map<number, number[]>()
    for (const slot of this.#thresholds?.keys() ?? []) if (isLive(slot, current)) slots.set(slot, [])
    for (const entry of this.#entries) {
      const slot = this.#slotOf(entry)
      if (!isLive(slot, current)) continue
      const hashes = slots.get(slot)
      if (hashes === undefined) slots.set(slot, [hashOf(entry)])
      else hashes.push(hashOf(entry))
    }
    const text: PathsText = [...slots].map(([slot, hashes]) => [
      slot,
      this.#thresholds?.get(slot) ?? range,
      Buffer.from(Uint32Array.from(hashes).buffer).toString('base64')
    ])
    lastRead = { text, current, count: this.count(current) }
    return text
  }

  #slotOf(entry: number): number {
    return this.#first + (entry % slotsOfEntry)
  }

  /** False if it was seen in this slot, or in a later one. */
  #see(hash: number, slot: number, current: number): boolean {
    const entries = this.#entries
    if (entries.length === 0) this.#first = slot
    if (slot < this.#first || slot - this.#first >= slotsOfEntry) this.#moveTo(current)
    const entry = hash * slotsOfEntry + (slot - this.#first)
    const from = this.#placeOf(hash)
    const found = entries[from]
    const isKnown = found !== undefined && hashOf(found) === hash
    if (isKnown && found >= entry) return false
    if (isKnown) entries[from] = entry
    else entries.splice(from, 0, entry)
    this.#countedAt = -1
    return true
  }

  /** The index of the first entry that is not smaller. */
  #placeOf(hash: number): number {
    const entries = this.#entries
    let from = 0
    let to = entries.length
    while (from < to) {
      const middle = (from + to) >>> 1
      if (entries[middle]! < hash * slotsOfEntry) from = middle + 1
      else to = middle
    }
    return from
  }

  #limit(slot: number, threshold: number): void {
    this.#thresholds ??= new Map()
    if (threshold >= (this.#thresholds.get(slot) ?? range)) return
    this.#thresholds.set(slot, threshold)
    this.#countedAt = this.#thresholdAt = -1
  }

  #threshold(current: number): number {
    if (this.#thresholds === null) return range
    if (this.#thresholdAt === current) return this.#lowest
    let lowest = range
    for (const [slot, threshold] of this.#thresholds)
      if (!isLive(slot, current)) this.#thresholds.delete(slot)
      else if (threshold < lowest) lowest = threshold
    this.#thresholdAt = current
    this.#lowest = lowest
    return lowest
  }

  /** Above `kept` entries, drops those that have left the window, then the largest hashes. */
  #cut(current: number): void {
    const entries = this.#entries
    if (entries.length <= kept) return
    this.#moveTo(current)
    while (entries.length > kept) {
      const entry = entries.pop() as number
      this.#limit(this.#slotOf(entry), hashOf(entry))
    }
  }

  /** Makes the oldest live slot the first, and drops older entries. Entries from a later slot than `current` move to `current`. */
  #moveTo(current: number): void {
    const first = current - slotsInWindow
    let length = 0
    for (const entry of this.#entries) {
      const slot = Math.min(this.#slotOf(entry), current)
      if (slot >= first) this.#entries[length++] = hashOf(entry) * slotsOfEntry + (slot - first)
    }
    this.#entries.length = length
    this.#first = first
    this.#countedAt = -1
  }
}

function hashOf(entry: number): number {
  return Math.floor(entry / slotsOfEntry)
}

/** The same list with one more; a new one where there is none. */
export function withOne(all: readonly number[] | null, one: number): readonly number[] {
  if (all === null || all.length === 0) return [one]
  ;(all as number[]).push(one)
  return all
}
