/** Policy decisions: forward with a Permit, challenge, or refuse. */
import type { ErrorCode } from '../errors.ts'
import type { Subject } from '../identity/subject.ts'
import type { Requirement } from './policy.ts'

export type ChallengeReason = Extract<
  ErrorCode,
  | 'sign_in_required'
  | 'second_factor_required'
  | 'fresh_proof_required'
  | 'other_factor_required'
  | 'budget_proof_required'
  | 'unusual_proof_required'
  | 'device_required'
  | 'device_proof_required'
>
export type RefuseReason = Extract<ErrorCode, 'not_allowed' | 'lockdown'>
export type Reason = ChallengeReason | RefuseReason

declare const granted: unique symbol

/** The right to forward one request, which forwarding requires by type. */
export interface Permit {
  readonly [granted]: true
  readonly appId: string
  /** Null for a stranger on a public path. */
  readonly subject: Subject | null
  readonly rule: number
  /** When the permit ends, in milliseconds since the epoch; null for the end of the session. */
  readonly freshUntil: number | null
  /** The index of the rule whose `freshFor` limits what may be fetched with one proof. */
  readonly freshForRule?: number
}

/** What the rules of a report-only app would do. */
export interface Would {
  readonly kind: 'challenge' | 'refuse'
  readonly reason: ErrorCode
}

export type Decision =
  /** `would`: the rules do not permit it, but the app only reports (`enforce: report`). */
  | { readonly kind: 'forward'; readonly permit: Permit; readonly would?: Would }
  | { readonly kind: 'challenge'; readonly reason: ChallengeReason; readonly requirement: Requirement }
  | { readonly kind: 'refuse'; readonly reason: RefuseReason }
