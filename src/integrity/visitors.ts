/** What only people who have not signed in have seen of an app. A page may repeat what such a visitor asks for, so one of them proves little. */
import { digestOf } from '../ids.ts'
import type { Visitor } from '../metering/response-tap.ts'
import { networkLevels } from '../request/network-levels.ts'

/** Who has seen a finding: visitors from one network, whose hash it is, or from several. */
export const severalVisitors = 'several'
/** The most names of marks without a place that are remembered. */
const maxHeld = 8192

/** A hash of the visitor's network: what one provider's neighbours see is one testimony. */
export function sourceOf({ address }: Visitor): string {
  return digestOf(networkLevels(address).provider).slice(0, 8)
}

/** Names of marks that visitors have seen and others may not, with who has seen each. */
export class HeldMarks {
  readonly #sources = new Map<string, string>()

  hold(names: Iterable<string>, source: string): void {
    if (this.#sources.size >= maxHeld) this.#sources.clear()
    for (const name of names) this.#sources.set(name, source)
  }

  /** True if the same visitors have seen it before. */
  isOf(name: string, source: string): boolean {
    const known = this.#sources.get(name)
    return known === source || known === severalVisitors
  }

  /** True if other visitors have seen it. */
  isOfOthers(name: string, source: string): boolean {
    const known = this.#sources.get(name)
    return known !== undefined && known !== source
  }

  clear(): void {
    this.#sources.clear()
  }
}
