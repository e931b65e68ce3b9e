/** Which POSTs of an app are kept. */
import { compiledOf, compilePolicy } from '../policy/compile.ts'
import { fold } from '../policy/glob-encodings.ts'
import type { Policy } from '../policy/policy.ts'

export class KeepTerms {
  /** Bytes. */
  readonly limit: number
  readonly #policy: Policy

  /** `foreign`: globs for paths where other sites' forms go on without a question. */
  constructor(input: {
    readonly limit: number
    readonly foreign: readonly string[]
    readonly isCaseSensitive: boolean
  }) {
    this.limit = input.limit
    const outcome = { access: 'deny' } as const
    this.#policy = compilePolicy(
      input.foreign.map(path => ({ path, outcome })),
      input.isCaseSensitive
    )
  }

  /** All readings of the path must be listed. */
  expectsForeign(readings: readonly string[]): boolean {
    const { exact, folded } = compiledOf(this.#policy)
    const first = ({ index }: { readonly index: number }) => index
    return readings.every(
      reading =>
        exact.first(reading, first) !== null || (folded !== null && folded.first(fold(reading), first) !== null)
    )
  }
}
