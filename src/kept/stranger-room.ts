/**
 * The memory for strangers' bodies; small ones have a part of their own. When a part is full, the provider that holds most of it gives way, so no network
 * shuts out the others.
 */
import { networkLevels } from '../request/network-levels.ts'

const mebibyte = 1024 * 1024
const smallBytes = 64 * 1024
const shares = {
  small: { network: 2 * mebibyte, provider: 4 * mebibyte, all: 8 * mebibyte },
  large: { network: 8 * mebibyte, provider: 12 * mebibyte, all: 16 * mebibyte }
} as const

interface Held {
  readonly kind: keyof typeof shares
  readonly network: string
  readonly provider: string
  bytes: number
}

export class StrangerRoom<Item> {
  /** The oldest first. */
  readonly #held = new Map<Item, Held>()
  readonly #sums = new Map<string, number>()

  /** `length`: as announced, in bytes. */
  add(item: Item, address: string, length: number): void {
    const kind = length <= smallBytes ? 'small' : 'large'
    const { network, provider } = networkLevels(address)
    this.#held.set(item, { kind, network: `${kind} ${network}`, provider: `${kind} of ${provider}`, bytes: 0 })
  }

  count(item: Item, bytes: number): void {
    const held = this.#held.get(item)
    if (held !== undefined) this.#change(held, bytes)
  }

  /** Returns whose place the bytes take. Null if there is no room: remove the item then. */
  take(item: Item, bytes: number): Item[] | null {
    this.count(item, bytes)
    const held = this.#held.get(item)
    if (held === undefined) return null
    const most = shares[held.kind]
    if (this.#sum(held.network) > most.network || this.#sum(held.provider) > most.provider) return null
    // The others keep their places until this surely suffices.
    const going: { readonly other: Item; readonly held: Held; readonly bytes: number }[] = []
    while (this.#sum(held.kind) > most.all) {
      const other = this.#oldestOfHeaviest(held)
      if (other === null) {
        for (const { held, bytes } of going) this.#change(held, bytes)
        return null
      }
      const theirs = this.#held.get(other) as Held
      going.push({ other, held: theirs, bytes: theirs.bytes })
      this.#change(theirs, -theirs.bytes)
    }
    for (const { other } of going) this.#held.delete(other)
    return going.map(({ other }) => other)
  }

  remove(item: Item): void {
    const held = this.#held.get(item)
    if (held === undefined) return
    this.#change(held, -held.bytes)
    this.#held.delete(item)
  }

  /** Null if no other provider holds more. */
  #oldestOfHeaviest(own: Held): Item | null {
    let heaviest: Item | null = null
    let most = this.#sum(own.provider)
    for (const [item, { kind, provider, bytes }] of this.#held) {
      if (kind !== own.kind || bytes === 0 || this.#sum(provider) <= most) continue
      heaviest = item
      most = this.#sum(provider)
    }
    return heaviest
  }

  #sum(row: string): number {
    return this.#sums.get(row) ?? 0
  }

  #change(held: Held, bytes: number): void {
    held.bytes += bytes
    for (const row of [held.kind, held.network, held.provider]) {
      const sum = this.#sum(row) + bytes
      if (sum > 0) this.#sums.set(row, sum)
      else this.#sums.delete(row)
    }
  }
}
