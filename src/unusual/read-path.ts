/** Reads from a path what the watch compares: the object, its area of the app, and a number that may be an id. */

/** One object that is written anew at each call, because this runs at every request. */
export interface PathFacts {
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
const pathMax = 1024
const slash = 47
const question = 63

/** 32-bit FNV-1a with a final mix, because short paths that differ in one digit must not be neighbours. */
export function hashText(text: string, seed = 0x811c9dc5, end = Math.min(text.length, pathMax)): number {
  let hash = seed
  for (let i = 0; i < end; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
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

/** The result is valid until the next call. */
export function readPath(appHash: number, target: string): PathFacts {
  const text = withoutTokens(target)
  facts.object = hashText(text, appHash)
  facts.area = areaOf(appHash, text)
  facts.template = 0
  let last = Math.min(text.length, pathMax) - 1
  while (last >= 0 && !isDigit(text.charCodeAt(last))) last--
  if (last < 0) return facts
  let first = last
  while (first > 0 && isDigit(text.charCodeAt(first - 1))) first--
  if (last - first > 14) return facts
  facts.template = hashText(text.slice(last + 1), hashText(text, appHash, first))
  facts.id = Number(text.slice(first, last + 1))
  return facts
}

/** Parameters with long values are tokens and times, which differ at each request for the same thing. */
function withoutTokens(target: string): string {
  const start = target.indexOf('?')
  if (start < 0) return target
  const kept = target
    .slice(start + 1, start + 1 + pathMax)
    .split('&')
    .filter(part => part.length - part.indexOf('=') <= 10 && part.includes('='))
  return kept.length === 0 ? target.slice(0, start) : `${target.slice(0, start)}?${kept.join('&')}`
}

function areaOf(appHash: number, text: string): number {
  let hash = appHash
  let folders = 0
  let from = 1
  for (let i = 1; i < text.length && folders < 2; i++) {
    const code = text.charCodeAt(i)
    if (code === question) break
    if (code !== slash) continue
    const folder = text.slice(from, i)
    from = i + 1
    if (structural.has(folder)) continue
    hash = isIdLike(folder) ? Math.imul(hash ^ 35, 0x01000193) : hashText(folder, hash)
    folders++
  }
  return finish(hash ^ folders)
}

/** A number, or a long word of digits and letters a–f: it names one thing, and no area. */
function isIdLike(folder: string): boolean {
  if (folder.length > 15) return /^[0-9a-f-]+$/i.test(folder)
  return folder.length > 3 && /^\d+$/.test(folder)
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}
