/** The relying party's rules for an assertion (WebAuthn L3 §7.2), after the check of its signature. */
import { type CeremonyOwner, ceremonyRecord } from './ceremony.ts'
import type { Credential, WebauthnCredential } from './credential.ts'

/** It holds the policy, which the browser cannot change. */
export interface Pending extends CeremonyOwner {
  readonly purpose: 'enrol' | 'challenge' | 'login'
  readonly challenge: string
  readonly requireUserVerification: boolean
  /** Null for any passkey. */
  readonly allowed: readonly string[] | null
}

export const webauthnCeremony = ceremonyRecord<Pending>(
  'webauthn',
  ({ purpose, challenge, requireUserVerification, allowed }) =>
    ['enrol', 'challenge', 'login'].includes(purpose as string) &&
    typeof challenge === 'string' &&
    typeof requireUserVerification === 'boolean' &&
    (allowed === null || (Array.isArray(allowed) && allowed.every(id => typeof id === 'string')))
)

export interface Assertion {
  readonly counter: number
  readonly userVerified: boolean
  readonly backupEligible: boolean
  readonly backedUp: boolean
}

/** Steps 5 and 6: credential, user handle and ceremony are one person's. */
export function mayAnswer(credential: WebauthnCredential, userHandle: string | null, pending: Pending): boolean {
  if (credential.disabledAt !== null) return false
  if (pending.allowed !== null && !pending.allowed.includes(credential.credentialId)) return false
  if (pending.accountId === null) return userHandle === credential.accountId
  return pending.accountId === credential.accountId && (userHandle === null || userHandle === credential.accountId)
}

/** Steps 19, 22 and 24: the new record, or the refusal. */
export function afterAssertion(
  credential: Credential,
  assertion: Assertion,
  purpose: Pending['purpose']
): WebauthnCredential | 'refused' | 'counter_went_back' {
  if (credential.kind !== 'webauthn' || credential.disabledAt !== null) return 'refused'
  if (assertion.backupEligible !== credential.backupEligible) return 'refused'
  // Otherwise a thief could set a PIN on a stolen key that has none.
  if (purpose === 'login' && !(credential.uvInitialized && assertion.userVerified)) return 'refused'
  const { counter } = credential
  if (assertion.counter <= counter && (assertion.counter !== 0 || counter !== 0)) return 'counter_went_back'
  return {
    ...credential,
    counter: assertion.counter,
    backedUp: assertion.backedUp,
    // This happens only beside a first factor.
    uvInitialized: credential.uvInitialized || assertion.userVerified
  }
}
