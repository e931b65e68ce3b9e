/**
 * The number of distinct paths within a sliding window, in bounded memory: the smallest `kept` hashes with the slot in which each was last
 * seen. Up to `kept` paths it is exact. Above, the count of the hashes below a threshold is scaled up (the KMV or theta sketch: Bar-Yossef
 * et al. 2002, Dasgupta et al. 2016); its standard error is 1/√kept, that is 4.4 %.
 */
import { createHash } from 'node:crypto'
import { isLive } from './sliding-count.ts'

export const kept = 512
const range = 2 ** 32

/** The record's form: for each slot its index, its threshold, and its hashes as 32-bit words in base64. */
export type PathsText = readonly (readonly [slot: number, threshold: number, hashes: string])[]

/** The hashes of paths that were asked for lately: most requests are for few paths, and a hash costs more than all other counting. */
let recent = new Map<string, number>()
const recentMost = 4096
const recentLength = 256

export function hashOfPath(path: string): number {
  const known = recent.get(path)
  if (known !== undefined) return known
  const hash = createHash('sha256').update(path, 'latin1').digest().readUInt32LE(0)
  if (path.length > recentLength) return hash
  if (recent.size >= recentMost) recent = new Map()
  recent.set(path, hash)
  return hash
}

export class DistinctPaths {
  readonly #seen = new Map<number, number>()
  /** Hashes from this value on may be missing of what was seen in that slot. */
  readonly #thresholds = new Map<number, number>()

  static from(text: PathsText, current: number): DistinctPaths {
    const paths = new DistinctPaths()
    for (const [slot, threshold, hashes] of text) {
      const at = Math.min(slot, current)
      if (!isLive(at, current)) continue
      if (threshold < range) paths.#limit(at, threshold)
      const bytes = Buffer.from(hashes, 'base64')
      for (let i = 0; i + 4 <= bytes.length; i += 4) paths.#see(bytes.readUInt32LE(i), at)
    }
    return paths
  }

  /** False if it was known in this slot. */
  add(hash: number, current: number): boolean {
    const threshold = this.#threshold(current)
    if (hash >= threshold) {
      const known = this.#thresholds.get(current) ?? range
      this.#limit(current, threshold)
      return known > threshold
    }
    if (this.#seen.get(hash) === current) return false
    this.#see(hash, current)
    if (this.#seen.size > kept) this.#trim(current)
    return true
  }

  count(current: number): number {
    const threshold = this.#threshold(current)
    let below = 0
    for (const [hash, slot] of this.#seen) if (hash < threshold && isLive(slot, current)) below++
    return Math.round((below * range) / threshold)
  }

  text(current: number): PathsText {
    const slots = new Map<number, number[]>()
    for (const [hash, slot] of this.#seen)
      if (isLive(slot, current)) {
        const hashes = slots.get(slot)
        if (hashes === undefined) slots.set(slot, [hash])
        else hashes.push(hash)
      }
    for (const slot of this.#thresholds.keys()) if (isLive(slot, current) && !slots.has(slot)) slots.set(slot, [])
    return [...slots].map(([slot, hashes]) => [
      slot,
      this.#thresholds.get(slot) ?? range,
      Buffer.from(Uint32Array.from(hashes).buffer).toString('base64')
    ])
  }

  #see(hash: number, slot: number): void {
    this.#seen.set(hash, Math.max(slot, this.#seen.get(hash) ?? slot))
  }

  #limit(slot: number, threshold: number): void {
    this.#thresholds.set(slot, Math.min(threshold, this.#thresholds.get(slot) ?? range))
  }

  #threshold(current: number): number {
    let lowest = range
    for (const [slot, threshold] of this.#thresholds)
      if (!isLive(slot, current)) this.#thresholds.delete(slot)
      else if (threshold < lowest) lowest = threshold
    return lowest
  }

  /** Drops what has left the window, then the largest hashes. */
  #trim(current: number): void {
    for (const [hash, slot] of this.#seen) if (!isLive(slot, current)) this.#seen.delete(hash)
    if (this.#seen.size <= kept) return
    const largest = [...this.#seen.keys()].sort((a, b) => a - b).slice(kept)
    for (const hash of largest) {
      this.#limit(this.#seen.get(hash) as number, hash)
      this.#seen.delete(hash)
    }
  }
}
