/** Changes and proofs of sessions, for the watch. */
import type { Proof } from '../factor/proof.ts'
import { sessionKey, sessionRecord } from '../session/records.ts'
import type { SessionCache } from '../session/session-cache.ts'

/** Null if it has ended, or the store does not answer. */
export async function standingNow(
  cache: SessionCache,
  session: string
): Promise<{ readonly account: string; readonly proofs: readonly Proof[] } | null> {
  const found = await cache.read(sessionKey(session), sessionRecord.parse).catch(() => null)
  return found === null ? null : { account: found.accountId, proofs: found.proofs }
}

/** Null if it has ended, or the store does not answer. */
export async function proofsNow(cache: SessionCache, session: string): Promise<readonly Proof[] | null> {
  return (await standingNow(cache, session))?.proofs ?? null
}

/** Calls `listener` for each session that changes. Returns the function that ends this. */
export function onSessionChange(cache: SessionCache, listener: (session: string) => void): () => void {
  const prefix = sessionKey('')
  return cache.onNotice(notice => {
    if (notice.kind === 'changed' && notice.key.startsWith(prefix)) listener(notice.key.slice(prefix.length))
  })
}
