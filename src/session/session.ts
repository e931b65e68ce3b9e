/** One sign-in of one person: pure values and rules. `sessions.ts` stores them. */
import type { Proof } from '../factor/proof.ts'

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
