/** The person of a session on one host. Reading this does not prolong the session. */
import { isFullySignedIn, type Proof } from '../factor/proof.ts'
import { accountPrefix, subjectOf } from '../identity/account.ts'
import { accountRecord } from '../identity/account-record.ts'
import type { Subject } from '../identity/subject.ts'
import { sessionKey, sessionRecord, tokenKey, tokenRecord } from './records.ts'
import { proofsOf } from './session.ts'
import type { SessionCache } from './session-cache.ts'
import { proofsUnder, type SessionTerms } from './terms.ts'

interface Present {
  readonly subject: Subject
  readonly proofs: readonly Proof[]
  readonly isFullySignedIn: boolean
}

/** Null if the session has ended, or has no token on `host`. */
export async function presentAt(
  cache: SessionCache,
  terms: SessionTerms,
  id: string,
  host: string,
  now: number
): Promise<Present | null> {
  const session = await cache.read(sessionKey(id), sessionRecord.parse)
  const digest = session?.tokens[host]
  if (session === null || digest === undefined || session.expiresAt <= now) return null
  const record = await cache.read(tokenKey(digest), tokenRecord.parse)
  const stored = await cache.read(accountPrefix + session.accountId, accountRecord.parse)
  if (record === null || record.host !== host || stored === null || stored.suspended !== null) return null
  const account = terms.accountNow(stored)
  const proofs = proofsUnder(terms, proofsOf(session, record.generation))
  if (account === null || proofs === null) return null
  return { subject: subjectOf(account), proofs, isFullySignedIn: isFullySignedIn(proofs) }
}
