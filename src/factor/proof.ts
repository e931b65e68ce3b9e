/** What a person has proved, and when: pure values and rules. */

/** The second factors that there are. */
export const factorKinds = ['webauthn', 'totp', 'recovery'] as const
export type FactorKind = (typeof factorKinds)[number]

/** What was proved: a first factor, a second factor, or the possession of an invitation. */
export type ProofKind = 'password' | 'directory' | 'invitation' | FactorKind

/** "This factor, then, with or without user verification" (NIST SP 800-63B §2; RFC 8176 for `amr`). */
export interface Proof {
  readonly kind: ProofKind
  /** Milliseconds since the epoch. */
  readonly at: number
  /** WebAuthn's UV flag; false for everything else. */
  readonly userVerified: boolean
  /** The credential that was used, for factors that have one. */
  readonly credentialId?: string
  /** Of the proof `invitation`: the digest of the invitation that was held. It opens enrolment while that one stands. */
  readonly invitation?: string
  /** The generation of the session this proof opened. A token sees no proof younger than itself. */
  readonly generation: number
}

/** The digest of the invitation that this sign-in began with; null where it began otherwise. */
export function invitationOf(proofs: readonly Proof[]): string | null {
  return newestProof(proofs, ['invitation'])?.invitation ?? null
}

/** The newest proof of one of `kinds`, if there is one. */
export function newestProof(proofs: readonly Proof[], kinds: readonly ProofKind[]): Proof | undefined {
  let newest: Proof | undefined
  for (const proof of proofs)
    if (kinds.includes(proof.kind) && (newest === undefined || proof.at >= newest.at)) newest = proof
  return newest
}

/**
 * True once two distinct factors stand: a second factor beside a first one, or a passkey with user verification, which is both
 * (NIST SP 800-63B-4 §2.2). An invitation is neither.
 */
export function isFullySignedIn(proofs: readonly Proof[]): boolean {
  const first = newestProof(proofs, ['password', 'directory'])
  return proofs.some(
    proof =>
      (factorKinds as readonly string[]).includes(proof.kind) &&
      (first !== undefined || (proof.kind === 'webauthn' && proof.userVerified))
  )
}

/** How old a second factor may be for changes to one's own account, in seconds (ASVS 7.5.1). */
export const freshSeconds = 5 * 60

/** True while the newest second factor is young enough for changes to the account. `now` in milliseconds. */
export function isFresh(proofs: readonly Proof[], now: number): boolean {
  const newest = newestProof(proofs, factorKinds)
  // A proof from further ahead than clocks of gates differ is not fresh, otherwise a clock that is put back would prolong it (THREATS D17).
  return isFullySignedIn(proofs) && newest !== undefined && Math.abs(now - newest.at) <= freshSeconds * 1000
}
