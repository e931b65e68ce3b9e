/** The content of a backup: one JSON line per record and index. Only listed records are excluded, so that new kinds are not forgotten. */
import { acmeAccountRecord, certificateRecord as acmeCertificateRecord } from '../../acme/records.ts'
import { credentialRecord } from '../../factor/credential.ts'
import { recoveryRecord } from '../../factor/recovery-code.ts'
import { accountRecord } from '../../identity/account-record.ts'
import { passwordRecord } from '../../identity/local.ts'
import { knownRecord as knownAppRecord, openRecord as openAppRecord } from '../../integrity/records.ts'
import { type Keyring, KeyringError, sealedBy } from '../../keyring/keyring.ts'
import { dialRecord } from '../../posture/dial-record.ts'
import { programTokenRecord } from '../../programs/program-token.ts'
import { RecordTooNew, type Store } from '../../store/store.ts'
import { groupRecord as unusualGroupRecord, personRecord as unusualPersonRecord } from '../../unusual/records.ts'
import { upstreamLoginRecord } from '../../upstream-login/upstream-login.ts'
import { PersonError } from '../command.ts'

export type Line =
  /** `until`: milliseconds since the epoch, or null for no end. */
  | { readonly kind: 'value'; readonly key: string; readonly value: string; readonly until: number | null }
  | { readonly kind: 'index'; readonly key: string; readonly members: readonly (readonly [string, number | null])[] }
  | { readonly kind: 'end'; readonly values: number; readonly indexes: number }

/**
 * Sessions, ceremonies, counters, messages and `meta:` of this store. Also invitations and requests for approval: those used since must not
 * become valid again.
 */
const excludedPrefixes = [
  'session:',
  'institution-session:',
  'institution-sid:',
  'logout-token:',
  'saml-answer:',
  'saml-used:',
  'sessions-of:',
  'token:',
  'seen:',
  'ended:',
  'ended-reasons:',
  'handover:',
  'device-spent:',
  'answer:',
  'answer-presses:',
  'kept:',
  'kept-led:',
  'kept-part:',
  'kept-posts',
  'ceremony:',
  'attempts:',
  'invitation:',
  'invitation-of:',
  'notice:',
  'notices',
  'notice-claim:',
  'delivery:',
  'deliveries',
  'password-link:',
  'password-links-of:',
  'password-links:',
  'password-asks:',
  'sponsorship:',
  'sponsorships-for:',
  'meter:',
  'passing:',
  'led:',
  'unusual:ask:',
  'unusual:program:',
  'integrity:turn:',
  'acme-state:',
  'acme-challenges:',
  'acme-lock',
  'meta:'
]

export function isBackedUp(key: string): boolean {
  return !excludedPrefixes.some(prefix => key.startsWith(prefix))
}

const backedUpKinds = [
  acmeAccountRecord,
  acmeCertificateRecord,
  accountRecord,
  passwordRecord,
  credentialRecord,
  recoveryRecord,
  programTokenRecord,
  upstreamLoginRecord,
  unusualPersonRecord,
  unusualGroupRecord,
  knownAppRecord,
  openAppRecord,
  dialRecord
]

/** The record's version is newer than this release knows. */
export function isTooNew(key: string, value: string, keyring: Keyring): boolean {
  const kind = backedUpKinds.find(({ prefix }) => key.startsWith(prefix))
  try {
    kind?.parse(sealedBy(value) === null ? value : keyring.open(value, key), key)
    return false
  } catch (error) {
    if (error instanceof RecordTooNew) return true
    // A record that was broken when the backup was made stays broken.
    if (error instanceof KeyringError) return false
    throw error
  }
}

/** Values come before indexes, so records added meanwhile are at most indexed, which does no harm. */
export async function* linesOf(store: Store, now: number): AsyncGenerator<string> {
  let values = 0
  let indexes = 0
  const until = (ttlSeconds: number | null) => (ttlSeconds === null ? null : Math.ceil(now + ttlSeconds * 1000))
  for await (const { key, value, ttlSeconds } of store.scan('')) {
    if (!isBackedUp(key)) continue
    values++
    yield JSON.stringify({ kind: 'value', key, value, until: until(ttlSeconds) } satisfies Line)
  }
  for await (const { key, members } of store.scanIndexes('')) {
    if (!isBackedUp(key)) continue
    indexes++
    const pairs = members.map(({ member, ttlSeconds }) => [member, until(ttlSeconds)] as const)
    yield JSON.stringify({ kind: 'index', key, members: pairs } satisfies Line)
  }
  yield JSON.stringify({ kind: 'end', values, indexes } satisfies Line)
}

/** Throws PersonError unless all lines are valid and the last one's count matches. */
export async function* readLines(lines: AsyncIterable<string>): AsyncGenerator<Line> {
  let values = 0
  let indexes = 0
  let isEnded = false
  for await (const text of lines) {
    const line: Line | null = isEnded ? null : parse(text)
    if (line === null)
      throw new PersonError('the backup holds something that this version cannot read; nothing was imported')
    if (line.kind === 'value') values++
    if (line.kind === 'index') indexes++
    if (line.kind === 'end') isEnded = line.values === values && line.indexes === indexes
    yield line
  }
  if (!isEnded) throw new PersonError('the backup is incomplete; nothing was imported')
}

function parse(text: string): Line | null {
  try {
    const line = JSON.parse(text) as Record<string, unknown>
    const isRight =
      line.kind === 'end'
        ? [line.values, line.indexes].every(Number.isSafeInteger)
        : typeof line.key === 'string' &&
          isBackedUp(line.key) &&
          (line.kind === 'value' ? isValue(line) : line.kind === 'index' && isIndex(line))
    return isRight ? (line as unknown as Line) : null
  } catch {
    return null
  }
}

function isValue({ value, until }: Record<string, unknown>): boolean {
  return typeof value === 'string' && isUntil(until)
}

function isIndex({ members }: Record<string, unknown>): boolean {
  return (
    Array.isArray(members) &&
    members.every(pair => Array.isArray(pair) && typeof pair[0] === 'string' && isUntil(pair[1]))
  )
}

function isUntil(value: unknown): boolean {
  return value === null || Number.isSafeInteger(value)
}
