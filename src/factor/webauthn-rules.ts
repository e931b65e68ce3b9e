/**
 * The relying party's own rules for an assertion (WebAuthn L3 §7.2), as pure functions: whose credential may answer, and what its
 * record says after it did. Owns no cryptography; by then the library has checked the signature.
 */
import { type CeremonyOwner, ceremonyRecord } from './ceremony.ts'
import type { Credential, WebauthnCredential } from './credential.ts'

/** A ceremony that waits. The policy stands in it: what the browser says of it later counts for nothing. */
export interface Pending extends CeremonyOwner {
  readonly purpose: 'enrol' | 'challenge' | 'login'
  readonly challenge: string
  readonly requireUserVerification: boolean
  /** The credentials that may answer; null for any, since a passkey says whose it is. */
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

/** What an authenticator said under its signature. */
export interface Assertion {
  readonly counter: number
  readonly userVerified: boolean
  readonly backupEligible: boolean
  readonly backedUp: boolean
}

/** Steps 5 and 6: the credential was asked for, and it, the user handle and the ceremony belong to one person. */
export function mayAnswer(credential: WebauthnCredential, userHandle: string | null, pending: Pending): boolean {
  if (credential.disabledAt !== null) return false
  if (pending.allowed !== null && !pending.allowed.includes(credential.credentialId)) return false
  if (pending.accountId === null) return userHandle === credential.accountId
  return pending.accountId === credential.accountId && (userHandle === null || userHandle === credential.accountId)
}

/** Steps 19, 22 and 24: the record after this assertion, or why there is none. */
export function afterAssertion(
  credential: Credential,
  assertion: Assertion,
  purpose: Pending['purpose']
): WebauthnCredential | 'refused' | 'counter_went_back' {
  if (credential.kind !== 'webauthn' || credential.disabledAt !== null) return 'refused'
  if (assertion.backupEligible !== credential.backupEligible) return 'refused'
  // A key that came without a PIN may have been given one by its thief: only enrolled with one it is a whole sign-in.
  if (purpose === 'login' && !(credential.uvInitialized && assertion.userVerified)) return 'refused'
  const { counter } = credential
  if (assertion.counter <= counter && (assertion.counter !== 0 || counter !== 0)) return 'counter_went_back'
  return {
    ...credential,
    counter: assertion.counter,
    backedUp: assertion.backedUp,
    // Beside a first factor, which a challenge always follows.
    uvInitialized: credential.uvInitialized || assertion.userVerified
  }
}
