/** A Bloom filter over the terms of journal lines. It never misses a term. */

const bitsPerTerm = 12
const probes = 6

/** FNV-1a. */
export function termOf(kind: 'person' | 'app' | 'kind' | 'reference', text: string): number {
  let hash = 0x811c9dc5 ^ kind.charCodeAt(0)
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return mixed(hash)
}

export function pairOf(one: number, other: number): number {
  return mixed(Math.imul(one, 31) ^ other)
}

export class TermFilter {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  static of(terms: ReadonlySet<number>): TermFilter {
    const filter = new TermFilter(new Uint8Array(Math.max(8, Math.ceil((terms.size * bitsPerTerm) / 8))))
    for (const term of terms) filter.#add(term)
    return filter
  }

  mayHave(term: number): boolean {
    const { bytes } = this
    const bits = bytes.length * 8
    const step = stepOf(term)
    for (let probe = 0, at = term >>> 0; probe < probes; probe++, at = (at + step) >>> 0) {
      const bit = at % bits
      if ((bytes[bit >>> 3]! & (1 << (bit & 7))) === 0) return false
    }
    return true
  }

  #add(term: number): void {
    const bits = this.bytes.length * 8
    const step = stepOf(term)
    for (let probe = 0, at = term >>> 0; probe < probes; probe++, at = (at + step) >>> 0) {
      const bit = at % bits
      this.bytes[bit >>> 3]! |= 1 << (bit & 7)
    }
  }
}

function stepOf(term: number): number {
  return mixed(term ^ 0x9e3779b9) | 1
}

/** The finaliser of MurmurHash3. */
function mixed(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
