/**
 * What a path may mean to a server behind us (HOUSE rule 2). Owns the closure: every step that some server takes, in every order, as
 * often as it changes anything. Refuses to guess which server it is.
 *
 * A reading is a byte string: each character is one byte. So charsets matter only where they make ASCII out of something else
 * (overlong UTF-8, full-width forms), and a glob is compared with the bytes it has in UTF-8 and in latin-1.
 */

import {
  backslashesAsSlashes,
  mergeSlashes,
  resolveDots,
  resolveDotsToName,
  resolveEncodedDots,
  withoutAuthority,
  withoutFinalDots,
  withoutFragment,
  withoutParameters,
  withoutSecondQuery,
  withoutStreams,
  withoutTail
} from './path-normalisations.ts'
import { decodeSloppily, decodeU, decodings } from './percent-decoding.ts'
import { foldCompatible, shortenOverlong, withoutIgnorable, withoutInvalidUtf8 } from './utf8.ts'

/** Each takes a path to the path that some server would see instead, or returns it unchanged. */
const steps: readonly ((path: string) => string)[] = [
  decodeU,
  decodeSloppily,
  shortenOverlong,
  withoutInvalidUtf8,
  foldCompatible,
  withoutIgnorable,
  backslashesAsSlashes,
  mergeSlashes,
  withoutAuthority,
  withoutSecondQuery,
  withoutFragment,
  withoutParameters,
  withoutTail,
  resolveDots,
  resolveDotsToName,
  resolveEncodedDots,
  withoutFinalDots,
  withoutStreams
]

/** More readings than these are nobody's honest link. They bound the work: a request must not buy milliseconds with a kilobyte. */
const mostReadings = 96
const mostBytes = 64 * 1024

const control = /[\x00-\x1f\x7f]/

/**
 * Every plausible reading of a path that begins with '/', the literal one first. Null when one of them holds a control byte (the C
 * string behind it would end there) or when there are too many.
 */
export function readingsOf(path: string): readonly string[] | null {
  const found = new Readings(path)
  for (const reading of found.all) {
    for (const next of decodings(reading)) if (!found.add(next)) return null
    for (const step of steps) {
      const next = step(reading)
      if (next !== reading && !found.add(next)) return null
    }
  }
  return [...found.all]
}

class Readings {
  readonly all: Set<string>
  #bytes: number

  constructor(path: string) {
    this.all = new Set([path])
    this.#bytes = path.length
  }

  /** False when the path has to be refused for this reading. */
  add(reading: string): boolean {
    if (this.all.has(reading)) return true
    this.#bytes += reading.length
    if (this.all.size >= mostReadings || this.#bytes > mostBytes || control.test(reading)) return false
    this.all.add(reading)
    return true
  }
}
