/** Proofs: what a person has shown, and when. */
import { type FactorKind, factorKinds } from './kinds.ts'

export { type FactorKind, factorKinds }

/** `institution`: a second factor checked by the institution. `token`: a program's, which is no factor of a person. */
export const proofKinds = [
  'password',
  'directory',
  'invitation',
  'mail',
  'institution',
  'token',
  ...factorKinds
] as const
export type ProofKind = (typeof proofKinds)[number]

/** NIST SP 800-63B §2; RFC 8176 for `amr`. */
export interface Proof {
  readonly kind: ProofKind
  /** Milliseconds since the epoch. For `institution` the stated time, or `timeUnknown`. */
  readonly at: number
  /** WebAuthn's UV flag. */
  readonly userVerified: boolean
  readonly credentialId?: string
  /** The digest of the invitation that permits enrolment. */
  readonly invitation?: string
  /** A token sees no newer proofs than its own generation. */
  readonly generation: number
}

/** One of `factors`, and with `institution` also one that the institution has checked. */
export interface TakenFactors {
  readonly factors: readonly FactorKind[]
  readonly institution?: boolean
}

export const anyFactor: TakenFactors = { factors: factorKinds, institution: true }

const everyKind: readonly ProofKind[] = [...factorKinds, 'institution']

/** In the usual case, in which every factor is taken, this makes no new list. */
export function kindsTaken({ factors, institution }: TakenFactors): readonly ProofKind[] {
  if (institution !== true) return factors
  return factors === factorKinds ? everyKind : [...factors, 'institution']
}

/** The time of the newest taken second factor; 0 for none. */
export function takenAt(proofs: readonly Proof[], taken: TakenFactors): number {
  return newestProof(proofs, kindsTaken(taken))?.at ?? 0
}

/** 0 for none. */
export function newestAt(proofs: readonly Proof[]): number {
  let newest = 0
  for (const { at } of proofs) if (at > newest) newest = at
  return newest
}

/** The time of a proof of unknown age, which is never fresh. */
export const timeUnknown = 1

/** An institution may say whole seconds. They count from their end, otherwise a proof would seem older than a question in the same second. */
export function toldAt(at: number, now: number): number {
  return Math.min(at % 1000 === 0 ? at + 999 : at, now)
}

export function invitationOf(proofs: readonly Proof[]): string | null {
  return newestProof(proofs, ['invitation'])?.invitation ?? null
}

export function newestProof(proofs: readonly Proof[], kinds: readonly ProofKind[]): Proof | undefined {
  let newest: Proof | undefined
  for (const proof of proofs)
    if (kinds.includes(proof.kind) && (newest === undefined || proof.at >= newest.at)) newest = proof
  return newest
}

/**
 * A second factor beside a first, or a passkey with user verification (NIST SP 800-63B-4 §2.2). An invitation is neither. An institution's
 * second factor counts only beside its own sign-in.
 */
export function isFullySignedIn(proofs: readonly Proof[]): boolean {
  const first = newestProof(proofs, ['password', 'directory'])
  return proofs.some(
    proof =>
      (proof.kind === 'institution' && first?.kind === 'directory') ||
      ((factorKinds as readonly string[]).includes(proof.kind) &&
        (first !== undefined || (proof.kind === 'webauthn' && proof.userVerified)))
  )
}

/** True for a program, which shows its token and nothing else. */
export function isProgram(proofs: readonly Proof[]): boolean {
  return proofs.length === 1 && proofs[0]!.kind === 'token'
}

/** True with a factor of the gate itself. */
export function isConfirmedHere(proofs: readonly Proof[]): boolean {
  return isFullySignedIn(proofs) && newestProof(proofs, factorKinds) !== undefined
}

/** The maximum age of a factor for account changes, in seconds (ASVS 7.5.1). */
export const freshSeconds = 5 * 60

/** `now` in milliseconds. `taken`: by default the gate's factors. */
export function isFresh(
  proofs: readonly Proof[],
  now: number,
  taken: TakenFactors = { factors: factorKinds }
): boolean {
  const newest = newestProof(proofs, kindsTaken(taken))
  // A proof from this far in the future is not fresh, otherwise a clock set back would prolong it (THREATS D17).
  return isFullySignedIn(proofs) && newest !== undefined && Math.abs(now - newest.at) <= freshSeconds * 1000
}
