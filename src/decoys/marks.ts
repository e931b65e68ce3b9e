/**
 * The marks of served decoys: words of 13 characters that look like passwords or numbers, and that a keyed hash makes of the person and the file.
 * Nothing is stored. A search computes the marks of everybody, and compares.
 */
import type { Keyring } from '../keyring/keyring.ts'

const purpose = 'decoy mark'
const wordBytes = 8
const wordsPerMac = 4
const wordLength = 13
/** Base 32 of Crockford, without i, l, o and u. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/** One file of one person. */
export interface Marked {
  /** An account's id, or `address:` and an address. */
  readonly whose: string
  readonly app: string
  /** The decoy's path, as in the configuration. */
  readonly path: string
}

/** `count` words of 64 bits. The same person gets the same ones for the same file, as long as the key is the current one. */
export function wordsOf(keyring: Pick<Keyring, 'mac'>, marked: Marked, count: number): string[] {
  const words: string[] = []
  for (let block = 0; words.length < count; block++)
    words.push(...wordsIn(keyring.mac(purpose, dataOf(marked, block))).slice(0, count - words.length))
  return words
}

/** True if one of `found` is a word of this file of this person, made with any key of the ring. */
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

/** The most different words of a text that are compared. */
const maxWords = 1_000_000

/** Everything in a text that may be such a word, also in capital letters, and with o, i and l for digits. */
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
