/** The passwords that attackers try first (NIST SP 800-63B-4 §3.1.1.2, ASVS 6.2.4). */
import { commonPasswords } from './common-passwords.ts'

/** Built at the first use, which saves time in other commands. */
let common: Set<string> | undefined

/** Everyday words in English and German. */
const everydayWords = `
  spring summer autumn winter fall frühling fruehling sommer herbst
  january february march april may june july august september october november december
  januar februar märz maerz mai juni juli oktober dezember
  monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch donnerstag freitag samstag sonntag
  password passwort passwd passphrase kennwort welcome willkommen hello hallo geheim secret login admin administrator changeme letmein
  qwerty qwertz azerty qwertyuiop qwertzuiop azertyuiop asdf asdfgh asdfghjkl yxcvbnm zxcvbnm
  contraseña contrasena motdepasse bonjour schatz iloveyou test testing user guest laboratory labor
`

/** A word with more characters around it is no variant. */
const maxAround = 6
/** Shorter words are not searched inside a password. */
const rootLength = 5

/** A character that may stand for two letters is read both ways. */
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

/** The words that a password may be made from: with and without digits and punctuation around it, and with stand-ins read as letters. */
function coresOf(folded: string): string[] {
  const withoutEnd = folded.replace(/[^\p{L}]+$/u, '')
  const alone = withoutEnd.replace(/^[^\p{L}]+/u, '')
  const near = [folded, withoutEnd, alone].filter(core => folded.length - core.length <= maxAround)
  return near.flatMap(core => [core, readBack(core, 0), readBack(core, 1)])
}

function readBack(text: string, way: number): string {
  return text.replace(/[013457@$!€]/gu, char => standIns[char]?.[way] ?? standIns[char]?.[0] ?? char)
}

function makeCommon(): Set<string> {
  const list = commonPasswords.trim().split(/\s+/)
  const roots = list.map(word => word.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '')).filter(root => root.length >= rootLength)
  return new Set([...list, ...roots, ...everydayWords.trim().split(/\s+/)])
}

/** Shorter names occur in ordinary words. */
const nameLength = 3

/** True also for variants (`Password1!`, `P@ssw0rd`), runs and repetitions, in any letter case. */
export function isCommonPassword(password: string): boolean {
  common ??= makeCommon()
  const words = common
  const folded = fold(password)
  return isRepetition(folded) || isRun(folded) || coresOf(folded).some(core => words.has(core))
}

/** True if all letters come from the names: `Alice-2026!`, `aliceALICE`. */
export function isMadeOfNames(password: string, names: readonly string[]): boolean {
  const folded = fold(password)
  // Parts count too: both words of `Example Lab`.
  const parts = names.flatMap(name => [fold(name), ...fold(name).split(/[^\p{L}\p{N}]+/u)])
  const rest = parts
    .filter(part => part.length >= nameLength)
    .sort((a, b) => b.length - a.length)
    .reduce((text, part) => text.replaceAll(part, ' '), folded)
  return rest !== folded && !/\p{L}/u.test(rest)
}

/** One to four characters repeated: `aaaaaaaa`, `abcabcabc`. */
function isRepetition(text: string): boolean {
  return /^(.{1,4}?)\1+.?$/su.test(text) && new Set(text).size <= 4
}

/** Codes that rise or fall by one: `abcdefgh`, `98765432`. */
function isRun(text: string): boolean {
  const codes = [...text].map(character => character.codePointAt(0)!)
  const step = codes[1]! - codes[0]!
  return Math.abs(step) === 1 && codes.every((code, index) => index === 0 || code - codes[index - 1]! === step)
}

function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase()
}
