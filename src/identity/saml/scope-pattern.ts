/**
 * Patterns of scopes (`shibmd:Scope` with `regexp="true"`). Providers write them, and `RegExp` could run for ever over one, so this matcher
 * follows all places at once. It knows characters, classes, groups, alternatives, repetition and both ends; a pattern with anything else
 * covers nothing.
 */

type Node =
  | { readonly kind: 'character'; readonly matches: (character: string) => boolean }
  | { readonly kind: 'start' | 'end' }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Node[] }
  | { readonly kind: 'repeat'; readonly part: Node; readonly least: number; readonly most: number }

const maxPatternLength = 200
const maxTextLength = 253
/** Repetitions within each other, and of one part. Labels of names have at most 63 characters. */
const maxDepth = 2
const maxCount = 63
const character = /^(?:\[(?:\\[^A-Za-z0-9]|\\[dw]|[^\]\\])+\]|\\[^A-Za-z0-9]|\\[dw]|[^\\()[\]{}|*+?^$])/
const repetition = /^(?:[*+?]|\{(\d{1,3})(?:(,)(\d{1,3})?)?\})\??/

/** Steps left. A pattern that needs more covers nothing. */
interface Effort {
  left: number
}

/** The effort for all values of one attribute: some hundred times what federations need, in less than 0.1 s. */
export const newEffort = (): Effort => ({ left: 250_000 })

/** True if the pattern covers the whole text, in any letter case. */
export function covers(pattern: string, text: string, effort = newEffort()): boolean {
  const node = text.length > maxTextLength ? null : nodeOf(pattern)
  return node !== null && endsOf(node, { text, effort }, new Set([0])).has(text.length) && effort.left > 0
}

/** False for a pattern that covers nothing, whatever the text. */
export function isKnownPattern(pattern: string): boolean {
  return nodeOf(pattern) !== null
}

function nodeOf(pattern: string): Node | null {
  return pattern.length > maxPatternLength ? null : new PatternReader(pattern).read()
}

/** Null for an invalid or unsupported pattern. */
class PatternReader {
  #rest: string

  constructor(pattern: string) {
    this.#rest = pattern
  }

  read(): Node | null {
    const node = this.#choice(0)
    return this.#rest === '' ? node : null
  }

  #choice(depth: number): Node | null {
    const parts: Node[] = []
    do {
      const part = this.#sequence(depth)
      if (part === null) return null
      parts.push(part)
    } while (this.#take('|'))
    return { kind: 'choice', parts }
  }

  #sequence(depth: number): Node | null {
    const parts: Node[] = []
    while (this.#rest !== '' && !/^[|)]/.test(this.#rest)) {
      const part = this.#part(depth)
      if (part === null) return null
      parts.push(part)
    }
    return { kind: 'sequence', parts }
  }

  #part(depth: number): Node | null {
    if (this.#take('^')) return { kind: 'start' }
    if (this.#take('$')) return { kind: 'end' }
    const part = this.#take('(?:') || this.#take('(') ? this.#group(depth + 1) : this.#character()
    const found = repetition.exec(this.#rest)
    if (part === null || found === null) return part
    const [whole, count, comma, last] = found
    this.#rest = this.#rest.slice(whole.length)
    if (depth >= maxDepth) return null
    if (count === undefined)
      return { kind: 'repeat', part, least: whole[0] === '+' ? 1 : 0, most: whole[0] === '?' ? 1 : maxTextLength }
    const least = Number(count)
    const most = comma === undefined ? least : Number(last ?? maxTextLength)
    return least > Math.min(most, maxCount) || (last !== undefined && most > maxCount)
      ? null
      : { kind: 'repeat', part, least, most }
  }

  #group(depth: number): Node | null {
    if (depth > maxDepth) return null
    const part = this.#choice(depth)
    return this.#take(')') ? part : null
  }

  #character(): Node | null {
    const [found] = character.exec(this.#rest) ?? []
    if (found === undefined) return null
    this.#rest = this.#rest.slice(found.length)
    try {
      const one = new RegExp(`^${found}$`, 'i')
      return { kind: 'character', matches: each => one.test(each) }
    } catch {
      return null
    }
  }

  #take(text: string): boolean {
    if (!this.#rest.startsWith(text)) return false
    this.#rest = this.#rest.slice(text.length)
    return true
  }
}

interface Search {
  readonly text: string
  readonly effort: Effort
}

const nowhere: ReadonlySet<number> = new Set()

/** Where a match may end that begins at one of `from`. */
function endsOf(node: Node, search: Search, from: ReadonlySet<number>): ReadonlySet<number> {
  const { text, effort } = search
  effort.left -= from.size + 1
  if (effort.left <= 0) return nowhere
  switch (node.kind) {
    case 'character':
      return new Set([...from].filter(at => at < text.length && node.matches(text[at] as string)).map(at => at + 1))
    case 'start':
      return new Set([...from].filter(at => at === 0))
    case 'end':
      return new Set([...from].filter(at => at === text.length))
    case 'sequence':
      return node.parts.reduce((places, part) => (places.size === 0 ? places : endsOf(part, search, places)), from)
    case 'choice':
      return new Set(node.parts.flatMap(part => [...endsOf(part, search, from)]))
    case 'repeat':
      return endsOfRepeat(node, search, from)
  }
}

function endsOfRepeat(
  { part, least, most }: Extract<Node, { kind: 'repeat' }>,
  search: Search,
  from: ReadonlySet<number>
): ReadonlySet<number> {
  let places = from
  for (let n = 0; n < least && places.size > 0; n++) places = endsOf(part, search, places)
  const found = new Set(places)
  for (let n = least; n < most && places.size > 0; n++) {
    // A place reached before leads nowhere new.
    places = new Set([...endsOf(part, search, places)].filter(at => !found.has(at)))
    for (const at of places) found.add(at)
  }
  return found
}
