/** What every second factor answers. A verdict tells nobody why it refused: a wrong code, a spent challenge and a foreign key read the same. */

import type { Credential } from './credential.ts'
import type { FactorKind } from './proof.ts'

export type Verification =
  | {
      readonly kind: 'verified'
      readonly accountId: string
      readonly factor: FactorKind
      readonly credentialId: string | null
      readonly credentialName: string | null
      /** WebAuthn's UV flag; false for everything else. */
      readonly userVerified: boolean
    }
  /** `clock`: codes keep failing, or this one belongs to another time. The page then says that clocks matter. */
  | { readonly kind: 'refused'; readonly code?: 'clock'; readonly waitSeconds?: number }
  /** The gate's own clock was put back: no code is good before `goodAgainAt`, in milliseconds. */
  | {
      readonly kind: 'refused'
      readonly code: 'clock_back'
      readonly goodAgainAt: number
      readonly waitSeconds?: number
    }
  | { readonly kind: 'throttled'; readonly retryAfterSeconds: number }

export type Enrolment =
  | { readonly kind: 'enrolled'; readonly credential: Credential }
  /** `clockOffsetSeconds`: the code belongs to a time so far from now, above zero for a clock that is ahead. */
  | { readonly kind: 'refused'; readonly clockOffsetSeconds?: number | null; readonly waitSeconds?: number }
  /** The ceremony is over, was spent, or belongs to somebody else: begin anew. */
  | { readonly kind: 'expired' }
  | { readonly kind: 'throttled'; readonly retryAfterSeconds: number }

/** What the journal and the person should hear of an authenticator, besides the verdict. */
export interface FactorNotice {
  readonly at: number
  readonly accountId: string
  readonly factor: FactorKind
  /** Null for recovery codes. */
  readonly credentialId: string | null
  readonly credentialName: string | null
}

/** So many of each kind a person may have. Every wrong TOTP code is tried against each of theirs. */
export const credentialsPerKind = 16
