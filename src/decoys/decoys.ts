/** The decoys of an app: addresses that nobody has business asking for. */
import { type CompiledRule, compiledOf, compilePolicy } from '../policy/compile.ts'
import { fold } from '../policy/glob-encodings.ts'
import type { Policy } from '../policy/policy.ts'
import { type Exempt, type ExemptSettings, exemptOf } from './exempt.ts'
import { type QueryCondition, queryCondition } from './query-condition.ts'
import type { DecoyStep, ServedContent, ServedKind } from './steps.ts'

export interface DecoySettings {
  /** A glob inside the app. */
  readonly path: string
  /** Globs for parameters; null for any query. */
  readonly query: Readonly<Record<string, string>> | null
  /** Null where the app answers. */
  readonly serve: ServedKind | null
  readonly content: ServedContent
  readonly steps: readonly DecoyStep[]
}

export interface Decoy extends DecoySettings {
  readonly index: number
  /** What people read: `/download?dir=/finance`. */
  readonly text: string
}

export class Decoys {
  readonly all: readonly Decoy[]
  readonly exempt: Exempt
  readonly #policy: Policy
  readonly #queries: readonly (QueryCondition | null)[]

  /** Throws NetworkError. */
  constructor(
    settings: readonly DecoySettings[],
    { isCaseSensitive, exempt }: { readonly isCaseSensitive: boolean; readonly exempt: ExemptSettings }
  ) {
    this.all = settings.map((one, index) => ({ ...one, index, text: textOf(one) }))
    this.exempt = exemptOf(exempt)
    this.#queries = settings.map(({ query }) => (query === null ? null : queryCondition(query, isCaseSensitive)))
    const outcome = { access: 'deny' } as const
    this.#policy = compilePolicy(
      settings.map(({ path }) => ({ path, outcome })),
      isCaseSensitive
    )
  }

  /** The first decoy that any reading touches. `unreadable`: the query may touch one. `query` begins with '?', or is ''. */
  at(readings: readonly string[], query: string): Decoy | 'unreadable' | null {
    const { exact, folded, isFoldedAlready } = compiledOf(this.#policy)
    let isUnreadable = false
    const judge = ({ index }: CompiledRule) => {
      const verdict = this.#queries[index]?.verdictOn(query) ?? 'holds'
      if (verdict === 'unreadable') isUnreadable = true
      return verdict === 'holds' ? index : null
    }
    let first: number | null = null
    const note = (index: number | null) => {
      if (index !== null && (first === null || index < first)) first = index
    }
    for (const reading of readings) {
      note(exact.first(reading, judge))
      if (folded === null) continue
      const path = fold(reading)
      if (path !== reading || !isFoldedAlready) note(folded.first(path, judge))
    }
    return first === null ? (isUnreadable ? 'unreadable' : null) : (this.all[first] ?? null)
  }
}

function textOf({ path, query }: DecoySettings): string {
  if (query === null) return path
  return `${path}?${Object.entries(query)
    .map(([name, value]) => `${name}=${value}`)
    .join('&')}`
}
