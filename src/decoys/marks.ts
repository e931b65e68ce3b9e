/** The marks of served decoys: a keyed hash of person and file, like passwords or numbers. A search computes everybody's. */
import type { Keyring } from '../keyring/keyring.ts'

const purpose = 'decoy mark'
const wordBytes = 8
const wordsPerMac = 4
const wordLength = 13
/** Crockford's base 32, without i, l, o and u. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

export interface Marked {
  /** An account's id, or `address:` and an address. */
  readonly whose: string
  readonly app: string
  readonly path: string
}

/** The same while the key is the current one. */
export function wordsOf(keyring: Pick<Keyring, 'mac'>, marked: Marked, count: number): string[] {
  const words: string[] = []
  for (let block = 0; words.length < count; block++)
    words.push(...wordsIn(keyring.mac(purpose, dataOf(marked, block))).slice(0, count - words.length))
  return words
}

export function isMarked(
  keyring: Pick<Keyring, 'macs'>,
  marked: Marked,
  count: number,
  found: ReadonlySet<string>
): boolean {
  for (let block = 0; block * wordsPerMac < count; block++)
    for (const mac of keyring.macs(purpose, dataOf(marked, block)))
      if (wordsIn(mac).some(word => found.has(word))) return true
  return false
}

function dataOf({ whose, app, path }: Marked, block: number): string {
  return JSON.stringify([whose, app, path, block])
}

function wordsIn(mac: string): string[] {
  const bytes = Buffer.from(mac, 'base64url')
  return Array.from({ length: wordsPerMac }, (_, i) => wordOf(bytes.readBigUInt64BE(i * wordBytes)))
}

function wordOf(value: bigint): string {
  let word = ''
  for (let left = value, i = 0; i < wordLength; i++, left >>= 5n) word = alphabet[Number(left & 31n)]! + word
  return word
}

const maxWords = 1_000_000

/** Also capital letters, and o, i and l for digits. */
export function possibleWords(text: string): Set<string> {
  const found = new Set<string>()
  for (const [run] of text.toLowerCase().matchAll(/[0-9a-z]{13,}/g)) {
    const read = run.replaceAll('o', '0').replace(/[il]/g, '1')
    for (let at = 0; at + wordLength <= read.length; at++) {
      if (found.size >= maxWords) return found
      const word = read.slice(at, at + wordLength)
      if (!word.includes('u')) found.add(word)
    }
  }
  return found
}
