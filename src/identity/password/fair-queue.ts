/**
 * A bounded queue that is fair between networks. Regions get turns, within a region providers' networks, and so on down to addresses. In a
 * full queue, the network with most places loses its newest one.
 */
import { networkLevels } from '../../request/network-levels.ts'

interface Node<Item> {
  size: number
  /** In the order of service. A child that was served moves to the end. */
  readonly children: Map<string, Node<Item>>
  readonly items: Item[]
}

export class FairQueue<Item> {
  readonly #places: number
  readonly #root: Node<Item> = newNode()

  constructor(places: number) {
    this.#places = places
  }

  get size(): number {
    return this.#root.size
  }

  /** Whether an item from this address would find no place. */
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

  /** Adds an item. Answers the item without a place: none (null), the new one, or another. */
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

  shift(): Item | null {
    return this.#root.size === 0 ? null : takeNext(this.#root)
  }

  remove(address: string, item: Item): void {
    const path = [this.#root]
    for (const step of pathOf(address)) {
      const child = path.at(-1)?.children.get(step)
      if (child === undefined) return
      path.push(child)
    }
    const items = (path.at(-1) as Node<Item>).items
    const at = items.indexOf(item)
    if (at < 0) return
    items.splice(at, 1)
    shrink(path, pathOf(address))
  }

  #dropLast(): Item {
    const path = [this.#root]
    const names: string[] = []
    for (let node = this.#root; node.children.size > 0; ) {
      let most: [string, Node<Item>] | null = null
      for (const child of node.children) if (most === null || child[1].size >= most[1].size) most = child
      const [name, child] = most as [string, Node<Item>]
      names.push(name)
      path.push(child)
      node = child
    }
    const dropped = (path.at(-1) as Node<Item>).items.pop() as Item
    shrink(path, names)
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

function takeNext<Item>(node: Node<Item>): Item {
  node.size--
  for (const [name, child] of node.children) {
    const item = takeNext(child)
    node.children.delete(name)
    if (child.size > 0) node.children.set(name, child)
    return item
  }
  return node.items.shift() as Item
}

/** Takes one place away in each node of the path, and removes empty branches. */
function shrink<Item>(path: readonly Node<Item>[], names: readonly string[]): void {
  for (const [i, node] of path.entries()) {
    node.size--
    const above = path[i - 1]
    if (node.size === 0 && above !== undefined) above.children.delete(names[i - 1] as string)
  }
}
