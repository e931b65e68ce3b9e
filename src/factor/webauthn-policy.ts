/** The operator's policy for passkeys and security keys, applied at enrolment and at each use. */
import type { TrustAnchor } from './attestation-chain.ts'
import type { WebauthnCredential } from './credential.ts'

export interface WebauthnPolicy {
  /** AAGUIDs in lower case; null for every model. */
  readonly allow: readonly string[] | null
  readonly deny: readonly string[]
  /** With any, a credential needs an attestation that leads to one. */
  readonly anchors: readonly TrustAnchor[]
  readonly refusesSynced: boolean
}

export type Misfit = 'synced' | 'unattested' | 'denied_model' | 'unlisted_model'

type Judged = Pick<WebauthnCredential, 'aaguid' | 'backupEligible' | 'attestedBy'>

/** Null for none. Without anchors an AAGUID is only a claim (WebAuthn L3 §6.5.1). */
export function misfitOf(policy: WebauthnPolicy | null, credential: Judged): Misfit | null {
  if (policy === null) return null
  const { aaguid, backupEligible, attestedBy } = credential
  if (policy.refusesSynced && backupEligible) return 'synced'
  if (policy.anchors.length > 0 && !policy.anchors.some(({ id }) => id === attestedBy)) return 'unattested'
  if (policy.deny.includes(aaguid.toLowerCase())) return 'denied_model'
  return policy.allow === null || policy.allow.includes(aaguid.toLowerCase()) ? null : 'unlisted_model'
}
