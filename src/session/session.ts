/**
 * Who a person is, and what they have proved. Pure values and rules; owns no storage and no cookie.
 */

/** A subject as rules and upstreams see it. `name` is the sign-in name, canonical; `id` never changes and is never reused. */
export interface Subject {
  readonly id: string
  readonly name: string
  readonly displayName: string
  readonly email: string | null
  readonly groups: readonly string[]
}

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

export interface Device {
  readonly userAgent: string
  readonly address: string
}

/** One sign-in of one person in one browser, over all hosts. The `id` is public: lists and the journal show it. */
export interface Session {
  readonly id: string
  readonly accountId: string
  readonly createdAt: number
  /** The absolute limit, milliseconds since the epoch. */
  readonly expiresAt: number
  readonly proofs: readonly Proof[]
  /** Grows by one with every proof. */
  readonly generation: number
  readonly device: Device
  /** Host → store key of the one token that is good there. */
  readonly tokens: Readonly<Record<string, string>>
}

const proofsKept = 24

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

/** The proofs that a token of `generation` may show: none younger than itself, otherwise a stolen old token would gain by a step up. */
export function proofsOf(session: Session, generation: number): readonly Proof[] {
  return session.generation <= generation
    ? session.proofs
    : session.proofs.filter(proof => proof.generation <= generation)
}

/** The session with one proof more and the next generation. */
export function withProof(session: Session, proof: Omit<Proof, 'generation'>): Session {
  const generation = session.generation + 1
  return { ...session, generation, proofs: [...session.proofs, { ...proof, generation }].slice(-proofsKept) }
}
