/** What the gates of a store share about certificates. */
import { createHash } from 'node:crypto'
import { type Loose, RecordKind } from '../store/records.ts'
import type { AcmeChallenge } from './order.ts'
import type { KeyPair } from './x509.ts'

/** Sealed. Its id is `directoryId`. */
export interface AcmeAccount {
  readonly key: string
  /** Null while the account is being made. */
  readonly url: string | null
  readonly email: string | null
  /** When it replaced a refused account, in milliseconds since the epoch; null for the first one. */
  readonly replacedAt: number | null
}

export const acmeAccountRecord = new RecordKind<AcmeAccount>({
  prefix: 'acme-account:',
  version: 1,
  read: ({ key, url, email, replacedAt }) =>
    typeof key === 'string' && (typeof url === 'string' || url === null)
      ? { key, url, email: textOrNull(email), replacedAt: timeOrNull(replacedAt) }
      : null
})

/** Sealed. Its id is the name. */
export interface KeptCertificate extends KeyPair {
  readonly directory: string
  /** Milliseconds since the epoch. */
  readonly issuedAt: number
}

export const certificateRecord = new RecordKind<KeptCertificate>({
  prefix: 'acme-certificate:',
  version: 1,
  read: ({ cert, key, directory, issuedAt }) =>
    typeof cert === 'string' && typeof key === 'string' && typeof directory === 'string' && isTime(issuedAt)
      ? { cert, key, directory, issuedAt: issuedAt as number }
      : null
})

/** Without secrets, so that commands can read it. Its id is the name. Times are milliseconds since the epoch. */
export interface NameState {
  readonly ends: number | null
  readonly renewAt: number | null
  /** When the authority is asked for its window again. */
  readonly askAt: number
  readonly window: { readonly start: number; readonly end: number } | null
  /** In a row. */
  readonly failures: number
  readonly why: string | null
  readonly triedAt: number
  /** No try before this. */
  readonly nextAt: number
  /** The authority asks for that pause, so no restart shortens it. */
  readonly isBid: boolean
}

export const untried: NameState = {
  ends: null,
  renewAt: null,
  askAt: 0,
  window: null,
  failures: 0,
  why: null,
  triedAt: 0,
  nextAt: 0,
  isBid: false
}

export const stateRecord = new RecordKind<NameState>({
  prefix: 'acme-state:',
  version: 1,
  read: ({ ends, renewAt, askAt, window, failures, why, triedAt, nextAt, isBid }) => {
    if (![askAt, failures, triedAt, nextAt].every(isTime)) return null
    const { start, end } = (window ?? {}) as Loose
    return {
      ends: timeOrNull(ends),
      renewAt: timeOrNull(renewAt),
      askAt: askAt as number,
      window: isTime(start) && isTime(end) ? { start: start as number, end: end as number } : null,
      failures: failures as number,
      why: textOrNull(why),
      triedAt: triedAt as number,
      nextAt: nextAt as number,
      isBid: isBid === true
    }
  }
})

interface PendingChallenges {
  readonly challenges: readonly AcmeChallenge[]
}

/** Sealed: whoever could write it would prove our names to an authority as their own. */
export const challengesRecord = new RecordKind<PendingChallenges>({
  prefix: 'acme-challenges:',
  version: 1,
  read: ({ challenges }) =>
    Array.isArray(challenges) && challenges.every(isChallenge) ? { challenges: challenges as AcmeChallenge[] } : null
})
export const pendingId = 'pending'

export const lockKey = 'acme-lock'

/** A rotation of keys seals these records anew. */
export const sealedAcmePrefixes = [acmeAccountRecord.prefix, certificateRecord.prefix]

export function directoryId(directory: string): string {
  return createHash('sha256').update(directory).digest('base64url').slice(0, 22)
}

function isChallenge(value: unknown): boolean {
  const { type, name, token, keyAuthorization } = (value ?? {}) as Loose
  return [type, name, token, keyAuthorization].every(text => typeof text === 'string')
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value)
}

function timeOrNull(value: unknown): number | null {
  return isTime(value) ? (value as number) : null
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
