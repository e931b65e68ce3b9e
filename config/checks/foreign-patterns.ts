/** Patterns of regular expressions and shells in a glob, where their characters have no special meaning. */
import type { Diagnostics } from '../reading/diagnostics.ts'

/** Advises where a glob looks like a pattern of another kind, since it would match nothing. */
export function adviseOnForeignPattern(glob: string, at: string, diagnostics: Diagnostics): void {
  // `.*`, `\d`, `[a-z]`, `(a|b)` and `$`.
  const expression = /\.\*$|\\.|\[[^\]]*\][*+]?|\([^)]*\|[^)]*\)|\$$/.exec(glob)?.[0]
  if (expression !== undefined)
    diagnostics.advise(
      at,
      `looks like a regular expression, but '${expression}' has no special meaning here: * matches anything within a segment, ** matches across segments`
    )
  const braces = /\{[^{}]*,[^{}]*\}/.exec(glob)?.[0]
  if (braces !== undefined)
    diagnostics.advise(
      at,
      `'${braces}' has no special meaning here and stands for these characters themselves; write one path for each of the alternatives`
    )
}
