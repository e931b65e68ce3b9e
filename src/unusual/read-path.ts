/** Reads from a path what the watch compares: the object, its area of the app, and a number that may be an id. */

/** One object that is written anew at each call, because this runs at every request. */
interface PathFacts {
  /** A hash of app and path. */
  object: number
  /** A hash of the app and the first two folders. */
  area: number
  /** A hash of the path without its last number, or 0 where it has none. */
  template: number
  id: number
}

const facts: PathFacts = { object: 0, area: 0, template: 0, id: 0 }

/** Folders that say how an app is built, and not whose data it is. */
const structural = new Set(['api', 'dav', 'files', 'index.php', 'remote.php', 'rest', 'v1', 'v2', 'v3', 'webdav'])
const structuralLengths = new Set(Array.from(structural, ({ length }) => length))
const foldersOfArea = 2
const maxPathLength = 1024
const prime = 0x01000193
const slash = 47
const question = 63

/** 32-bit FNV-1a with a final mix, because short paths that differ in one digit must not be neighbours. */
export function hashText(text: string, seed = 0x811c9dc5, from = 0): number {
  const end = Math.min(text.length, from + maxPathLength)
  let hash = seed
  for (let i = from; i < end; i++) hash = Math.imul(hash ^ text.charCodeAt(i), prime)
  return finish(hash)
}

function finish(hash: number): number {
  let mixed = hash ^ (hash >>> 16)
  mixed = Math.imul(mixed, 0x85ebca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2ae35)
  // Never 0, which marks an empty place.
  return (mixed ^ (mixed >>> 16)) >>> 0 || 1
}

/** One pass over the path for all of its hashes. The result is valid until the next call. */
export function readPath(appHash: number, target: string): PathFacts {
  const text = withoutTokens(target)
  const end = Math.min(text.length, maxPathLength)
  let last = end - 1
  while (last >= 0 && !isDigit(text.charCodeAt(last))) last--
  let first = last
  while (first > 0 && isDigit(text.charCodeAt(first - 1))) first--
  const hasNumber = last >= 0 && last - first <= 14
  let object = appHash
  let beforeNumber = appHash
  let area = appHash
  let folder = appHash
  let folders = 0
  let from = 1
  let isInArea = true
  for (let i = 0; i < end || (isInArea && i < text.length); i++) {
    const code = text.charCodeAt(i)
    if (i === first) beforeNumber = object
    if (i < end) object = Math.imul(object ^ code, prime)
    if (!isInArea || i === 0) continue
    if (code === question) isInArea = false
    else if (code !== slash) folder = i - from < maxPathLength ? Math.imul(folder ^ code, prime) : folder
    else {
      if (!isStructural(text, from, i)) {
        area = isIdLike(text, from, i) ? Math.imul(area ^ 35, prime) : finish(folder)
        isInArea = ++folders < foldersOfArea
      }
      from = i + 1
      folder = area
    }
  }
  facts.object = finish(object)
  facts.area = finish(area ^ folders)
  facts.template = hasNumber ? hashText(text, finish(beforeNumber), last + 1) : 0
  if (hasNumber) facts.id = numberIn(text, first, last)
  return facts
}

/** Parameters with long values are tokens and times, which differ at each request for the same thing. In the polls of Socket.IO `t` is such a time, in few letters. */
function withoutTokens(target: string): string {
  const start = target.indexOf('?')
  if (start < 0) return target
  const parts = target.slice(start + 1, start + 1 + maxPathLength).split('&')
  const isPoll = parts.includes('transport=polling') && target.lastIndexOf('/socket.io/', start) >= 0
  const kept = parts.filter(
    part => part.length - part.indexOf('=') <= 10 && part.includes('=') && !(isPoll && part.startsWith('t='))
  )
  return kept.length === 0 ? target.slice(0, start) : `${target.slice(0, start)}?${kept.join('&')}`
}

function isStructural(text: string, from: number, end: number): boolean {
  return structuralLengths.has(end - from) && structural.has(text.slice(from, end))
}

/** A number, or a long word of digits and letters a–f: it names one thing, and no area. */
function isIdLike(text: string, from: number, end: number): boolean {
  const length = end - from
  if (length <= 3) return false
  for (let i = from; i < end; i++) {
    const code = text.charCodeAt(i)
    if (!isDigit(code) && (length <= 15 || !isHexOrDash(code))) return false
  }
  return true
}

/** At most fifteen digits, which are exact. */
function numberIn(text: string, first: number, last: number): number {
  let number = 0
  for (let i = first; i <= last; i++) number = number * 10 + text.charCodeAt(i) - 48
  return number
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

function isHexOrDash(code: number): boolean {
  const letter = code | 32
  return code === 45 || (letter >= 97 && letter <= 102)
}
