/** All paths that some server may take a path for. Each character is one byte. */
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

/** Ordinary links have fewer. */
const maxReadings = 96
const maxBytes = 64 * 1024

const control = /[\x00-\x1f\x7f]/

/** The literal one comes first. Null for control bytes or too many readings. */
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

  add(reading: string): boolean {
    if (this.all.has(reading)) return true
    this.#bytes += reading.length
    if (this.all.size >= maxReadings || this.#bytes > maxBytes || control.test(reading)) return false
    this.all.add(reading)
    return true
  }
}
