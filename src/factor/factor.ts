/** The results of checking and enrolling a second factor. Only the owner of a key learns why: a wrong clock, or the policy. */
import type { Credential } from './credential.ts'
import type { FactorKind } from './proof.ts'
import type { Misfit } from './webauthn-policy.ts'

export type Verification =
  | {
      readonly kind: 'verified'
      readonly accountId: string
      readonly factor: FactorKind
      readonly credentialId: string | null
      readonly credentialName: string | null
      /** WebAuthn's UV flag. */
      readonly userVerified: boolean
    }
  /** `clock`: the page mentions clocks. */
  | { readonly kind: 'refused'; readonly code?: 'clock'; readonly waitSeconds?: number }
  /** The clock was set back: no code is valid before `goodAgainAt` (milliseconds). */
  | {
      readonly kind: 'refused'
      readonly code: 'clock_back'
      readonly goodAgainAt: number
      readonly waitSeconds?: number
    }
  /** Verified, but against the policy. */
  | { readonly kind: 'unfit'; readonly accountId: string; readonly why: Misfit }
  | { readonly kind: 'throttled'; readonly retryAfterSeconds: number }

export type EnrolmentResult =
  | { readonly kind: 'enrolled'; readonly credential: Credential }
  /** `clockOffsetSeconds`: positive for a fast clock. */
  | { readonly kind: 'refused'; readonly clockOffsetSeconds?: number | null; readonly waitSeconds?: number }
  /** Verified, but against the policy. */
  | { readonly kind: 'unfit'; readonly why: Misfit; readonly model: string | null }
  /** Over, spent or another person's. */
  | { readonly kind: 'expired' }
  | { readonly kind: 'throttled'; readonly retryAfterSeconds: number }

/** Per person and kind, since a wrong TOTP code is compared with all of theirs. */
export const credentialsPerKind = 16
