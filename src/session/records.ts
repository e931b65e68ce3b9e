/** The records of sessions, tokens and hand-over codes. One with any error counts as absent (THREATS D3). */
import { isDeviceKey } from '../device/device-key.ts'
import { type Proof, proofKinds } from '../factor/proof.ts'
import { type Reason, reasonsIn } from '../reasons/reason.ts'
import { type Loose, RecordKind } from '../store/records.ts'
import type { Session } from './session.ts'

export const seenKey = (id: string) => `seen:${id}`
export const endedKey = (digest: string) => `ended:${digest}`
export const sessionsOf = (accountId: string) => `sessions-of:${accountId}`

const endReasons = [
  'logout',
  'idle',
  'expired',
  'revoked',
  'replaced',
  'too_many',
  'suspended',
  'institution_sign_out',
  'institution_gone',
  'factors_changed',
  'password_changed',
  'not_me'
] as const
export type EndReason = (typeof endReasons)[number]

/** For the person who comes back with the session's token. */
export interface Ended {
  readonly why: EndReason
  /** Null if an older release ended the session. */
  readonly accountId: string | null
  /** From an operator or the watch. */
  readonly words: string | null
  readonly reasons?: readonly Reason[]
}

/** The reason stands alone on the first line, as in older releases. */
export function endedText({ why, accountId, words }: Ended): string {
  return [why, accountId ?? '', ...(words === null ? [] : [words])].join('\n')
}

/** Null for a reason of a newer release. */
export function parseEnded(text: string): Ended | null {
  const [first, accountId, ...words] = text.split('\n')
  const why = endReasons.find(reason => reason === first)
  return why === undefined ? null : { why, accountId: accountId || null, words: words.join(' ') || null }
}

/**
 * What the watch has said of an end, for readers of another language. It is a record of its own, because an older release shows the whole record of the end to
 * the person.
 */
export const endedReasonsRecord = new RecordKind<{ readonly reasons: readonly Reason[] }>({
  prefix: 'ended-reasons:',
  version: 1,
  read: ({ reasons: stored }) => {
    const reasons = reasonsIn(stored)
    return reasons === null ? null : { reasons }
  }
})

/** A token opens one session on one host, and shows the proofs up to its own generation. */
export interface TokenRecord {
  readonly session: string
  readonly host: string
  readonly generation: number
  /** Older releases did not write these two. */
  readonly at?: number
  readonly account?: string
}

/** Valid once, until `expiresAt`, on `host`, in the browser whose nonce hashes to `state`. */
export interface HandOverRecord extends TokenRecord {
  readonly expiresAt: number
  readonly state: string
  readonly returnTo: string
}

export const sessionRecord = new RecordKind<Session>({
  prefix: 'session:',
  version: 1,
  read: record => (isSession(record) ? record : null)
})

/** Its id is the digest of the token. */
export const tokenRecord = new RecordKind<TokenRecord>({
  prefix: 'token:',
  version: 1,
  read: record => (isToken(record) ? record : null)
})

/** Its id is the digest of the code; the suffix `:spent` marks a spent one. */
export const handOverRecord = new RecordKind<HandOverRecord>({
  prefix: 'handover:',
  version: 1,
  read: record => (isHandOver(record) ? record : null)
})

export const sessionKey = (id: string) => sessionRecord.key(id)
export const tokenKey = (digest: string) => tokenRecord.key(digest)

function isSession(value: Loose): value is Loose & Session {
  return (
    isString(value.id) &&
    isString(value.accountId) &&
    isTime(value.createdAt) &&
    isTime(value.expiresAt) &&
    (value.endsAt === undefined || isTime(value.endsAt)) &&
    isCount(value.generation) &&
    Array.isArray(value.proofs) &&
    value.proofs.every(isProof) &&
    isObject(value.device) &&
    isString(value.device.userAgent) &&
    isString(value.device.address) &&
    isObject(value.tokens) &&
    Object.values(value.tokens).every(isString) &&
    (value.devices === undefined || (isObject(value.devices) && Object.values(value.devices).every(isDeviceKey)))
  )
}

function isProof(value: unknown): value is Proof {
  return (
    isObject(value) &&
    isString(value.kind) &&
    (proofKinds as readonly string[]).includes(value.kind) &&
    isTime(value.at) &&
    typeof value.userVerified === 'boolean' &&
    isCount(value.generation) &&
    (value.credentialId === undefined || isString(value.credentialId)) &&
    (value.invitation === undefined || isString(value.invitation))
  )
}

function isToken(value: Loose): value is Loose & TokenRecord {
  const { session, host, generation, at, account } = value
  return (
    isString(session) &&
    isString(host) &&
    isCount(generation) &&
    (at === undefined || isTime(at)) &&
    (account === undefined || isString(account))
  )
}

function isHandOver(value: Loose): value is Loose & HandOverRecord {
  return isToken(value) && isTime(value.expiresAt) && isString(value.state) && isString(value.returnTo)
}

const isObject = (value: unknown): value is Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isString = (value: unknown): value is string => typeof value === 'string'
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const isTime = (value: unknown): value is number => Number.isFinite(value) && (value as number) > 0
