/** A condition on the query: names of parameters with globs for their values. It holds if any plausible reading of the query meets it. */
import { compileGlob, type Glob } from '../policy/glob.ts'
import { fold, spellingsOf } from '../policy/glob-encodings.ts'
import { decodings } from '../request/percent-decoding.ts'
import { readingsOf } from '../request/readings.ts'

export interface QueryCondition {
  /** `query` begins with '?', or is ''. */
  holds(query: string): boolean
}

/** Longer queries are cut here: a search for one value must stay short. */
const mostParameters = 500
const mostReadings = 64

/** Every parameter of `wanted` must be there. `*` in a value does not match a slash, `**` does. */
export function queryCondition(wanted: Readonly<Record<string, string>>, isCaseSensitive: boolean): QueryCondition {
  const normal = (text: string) => (isCaseSensitive ? text : fold(text))
  const conditions = Object.entries(wanted).map(([name, glob]) => ({
    name: normal(spellingsOf(name)[0] ?? name),
    globs: [...new Set(spellingsOf(withSlash(glob)).map(normal))].map(compileGlob)
  }))
  return {
    holds(query) {
      if (query.length < 2) return false
      const given = parametersOf(query)
      return conditions.every(({ name, globs }) =>
        given.some(([key, value]) => isNamed(key, name, normal) && isMet(value, globs, normal))
      )
    }
  }
}

/** Some servers separate parameters with `;` too. */
function parametersOf(query: string): [string, string][] {
  const parts = query.slice(1).split('&').slice(0, mostParameters)
  const all = parts.flatMap(part => (part.includes(';') ? [part, ...part.split(';')] : [part]))
  return all.map(part => {
    const at = part.indexOf('=')
    return at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)]
  })
}

/** `id[]` and `id[0]` are lists of `id` for PHP, Rails and others. */
function isNamed(key: string, name: string, normal: (text: string) => string): boolean {
  return decoded(key).some(text => normal(text).replace(/\[\d*\]$/, '') === name)
}

function isMet(value: string, globs: readonly Glob[], normal: (text: string) => string): boolean {
  return decoded(value).some(text => {
    const path = withSlash(text)
    // A value that is a path is read as paths are. One with too many readings is only decoded.
    const readings = readingsOf(path) ?? [path]
    return readings.some(reading => globs.some(glob => glob.matches(normal(reading))))
  })
}

/** As it stands, and decoded once and twice; `+` may be a blank. */
function decoded(text: string): string[] {
  const found = new Set([text])
  for (const reading of found) {
    if (found.size >= mostReadings) break
    if (reading.includes('+')) found.add(reading.replaceAll('+', ' '))
    for (const next of decodings(reading)) found.add(next)
  }
  return [...found]
}

function withSlash(text: string): string {
  return text.startsWith('/') ? text : `/${text}`
}
