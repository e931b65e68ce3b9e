/** The verdict as a value. Owns the words for it; `decide.ts` alone can make a Permit. */
import type { ErrorCode } from '../errors.ts'
import type { Subject } from '../identity/subject.ts'
import type { Requirement } from './policy.ts'

/** Why a request is not forwarded: a code of the catalogue. */
export type ChallengeReason = Extract<
  ErrorCode,
  'sign_in_required' | 'second_factor_required' | 'fresh_proof_required' | 'other_factor_required'
>
export type RefuseReason = Extract<ErrorCode, 'not_allowed'>
export type Reason = ChallengeReason | RefuseReason

declare const granted: unique symbol

/** The right to forward one request. Forwarding without a decision does not type-check. */
export interface Permit {
  readonly [granted]: true
  readonly appId: string
  /** Null on a public path when nobody is signed in. */
  readonly subject: Subject | null
  /** Index of the rule that let the request through. */
  readonly rule: number
  /** Milliseconds since the epoch at which this right ends even if nothing else does; null for the session's own end. */
  readonly freshUntil: number | null
}

export type Decision =
  | { readonly kind: 'forward'; readonly permit: Permit }
  | { readonly kind: 'challenge'; readonly reason: ChallengeReason; readonly requirement: Requirement }
  | { readonly kind: 'refuse'; readonly reason: RefuseReason }
