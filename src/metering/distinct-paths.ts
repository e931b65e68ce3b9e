/**
 * The number of distinct paths in a sliding window: the smallest `kept` hashes, each with the slot of its last sight. Up to `kept` it is exact; above,
 * hashes below a threshold are scaled up (KMV or theta sketch: Bar-Yossef et al. 2002, Dasgupta et al. 2016), with the standard error 1/√kept = 4.4 %.
 */
import { createHash } from 'node:crypto'
import { isLive, slotsInWindow } from './sliding-count.ts'

export const kept = 512
const range = 2 ** 32

/** An entry is hash × 16 + the distance of its slot from `#first`. */
const slotsOfEntry = 16
/** A settlement reads it several times. */
let lastRead: { readonly text: PathsText; readonly current: number; readonly count: number } | null = null

/** Hashes are 32-bit words in base64. */
export type PathsText = readonly (readonly [slot: number, threshold: number, hashes: string])[]

/** Hashing costs more than all other counting. */
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
  #first = 0
  /** A slot's hashes may be missing from its threshold on. */
  #thresholds: Map<number, number> | null = null
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

  /** `hash`: of `hashOfPath`. False if the slot has it. */
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

  /** True if the path also counts in the next slot. */
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

  /** False if this or a later slot has it. */
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

  #cut(current: number): void {
    const entries = this.#entries
    if (entries.length <= kept) return
    this.#moveTo(current)
    while (entries.length > kept) {
      const entry = entries.pop() as number
      this.#limit(this.#slotOf(entry), hashOf(entry))
    }
  }

  /** Drops what has left the window, and moves later entries to `current`. */
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

export function withOne(all: readonly number[] | null, one: number): readonly number[] {
  if (all === null || all.length === 0) return [one]
  ;(all as number[]).push(one)
  return all
}
