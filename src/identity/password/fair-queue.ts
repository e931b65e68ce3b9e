/**
 * A line with a bounded number of places that many networks stand in. Owns its fairness: whoever is next is taken from each region in turn, in it
 * from each provider's network, and so on down to the address. Where the line is full, whoever holds most places loses the last of them.
 */
import { networkLevels } from '../../request/network-levels.ts'

interface Node<Item> {
  size: number
  /** In the order in which they are served; whoever was served goes to the end. */
  readonly children: Map<string, Node<Item>>
  readonly items: Item[]
}

export class FairLine<Item> {
  readonly #places: number
  readonly #root: Node<Item> = newNode()

  constructor(places: number) {
    this.#places = places
  }

  get size(): number {
    return this.#root.size
  }

  /** Whether somebody from this address would find no place. */
  isFullFor(address: string): boolean {
    if (this.#root.size < this.#places) return false
    if (this.#places === 0) return true
    let node: Node<Item> | undefined = this.#root
    for (const step of pathOf(address)) {
      const own: number = (node?.children.get(step)?.size ?? 0) + 1
      for (const [name, child] of node?.children ?? []) if (name !== step && child.size > own) return false
      node = node?.children.get(step)
    }
    return true
  }

  /** Takes a place. Answers who has none any more: nobody (null), the newcomer, or the last of those who hold most places. */
  push(address: string, item: Item): Item | null {
    if (this.isFullFor(address)) return item
    let node = this.#root
    node.size++
    for (const step of pathOf(address)) {
      const child = node.children.get(step) ?? newNode<Item>()
      node.children.set(step, child)
      node = child
      node.size++
    }
    node.items.push(item)
    return this.#root.size > this.#places ? this.#dropLast() : null
  }

  /** Whoever is next, or null. */
  shift(): Item | null {
    return this.#root.size === 0 ? null : taken(this.#root)
  }

  /** Gives a place up. */
  remove(address: string, item: Item): void {
    const way = [this.#root]
    for (const step of pathOf(address)) {
      const child = way.at(-1)?.children.get(step)
      if (child === undefined) return
      way.push(child)
    }
    const items = (way.at(-1) as Node<Item>).items
    const at = items.indexOf(item)
    if (at < 0) return
    items.splice(at, 1)
    shrink(way, pathOf(address))
  }

  #dropLast(): Item {
    const way = [this.#root]
    const names: string[] = []
    for (let node = this.#root; node.children.size > 0; ) {
      let most: [string, Node<Item>] | null = null
      for (const child of node.children) if (most === null || child[1].size >= most[1].size) most = child
      const [name, child] = most as [string, Node<Item>]
      names.push(name)
      way.push(child)
      node = child
    }
    const dropped = (way.at(-1) as Node<Item>).items.pop() as Item
    shrink(way, names)
    return dropped
  }
}

function newNode<Item>(): Node<Item> {
  return { size: 0, children: new Map(), items: [] }
}

function pathOf(address: string): string[] {
  const { region, provider, site, customer, network } = networkLevels(address)
  return [region, provider, site, customer, network]
}

function taken<Item>(node: Node<Item>): Item {
  node.size--
  for (const [name, child] of node.children) {
    const item = taken(child)
    node.children.delete(name)
    if (child.size > 0) node.children.set(name, child)
    return item
  }
  return node.items.shift() as Item
}

/** One place less all along the way; a branch without any is gone. */
function shrink<Item>(way: readonly Node<Item>[], names: readonly string[]): void {
  for (const [i, node] of way.entries()) {
    node.size--
    const above = way[i - 1]
    if (node.size === 0 && above !== undefined) above.children.delete(names[i - 1] as string)
  }
}
