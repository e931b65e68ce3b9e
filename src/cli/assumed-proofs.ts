/** Parses `--proof KIND@AGE` of `explain`. */
import { readDuration } from '../../config/values/value-types.ts'
import { factorKinds, type Proof, type ProofKind } from '../factor/proof.ts'
import { visible } from '../messages/visible.ts'
import { UsageError } from './command.ts'

/** Assumed without `--proof`. */
const usual: readonly ProofKind[] = ['password', ...factorKinds]
/** `directory` is a sign-in at an institution, and `institution` a second factor that was checked there. */
const kinds: readonly string[] = [...usual, 'directory', 'institution']

/**
 * Oldest first. Default: a password and each second factor, at `now`. A lone second factor gets a first one of the same age, without which
 * it does not count: a password, or for an institution's the sign-in there. Throws UsageError.
 */
export function readProofs(texts: readonly string[] | undefined, now: number): Proof[] {
  if (texts === undefined) return usual.map(kind => proof(kind, now))
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
  if (!proofs.some(({ kind }) => kind === 'password' || kind === 'directory'))
    proofs.push(proof(proofs.some(({ kind }) => kind === 'institution') ? 'directory' : 'password', oldest))
  return proofs.sort((a, b) => a.at - b.at)
}

function proof(kind: ProofKind, at: number): Proof {
  return { kind, at, userVerified: kind === 'webauthn', generation: 0 }
}
