/** Proofs: what a person has shown, and when. */
import { type FactorKind, factorKinds } from './kinds.ts'

export { type FactorKind, factorKinds }

/** `institution`: a second factor that the person's institution has checked. `token`: a program's, which is no factor of a person. */
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
  /** Milliseconds since the epoch. For `institution`, the time that it states, or `timeUnknown`. */
  readonly at: number
  /** WebAuthn's UV flag; false for other factors. */
  readonly userVerified: boolean
  readonly credentialId?: string
  /** The digest of the held invitation, which permits enrolment. */
  readonly invitation?: string
  /** A token sees no newer proof than its own generation. */
  readonly generation: number
}

/** Which second factors meet a demand: one of `factors`, and with `institution` also one that the person's institution has checked. */
export interface TakenFactors {
  readonly factors: readonly FactorKind[]
  readonly institution?: boolean
}

/** Every second factor, whoever has checked it. */
export const anyFactor: TakenFactors = { factors: factorKinds, institution: true }

const everyKind: readonly ProofKind[] = [...factorKinds, 'institution']

/** Makes no new list in the usual case, in which every factor is taken. */
export function kindsTaken({ factors, institution }: TakenFactors): readonly ProofKind[] {
  if (institution !== true) return factors
  return factors === factorKinds ? everyKind : [...factors, 'institution']
}

/** When the newest of the taken second factors was shown; 0 for none. */
export function takenAt(proofs: readonly Proof[], taken: TakenFactors): number {
  return newestProof(proofs, kindsTaken(taken))?.at ?? 0
}

/** When the newest of all was shown; 0 for none. */
export function newestAt(proofs: readonly Proof[]): number {
  let newest = 0
  for (const { at } of proofs) if (at > newest) newest = at
  return newest
}

/** The time of a proof of unknown age: so long ago that it is never fresh. */
export const timeUnknown = 1

/** When a proof was shown whose institution may say whole seconds: at the end of that second, otherwise it would seem older than a question in the same one. */
export function toldAt(at: number, now: number): number {
  return Math.min(at % 1000 === 0 ? at + 999 : at, now)
}

/** The digest of the sign-in's invitation, or null. */
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
 * True with a second factor beside a first, or with a passkey with user verification (NIST SP 800-63B-4 §2.2). An invitation is neither. An
 * institution's second factor counts only beside that institution's sign-in.
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

/** True for a program, which has shown its token and can show nothing else. */
export function isProgram(proofs: readonly Proof[]): boolean {
  return proofs.length === 1 && proofs[0]!.kind === 'token'
}

/** True with a factor of the gate itself. */
export function isConfirmedHere(proofs: readonly Proof[]): boolean {
  return isFullySignedIn(proofs) && newestProof(proofs, factorKinds) !== undefined
}

/** Maximum age of a second factor for account changes, in seconds (ASVS 7.5.1). */
export const freshSeconds = 5 * 60

/** `now` in milliseconds. `taken`: by default the factors of the gate. */
export function isFresh(
  proofs: readonly Proof[],
  now: number,
  taken: TakenFactors = { factors: factorKinds }
): boolean {
  const newest = newestProof(proofs, kindsTaken(taken))
  // A proof from this far in the future is not fresh, otherwise a clock that is put back would prolong it (THREATS D17).
  return isFullySignedIn(proofs) && newest !== undefined && Math.abs(now - newest.at) <= freshSeconds * 1000
}
