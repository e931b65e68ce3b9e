/** What only people who have not signed in have seen of an app. A page may repeat what such a visitor asks for, so one of them proves little. */
import { digestOf } from '../ids.ts'
import type { Visitor } from '../metering/response-tap.ts'
import { networkLevels } from '../request/network-levels.ts'
import type { Mark } from './mark.ts'

/** Who has seen a finding: visitors from one network, whose hash it is, or from several. */
export const severalVisitors = 'several'
/** The most names of marks without a place that are remembered. */
const heldMost = 8192
const decodings = 3

/** A hash of the visitor's network: what one provider's neighbours see is one testimony. */
export function sourceOf({ address }: Visitor): string {
  return digestOf(networkLevels(address).provider).slice(0, 8)
}

/** What the visitor has asked for, to compare with what the page names; null where it cannot be known, because a body was sent. */
export function askedBy(method: string, path: string, { query }: Visitor): string | null {
  if (method !== 'GET') return null
  let text = path + query
  for (let i = 0; i < decodings; i++) text += ` ${decoded(text.slice(text.lastIndexOf(' ') + 1))}`
  return text.toLowerCase()
}

/** True if the page may name another origin because the visitor has asked for it. */
export function isEcho({ value }: Mark, asked: string | null): boolean {
  if (asked === null) return true
  const host = /\/\/([^/\s:?#]+)/.exec(value)?.[1]
  return host !== undefined && asked.includes(host.toLowerCase())
}

/** Spaces would end the text of one decoding. */
function decoded(text: string): string {
  return text
    .replace(/(?:%[\da-f]{2})+/gi, bytes => Buffer.from(bytes.replaceAll('%', ''), 'hex').toString())
    .replace(/[\s+]/g, '_')
}

/** Marks of visitors for which the list has no room: for each, who has seen it. They are reported to nobody, and others may still report them. */
export class HeldMarks {
  readonly #sources = new Map<string, string>()

  hold(names: Iterable<string>, source: string): void {
    if (this.#sources.size >= heldMost) this.#sources.clear()
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
