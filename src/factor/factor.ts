/** The results of every second factor. A refusal never tells a wrong code from a spent challenge or another person's key. */

import type { Credential } from './credential.ts'
import type { FactorKind } from './proof.ts'

export type Verification =
  | {
      readonly kind: 'verified'
      readonly accountId: string
      readonly factor: FactorKind
      readonly credentialId: string | null
      readonly credentialName: string | null
      /** WebAuthn's UV flag; false for other factors. */
      readonly userVerified: boolean
    }
  /** `clock`: the page should mention clocks. */
  | { readonly kind: 'refused'; readonly code?: 'clock'; readonly waitSeconds?: number }
  /** The gate's clock was set back: no code is valid before `goodAgainAt`, in milliseconds. */
  | {
      readonly kind: 'refused'
      readonly code: 'clock_back'
      readonly goodAgainAt: number
      readonly waitSeconds?: number
    }
  | { readonly kind: 'throttled'; readonly retryAfterSeconds: number }

export type Enrolment =
  | { readonly kind: 'enrolled'; readonly credential: Credential }
  /** `clockOffsetSeconds`: positive for a fast clock. */
  | { readonly kind: 'refused'; readonly clockOffsetSeconds?: number | null; readonly waitSeconds?: number }
  /** The ceremony is over, spent or another person's. */
  | { readonly kind: 'expired' }
  | { readonly kind: 'throttled'; readonly retryAfterSeconds: number }

/** A notice for the journal and the person. */
export interface FactorNotice {
  readonly at: number
  readonly accountId: string
  readonly factor: FactorKind
  /** Null for recovery codes. */
  readonly credentialId: string | null
  readonly credentialName: string | null
}

/** Credentials of each kind per person. Each wrong TOTP code is compared with all of theirs. */
export const credentialsPerKind = 16
