/** Reads a path's object, its area of the app, and a number that may be an id. */
import { readingsOf } from '../request/readings.ts'
import { withoutTokens } from './query-things.ts'

/** Reused at each request. */
interface PathFacts {
  /** A hash of app and path. */
  object: number
  /** A hash of app and the first two folders. */
  area: number
  /** A hash without the last number; 0 without one. */
  template: number
  id: number
}

const facts: PathFacts = { object: 0, area: 0, template: 0, id: 0 }

/** They say how an app is built, and not whose data it is. */
const structural = new Set(['api', 'dav', 'files', 'index.php', 'remote.php', 'rest', 'v1', 'v2', 'v3', 'webdav'])
/** Marks first letters, so few other folders are looked up. */
const structuralStarts = new Uint8Array(128)
for (const folder of structural) structuralStarts[folder.charCodeAt(0)] = 1
const foldersOfArea = 2
const maxFolderLength = 1024
const maxTextLength = 1024
/** The digit of `.h5` is no number of the file, but that of `.001` is. */
const maxExtension = 5
const prime = 0x01000193
const slash = 47
const question = 63
const dot = 46

/** 32-bit FNV-1a with a final mix, because short paths may differ in one digit. */
export function hashText(text: string, seed = 0x811c9dc5, from = 0): number {
  const end = Math.min(text.length, from + maxTextLength)
  let hash = seed
  for (let i = from; i < end; i++) hash = Math.imul(hash ^ text.charCodeAt(i), prime)
  return finish(hash)
}

function finish(hash: number): number {
  let mixed = hash ^ (hash >>> 16)
  mixed = Math.imul(mixed, 0x85ebca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2ae35)
  // 0 marks an empty place.
  return (mixed ^ (mixed >>> 16)) >>> 0 || 1
}

/** One pass; the result is valid until the next call. The whole path counts, otherwise padding that the app ignores would hide the rest. */
export function readPath(appHash: number, target: string): PathFacts {
  const text = withoutTokens(target)
  const end = text.length
  let last = lastDigit(text, end - 1)
  if (isInExtension(text, last)) last = lastDigit(text, text.lastIndexOf('.', last))
  let first = last
  while (first > 0 && isDigit(text.charCodeAt(first - 1))) first--
  const hasNumber = last >= 0 && last - first <= 14
  let object = appHash
  let beforeNumber = appHash
  let area = appHash
  let folder = appHash
  let folders = 0
  let from = 1
  let i = 0
  for (; i < end; i++) {
    const code = text.charCodeAt(i)
    if (i === first) beforeNumber = object
    object = Math.imul(object ^ code, prime)
    if (i === 0) continue
    if (code === question) break
    if (code !== slash) {
      if (i - from < maxFolderLength) folder = Math.imul(folder ^ code, prime)
      continue
    }
    if (!isNoFolder(text, from, i)) {
      area = isIdLike(text, from, i) ? Math.imul(area ^ 35, prime) : finish(folder)
      if (++folders === foldersOfArea) break
    }
    from = i + 1
    folder = area
  }
  for (i++; i < end; i++) {
    if (i === first) beforeNumber = object
    object = Math.imul(object ^ text.charCodeAt(i), prime)
  }
  facts.object = finish(object)
  facts.area = finish(area ^ folders)
  facts.template = hasNumber ? hashText(text, finish(beforeNumber), last + 1) : 0
  if (hasNumber) facts.id = numberIn(text, first, last)
  return facts
}

const none: readonly string[] = []
const encodedDot = /%(?:25)*2e|%c0|%u002e/i

/** Possible readings of `/mine/../theirs/file`, without the query; none for nearly all paths. */
export function climbsOf(target: string): readonly string[] {
  if (!target.includes('..') && !(target.includes('%') && encodedDot.test(target))) return none
  return readingsOf(target.slice(0, queryOf(target))) ?? none
}

/** The index of the query's `?`, or the end. */
export function queryOf(target: string): number {
  const start = target.indexOf('?')
  return start < 0 ? target.length : start
}

function lastDigit(text: string, from: number): number {
  let last = from
  while (last >= 0 && !isDigit(text.charCodeAt(last))) last--
  return last
}

function isInExtension(text: string, at: number): boolean {
  let start = at
  while (start >= 0 && at - start <= maxExtension && text.charCodeAt(start) !== dot) start--
  if (start < 1 || text.charCodeAt(start) !== dot) return false
  let hasLetter = false
  let i = start + 1
  for (; i < text.length && text.charCodeAt(i) !== question; i++) {
    if (i - start > maxExtension || !isWord(text.charCodeAt(i))) return false
    hasLetter ||= !isDigit(text.charCodeAt(i))
  }
  return hasLetter && at < i
}

/** Servers ignore empty folders and `.`. */
function isNoFolder(text: string, from: number, end: number): boolean {
  return end === from || (end === from + 1 && text.charCodeAt(from) === dot) || isStructural(text, from, end)
}

function isStructural(text: string, from: number, end: number): boolean {
  return structuralStarts[text.charCodeAt(from)] === 1 && structural.has(text.slice(from, end))
}

/** A number or a long hexadecimal word names one thing, and no area. */
function isIdLike(text: string, from: number, end: number): boolean {
  const length = end - from
  if (length <= 3) return false
  for (let i = from; i < end; i++) {
    const code = text.charCodeAt(i)
    if (!isDigit(code) && (length <= 15 || !isHexOrDash(code))) return false
  }
  return true
}

/** Fifteen digits are exact. */
function numberIn(text: string, first: number, last: number): number {
  let number = 0
  for (let i = first; i <= last; i++) number = number * 10 + text.charCodeAt(i) - 48
  return number
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

function isWord(code: number): boolean {
  const letter = code | 32
  return isDigit(code) || (letter >= 97 && letter <= 122)
}

function isHexOrDash(code: number): boolean {
  const letter = code | 32
  return code === 45 || (letter >= 97 && letter <= 102)
}
