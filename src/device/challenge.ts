/** Challenges for device keys: sealed texts, without store or cookie. */
import { clockSkewMs } from '../clock.ts'
import { type Keyring, KeyringError } from '../keyring/keyring.ts'

/** It asks for the first key. */
interface RegistrationChallenge {
  readonly session: string
  readonly host: string
  /** The token's digest. */
  readonly token: string
}

/** It asks for a proof by the registered key. */
interface RefreshChallenge {
  readonly session: string
  readonly host: string
  /** RFC 7638. */
  readonly thumbprint: string
}

interface Kinds {
  readonly register: RegistrationChallenge
  readonly refresh: RefreshChallenge
}

/** The life of an offer. Later ones need a young token, otherwise its thief could bind it. */
export const registrationSeconds = 2 * 60

/** A browser uses it when the bound cookie that came with it ends. */
export function refreshSecondsFor(lifetimeSeconds: number): number {
  return lifetimeSeconds + 40 * 60
}

export function sealChallenge<Kind extends keyof Kinds>(
  keyring: Pick<Keyring, 'seal'>,
  kind: Kind,
  what: Kinds[Kind],
  endsAt: number
): string {
  return keyring.seal(JSON.stringify({ ...what, endsAt }), contextOf(kind))
}

/** `late`: ours, and expired. `unknown`: not for this, or sealed with a removed key. */
export function openChallenge<Kind extends keyof Kinds>(
  keyring: Pick<Keyring, 'open'>,
  kind: Kind,
  text: string,
  lifeSeconds: number,
  now: number
): Kinds[Kind] | 'late' | 'unknown' {
  let plain: string
  try {
    plain = keyring.open(text, contextOf(kind))
  } catch (error) {
    if (error instanceof KeyringError) return 'unknown'
    throw error
  }
  const { endsAt, ...what } = JSON.parse(plain) as Kinds[Kind] & { endsAt: number }
  // An end too far ahead comes from a clock that was ahead (THREATS D17).
  return now < endsAt && endsAt <= now + lifeSeconds * 1000 + clockSkewMs ? (what as unknown as Kinds[Kind]) : 'late'
}

function contextOf(kind: keyof Kinds): string {
  return `device-challenge:${kind}`
}
