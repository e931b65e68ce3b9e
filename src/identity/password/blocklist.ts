/**
 * Passwords that everyone tries first (NIST SP 800-63B-4 §3.1.1.2, ASVS 6.2.4): the commonest of the breaches and their relatives, runs and repetitions,
 * and the names of the person and the place. Owns the comparison; refuses rules about which characters to use.
 */
import { commonPasswords } from './common-passwords.ts'

/** Built at the first question: a command that asks nothing about passwords pays nothing. */
let common: Set<string> | undefined

/** What people take besides the list: the season, the month, the keyboard's rows; in English and German. */
const everydayWords = `
  spring summer autumn winter fall frühling fruehling sommer herbst
  january february march april may june july august september october november december
  januar februar märz maerz mai juni juli oktober dezember
  monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch donnerstag freitag samstag sonntag
  password passwort passwd passphrase kennwort welcome willkommen hello hallo geheim secret login admin administrator changeme letmein
  qwerty qwertz azerty qwertyuiop qwertzuiop azertyuiop asdf asdfgh asdfghjkl yxcvbnm zxcvbnm
  contraseña contrasena motdepasse bonjour schatz iloveyou test testing user guest laboratory labor
`

/** What hangs around a word may be this long: with more digits around it, the digits are the password. */
const aroundMax = 6
/** A word that only the list's own relatives have in common, as `monkey` of `monkey123`, has this many letters. */
const rootLength = 5

/** Stand-ins for letters; what may be two letters is read both ways. */
const standIns: Readonly<Record<string, readonly string[]>> = {
  '0': ['o'],
  '1': ['i', 'l'],
  '3': ['e'],
  '4': ['a'],
  '5': ['s'],
  '7': ['t'],
  '@': ['a'],
  $: ['s'],
  '!': ['i', 'l'],
  '€': ['e']
}

/** The words a password hangs on: as it is, without digits and signs at its end or around it, and each with stand-ins read back. */
function coresOf(folded: string): string[] {
  const withoutEnd = folded.replace(/[^\p{L}]+$/u, '')
  const alone = withoutEnd.replace(/^[^\p{L}]+/u, '')
  const near = [folded, withoutEnd, alone].filter(core => folded.length - core.length <= aroundMax)
  return near.flatMap(core => [core, readBack(core, 0), readBack(core, 1)])
}

function readBack(text: string, way: number): string {
  return text.replace(/[013457@$!€]/gu, sign => standIns[sign]?.[way] ?? standIns[sign]?.[0] ?? sign)
}

/** The list, the words that its entries hang on, and the everyday words. */
function makeCommon(): Set<string> {
  const list = commonPasswords.trim().split(/\s+/)
  const roots = list.map(word => word.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '')).filter(root => root.length >= rootLength)
  return new Set([...list, ...roots, ...everydayWords.trim().split(/\s+/)])
}

/** Shorter names hide in honest words. */
const nameLength = 3

/**
 * True for a password of the list or a near relative of one, whatever its letter case, and for one made of a single run or a short
 * repetition. Relatives: digits and signs around it (`Password1!`), and stand-ins for its letters (`P@ssw0rd`).
 */
export function isCommonPassword(password: string): boolean {
  common ??= makeCommon()
  const words = common
  const folded = fold(password)
  return isRepetition(folded) || isRun(folded) || coresOf(folded).some(core => words.has(core))
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
