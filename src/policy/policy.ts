/** What a route asks of a person: the operators' rules as values. Owns no evaluation (decide.ts) and no parsing (config/). */
import type { FactorKind } from '../factor/proof.ts'

/** What must stand before a request is forwarded. */
export interface Requirement {
  /** Any one of these second factors. */
  readonly factors: readonly FactorKind[]
  /** How old the newest such proof may be; null for as old as the session (RFC 9470 `max_age`). */
  readonly withinSeconds: number | null
}

export type Outcome =
  | { readonly access: 'public' }
  | { readonly access: 'deny' }
  | { readonly access: 'mfa'; readonly requirement: Requirement }

/** One line of an app's `rules`. A condition left out holds for everybody. */
export interface Rule {
  /** Glob on the app's own path: `*` within a segment, `**` across. */
  readonly path?: string
  readonly methods?: readonly string[]
  readonly groups?: readonly string[]
  readonly users?: readonly string[]
  /** CIDRs or single addresses. */
  readonly networks?: readonly string[]
  readonly outcome: Outcome
}

export interface Policy {
  /** First match wins; no match is deny. */
  readonly rules: readonly Rule[]
  /** False: letter case is one more reading of a path, and the strictest counts. */
  readonly caseSensitive: boolean
}
