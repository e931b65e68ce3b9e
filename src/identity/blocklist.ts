/**
 * Passwords that everyone tries first (NIST SP 800-63B-4 §3.1.1.2, ASVS 6.2.4): the commonest of the breaches, runs and repetitions,
 * and the names of the person and the place. Owns the comparison; refuses rules about which characters to use.
 */
import { commonPasswords } from './common-passwords.ts'

/** Built at the first question: a command that asks nothing about passwords pays nothing. */
let common: Set<string> | undefined

/** Shorter names hide in honest words. */
const nameLength = 3

/** True for a password of the list, whatever its letter case, and for one made of a single run or a short repetition. */
export function isCommonPassword(password: string): boolean {
  common ??= new Set(commonPasswords.trim().split(/\s+/))
  const folded = fold(password)
  return common.has(folded) || isRepetition(folded) || isRun(folded)
}

/** True if the letters of the password are those of the names and nothing else: `Alice-2026!`, `aliceALICE`. */
export function isMadeOfNames(password: string, names: readonly string[]): boolean {
  const folded = fold(password)
  // The parts count as well: of `alice@lab.example` the person, of `Example Lab` the words.
  const parts = names.flatMap(name => [fold(name), ...fold(name).split(/[^\p{L}\p{N}]+/u)])
  const rest = parts
    .filter(part => part.length >= nameLength)
    .sort((a, b) => b.length - a.length)
    .reduce((text, part) => text.replaceAll(part, ' '), folded)
  return rest !== folded && !/\p{L}/u.test(rest)
}

/** `aaaaaaaa`, `abcabcabc`, `12341234`: one to four characters over and over. */
function isRepetition(text: string): boolean {
  return /^(.{1,4}?)\1+.?$/su.test(text) && new Set(text).size <= 4
}

/** `abcdefgh`, `98765432`: each character the neighbour of the one before, always the same way. */
function isRun(text: string): boolean {
  const codes = [...text].map(character => character.codePointAt(0)!)
  const step = codes[1]! - codes[0]!
  return Math.abs(step) === 1 && codes.every((code, index) => index === 0 || code - codes[index - 1]! === step)
}

function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase()
}
