/** Parses `--proof KIND@AGE`, the assumed proofs for `explain`. */
import { readDuration } from '../../config/values/value-types.ts'
import { factorKinds, type Proof, type ProofKind } from '../factor/proof.ts'
import { UsageError, visible } from './command.ts'

const kinds: readonly string[] = ['password', ...factorKinds]

/**
 * The proofs, oldest first. Default: a password and each second factor, at `now`. A second factor alone adds a
 * password of the same age, because it needs a first one to count. Throws UsageError.
 */
export function readProofs(texts: readonly string[] | undefined, now: number): Proof[] {
  if (texts === undefined) return kinds.map(kind => proof(kind as ProofKind, now))
  const proofs = texts.map(text => {
    const [, kind = '', , age] = /^([a-z]+)(@(.+))?$/.exec(text) ?? []
    const seconds = age === undefined ? 0 : readDuration(age)
    if (!kinds.includes(kind) || typeof seconds !== 'number')
      throw new UsageError(
        `--proof must be one of ${kinds.join(', ')}, followed by its age, such as totp@5m, got '${visible(text)}'`
      )
    return proof(kind as ProofKind, now - seconds * 1000)
  })
  const oldest = Math.min(...proofs.map(({ at }) => at))
  if (!proofs.some(({ kind }) => kind === 'password')) proofs.push(proof('password', oldest))
  return proofs.sort((a, b) => a.at - b.at)
}

function proof(kind: ProofKind, at: number): Proof {
  return { kind, at, userVerified: kind === 'webauthn', generation: 0 }
}
