/**
 * A bounded queue that is fair between networks: regions take turns, then providers within a region, down to addresses. In a full queue,
 * the network with most places loses its newest one.
 */
import { networkLevels } from '../../request/network-levels.ts'

interface Place<Item> {
  readonly item: Item
  /** The largest first. */
  readonly networks: readonly string[]
}

export class FairQueue<Item> {
  readonly #size: number
  /** In the order of service. */
  #places: Place<Item>[] = []

  /** `size` is a few dozen, since each step looks at all places. */
  constructor(size: number) {
    this.#size = size
  }

  isFullFor(address: string): boolean {
    const newest = { item: null, networks: networksOf(address) }
    return this.#places.length >= this.#size && lastOfMost([...this.#places, newest]) === newest
  }

  /** Returns the item without a place: null, the new one, or another. */
  push(address: string, item: Item): Item | null {
    this.#places.push({ item, networks: networksOf(address) })
    if (this.#places.length <= this.#size) return null
    const dropped = lastOfMost(this.#places)
    this.remove(dropped.item)
    return dropped.item
  }

  /** Sorts the others by what they share with the served item: other regions first, its own address last. */
  shift(): Item | null {
    const next = this.#places.shift()
    if (next === undefined) return null
    this.#places.sort((one, other) => sharedLevels(one, next) - sharedLevels(other, next))
    return next.item
  }

  remove(item: Item): void {
    this.#places = this.#places.filter(place => place.item !== item)
  }
}

function networksOf(address: string): string[] {
  const { region, provider, site, customer, network } = networkLevels(address)
  return [region, provider, site, customer, network]
}

function sharedLevels({ networks }: Place<unknown>, other: Place<unknown>): number {
  const level = networks.findIndex((network, level) => network !== other.networks[level])
  return level < 0 ? networks.length : level
}

/** The last place of the largest address in the largest network, level by level. Ties go to the last in the queue. */
function lastOfMost<Item>(places: readonly Place<Item>[]): Place<Item> {
  let most = places
  for (let level = 0; level < (places[0] as Place<Item>).networks.length; level++) {
    const counts = new Map<string, number>()
    const networkOf = ({ networks }: Place<Item>) => networks[level] as string
    for (const place of most) counts.set(networkOf(place), (counts.get(networkOf(place)) ?? 0) + 1)
    const largest = Math.max(...counts.values())
    const last = most.findLast(place => counts.get(networkOf(place)) === largest) as Place<Item>
    most = most.filter(place => networkOf(place) === networkOf(last))
  }
  return most.at(-1) as Place<Item>
}
