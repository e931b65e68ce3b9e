/** An app's access rules as values. */
import type { DeviceBound } from '../device/binding.ts'
import type { FactorKind } from '../factor/proof.ts'

export interface Requirement {
  readonly factors: readonly FactorKind[]
  /** The rule names no factor, so an institution's second factor counts too. */
  readonly institution?: boolean
  /** The proof's greatest age; null for the whole session (RFC 9470 `max_age`). */
  readonly withinSeconds: number | null
}

export type Outcome =
  | { readonly access: 'public' }
  | { readonly access: 'deny' }
  /** `freshFor`: bytes that may be fetched with one proof. */
  | { readonly access: 'mfa'; readonly requirement: Requirement; readonly freshFor?: number }

/** An omitted condition always matches. */
export interface Rule {
  readonly path?: string
  readonly methods?: readonly string[]
  readonly groups?: readonly string[]
  readonly users?: readonly string[]
  readonly networks?: readonly string[]
  /** Default: the policy's. */
  readonly deviceBound?: DeviceBound
  readonly outcome: Outcome
}

export interface Policy {
  /** The first match decides; no match is deny. */
  readonly rules: readonly Rule[]
  /** If false, paths are also compared in lower case. */
  readonly caseSensitive: boolean
  /** For rules without their own. Default: `off`. */
  readonly deviceBound?: DeviceBound
}
