/** An app's access rules as values. */
import type { DeviceBound } from '../device/binding.ts'
import type { FactorKind } from '../factor/proof.ts'

export interface Requirement {
  readonly factors: readonly FactorKind[]
  /** True if an institution's second factor counts too: the rule names no factor. */
  readonly institution?: boolean
  /** Maximum age in seconds; null for the whole session (RFC 9470 `max_age`). */
  readonly withinSeconds: number | null
}

export type Outcome =
  | { readonly access: 'public' }
  | { readonly access: 'deny' }
  /** `freshFor`: how many bytes may be fetched with one proof. */
  | { readonly access: 'mfa'; readonly requirement: Requirement; readonly freshFor?: number }

/** One of an app's `rules`. An omitted condition always matches. */
export interface Rule {
  /** Glob on the app's own path: `*` within a segment, `**` across. */
  readonly path?: string
  readonly methods?: readonly string[]
  readonly groups?: readonly string[]
  readonly users?: readonly string[]
  /** CIDRs or single addresses. */
  readonly networks?: readonly string[]
  /** If it is left out, the policy's counts. */
  readonly deviceBound?: DeviceBound
  readonly outcome: Outcome
}

export interface Policy {
  /** The first match decides; no match is deny. */
  readonly rules: readonly Rule[]
  /** If false, paths are also compared in lower case. */
  readonly caseSensitive: boolean
  /** For rules without one of their own. If it is left out: `off`. */
  readonly deviceBound?: DeviceBound
}
