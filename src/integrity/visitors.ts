/** What only strangers have seen. A page may repeat what one of them asks for. */
import { digestOf } from '../ids.ts'
import type { Visitor } from '../metering/response-tap.ts'
import { networkLevels } from '../request/network-levels.ts'

export const severalVisitors = 'several'
const maxHeld = 8192

/** A provider's neighbours are one testimony. */
export function sourceOf({ address }: Visitor): string {
  return digestOf(networkLevels(address).provider).slice(0, 8)
}

/** Names of marks, with which visitors alone have seen each. */
export class HeldMarks {
  readonly #sources = new Map<string, string>()

  hold(names: Iterable<string>, source: string): void {
    if (this.#sources.size >= maxHeld) this.#sources.clear()
    for (const name of names) this.#sources.set(name, source)
  }

  isOf(name: string, source: string): boolean {
    const known = this.#sources.get(name)
    return known === source || known === severalVisitors
  }

  isOfOthers(name: string, source: string): boolean {
    const known = this.#sources.get(name)
    return known !== undefined && known !== source
  }

  clear(): void {
    this.#sources.clear()
  }
}
