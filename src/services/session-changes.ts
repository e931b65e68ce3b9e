/** Changes and proofs of sessions, for the parts of the watch that wait for a proof. */
import type { Proof } from '../factor/proof.ts'
import { sessionKey, sessionRecord } from '../session/records.ts'
import type { SessionCache } from '../session/session-cache.ts'

/** The proofs of a session now; null if it has ended, or the store does not answer. */
export async function proofsNow(cache: SessionCache, session: string): Promise<readonly Proof[] | null> {
  const found = await cache.read(sessionKey(session), sessionRecord.parse).catch(() => null)
  return found?.proofs ?? null
}

/** Calls `listener` with the id of each session that changes. Returns the function that ends this. */
export function onSessionChange(cache: SessionCache, listener: (session: string) => void): () => void {
  const prefix = sessionKey('')
  return cache.onNotice(notice => {
    if (notice.kind === 'changed' && notice.key.startsWith(prefix)) listener(notice.key.slice(prefix.length))
  })
}
