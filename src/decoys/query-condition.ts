/** Globs for parameters. Any plausible reading of the query may meet them. */
import { compileGlob, type Glob } from '../policy/glob.ts'
import { fold, spellingsOf } from '../policy/glob-encodings.ts'
import { decodings } from '../request/percent-decoding.ts'
import { readingsOf } from '../request/readings.ts'

/** `unreadable`: a value has too many readings to tell. */
type QueryVerdict = 'holds' | 'fails' | 'unreadable'

export interface QueryCondition {
  /** `query` begins with '?', or is ''. */
  verdictOn(query: string): QueryVerdict
}

/** Values with escapes or dots. */
const maxOddValues = 500
const maxReadings = 64

/** `*` in a value does not match a slash, `**` does. */
export function queryCondition(wanted: Readonly<Record<string, string>>, isCaseSensitive: boolean): QueryCondition {
  const normal = (text: string) => (isCaseSensitive ? text : fold(text))
  const conditions = Object.entries(wanted).map(([name, glob]) => ({
    name: normal(spellingsOf(name)[0] ?? name),
    globs: [...new Set(spellingsOf(withSlash(glob)).map(normal))].map(compileGlob)
  }))
  return {
    verdictOn(query) {
      if (query.length < 2) return 'fails'
      const given = valuesByName(query, normal)
      let verdict: QueryVerdict = 'holds'
      for (const { name, globs } of conditions) {
        const found = verdictOnValues(given.get(name) ?? none, globs, normal)
        if (found === 'fails') return found
        if (found === 'unreadable') verdict = found
      }
      return verdict
    }
  }
}

/** The values by all names that servers may read. */
function valuesByName(query: string, normal: (text: string) => string): Map<string, Set<string>> {
  const ofKey = new Map<string, Set<string>>()
  for (const [key, value] of parametersOf(query)) into(ofKey, key, [value])
  const byName = new Map<string, Set<string>>()
  for (const [key, values] of ofKey)
    for (const name of new Set(decoded(key).map(text => plainName(normal(text))))) into(byName, name, values)
  return byName
}

function into(map: Map<string, Set<string>>, name: string, values: Iterable<string>): void {
  const all = map.get(name) ?? new Set()
  for (const value of values) all.add(value)
  map.set(name, all)
}

/** Some servers also separate by `;`. */
function parametersOf(query: string): [string, string][] {
  const parts = query.slice(1).split('&')
  const all = parts.flatMap(part => (part.includes(';') ? [part, ...part.split(';')] : [part]))
  return all.map(part => {
    const at = part.indexOf('=')
    return at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)]
  })
}

/** `id[]` and `id[0]` are lists of `id` for PHP and Rails. */
function plainName(name: string): string {
  return name.replace(/\[\d*\]$/, '')
}

function verdictOnValues(
  values: Iterable<string>,
  globs: readonly Glob[],
  normal: (text: string) => string
): QueryVerdict {
  const isMatch = (path: string) => globs.some(glob => glob.matches(normal(path)))
  let verdict: QueryVerdict = 'fails'
  let odd = 0
  for (const value of values) {
    if (isMatch(withSlash(value))) return 'holds'
    if (plain.test(value)) continue
    if (++odd > maxOddValues) return 'unreadable'
    for (const text of decoded(value)) {
      const path = withSlash(text)
      const readings = readingsOfValue(path)
      if (readings === null) verdict = 'unreadable'
      if ((readings ?? [path]).some(isMatch)) return 'holds'
    }
  }
  return verdict
}

/** Null for too many readings. */
function readingsOfValue(path: string): readonly string[] | null {
  const readings = readingsOf(path)
  if (readings !== null || !control.test(path)) return readings
  // Some servers end a value at a control byte, and others leave it out.
  const readable = [path.replace(controls, ''), path.split(control)[0] ?? ''].map(readingsOf)
  return readable.includes(null) ? null : readable.flatMap(found => found ?? [])
}

const none: readonly string[] = []
/** Numbers, words and dates have one reading. */
const plain = /^[A-Za-z0-9_-]*$/
const control = /%(?:25)*(?:[01][0-9a-f]|7f)|[\x00-\x1f\x7f]/i
const controls = new RegExp(control, 'gi')

/** As it stands, and decoded; `+` may be a blank. */
function decoded(text: string): string[] {
  const found = new Set([text])
  for (const reading of found) {
    if (found.size >= maxReadings) break
    if (reading.includes('+')) found.add(reading.replaceAll('+', ' '))
    for (const next of decodings(reading)) found.add(next)
  }
  return [...found]
}

function withSlash(text: string): string {
  return text.startsWith('/') ? text : `/${text}`
}
