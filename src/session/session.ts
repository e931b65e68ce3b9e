/** A session as a pure value: one sign-in of one person. */
import type { DeviceKey } from '../device/device-key.ts'
import type { Proof } from '../factor/proof.ts'

export const maxUserAgentLength = 256

export interface Device {
  readonly userAgent: string
  readonly address: string
}

/** `id` is public: lists and the journal show it. */
export interface Session {
  readonly id: string
  readonly accountId: string
  readonly createdAt: number
  /** The absolute limit, in milliseconds since the epoch. */
  readonly expiresAt: number
  /** The end of the institution's assurance, in milliseconds since the epoch. Absent if it names none. */
  readonly endsAt?: number
  readonly proofs: readonly Proof[]
  /** Grows by one with every proof. */
  readonly generation: number
  readonly device: Device
  /** Host → digest of the one valid token. */
  readonly tokens: Readonly<Record<string, string>>
  /** Host → the key without which that host's token proves nothing. */
  readonly devices?: Readonly<Record<string, DeviceKey>>
}

const proofsKept = 24

/** Later proofs are left out, otherwise a stolen old token would gain by a step-up. */
export function proofsOf(session: Session, generation: number): readonly Proof[] {
  return session.generation <= generation
    ? session.proofs
    : session.proofs.filter(proof => proof.generation <= generation)
}

export function withProof(session: Session, proof: Omit<Proof, 'generation'>): Session {
  const generation = session.generation + 1
  return { ...session, generation, proofs: [...session.proofs, { ...proof, generation }].slice(-proofsKept) }
}

/** For a new token whose browser has not shown the key. */
export function withoutDevice(session: Session, host: string): Session {
  if (session.devices?.[host] === undefined) return session
  const { [host]: _gone, ...devices } = session.devices
  return { ...session, devices }
}

/** Milliseconds since the epoch at which the first host was bound; null if none. */
export function boundSince({ devices = {} }: Session): number | null {
  const times = Object.values(devices).map(({ at }) => at)
  return times.length === 0 ? null : Math.min(...times)
}
