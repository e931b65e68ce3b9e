/** The signed statement of who asks (`X-Factorgate-Assertion`; EdDSA, RFC 8037; explicit `typ` and audience, RFC 8725 §3.9, §3.11). */
import { type KeyObject, sign } from 'node:crypto'
import { factorKinds, factorTable } from '../factor/kinds.ts'
import { isProgram, newestProof, type Proof, type ProofKind } from '../factor/proof.ts'
import type { Subject } from './subject.ts'

interface AssertionInput {
  readonly issuer: string
  readonly audience: string
  readonly subject: Subject
  /** The name by which the app knows the person. */
  readonly name: string
  /** The session's id, or the token's. */
  readonly sessionId: string
  readonly proofs: readonly Proof[]
  readonly now: number
  readonly key: { readonly kid: string; readonly privateKey: KeyObject }
}

/** Long enough for a slow app, too short to be worth stealing. */
export const assertionSeconds = 120

/** RFC 8176 §2. */
function methodsOf(kind: ProofKind): readonly string[] {
  if (kind === 'token') return ['token']
  if (kind === 'invitation' || kind === 'institution' || kind === 'mail') return []
  return kind === 'password' || kind === 'directory' ? ['pwd'] : factorTable[kind].amr
}

/** A compact JWS, valid for `assertionSeconds`. `auth_time` is that of the newest proof. */
export function makeAssertion(input: AssertionInput): string {
  const { subject, proofs } = input
  const iat = Math.floor(input.now / 1000)
  const amr = new Set(proofs.flatMap(proof => methodsOf(proof.kind)))
  if (proofs.some(proof => proof.kind === 'webauthn' && proof.userVerified)) amr.add('user')
  if (!isProgram(proofs)) amr.add('mfa')
  const newest = newestProof(proofs, ['password', 'directory', 'institution', 'token', ...factorKinds])
  const header = { alg: 'EdDSA', typ: 'factorgate+jwt', kid: input.key.kid }
  const claims = {
    iss: input.issuer,
    aud: input.audience,
    sub: subject.id,
    name: input.name,
    groups: subject.groups,
    amr: [...amr],
    auth_time: Math.floor((newest?.at ?? input.now) / 1000),
    sid: input.sessionId,
    iat,
    exp: iat + assertionSeconds
  }
  const signed = `${encode(header)}.${encode(claims)}`
  return `${signed}.${sign(null, Buffer.from(signed), input.key.privateKey).toString('base64url')}`
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
