/** Ending all sign-ins of a person but this one, after a change that they may not know of. Owns the journal's line about it. */
import type { EndReason } from '../../src/session/records.ts'
import type { Principal } from '../../src/session/sessions.ts'
import { eventOf, type Visit } from './visit.ts'

export async function endOthers(visit: Visit, principal: Principal, why: EndReason): Promise<void> {
  const { account, session } = principal
  const ended = await visit.options.services.sessions.endAccount(account.id, why, session.id)
  if (ended === 0) return
  const whose = { account: account.id, name: account.name, session: session.id }
  visit.options.audit.record(eventOf(visit, 'session.end', { ...whose, outcome: 'others', why, ended }))
}

/**
 * After a proof that completed a sign-in begun with an invitation: its holder has set a new password, and whoever had the old one must not
 * stay in with it (ASVS 7.4.3). Not before: an invitation alone must not end anything.
 */
export async function endOthersIfInvited(visit: Visit, before: Principal | null, now: Principal): Promise<void> {
  const isInvited = now.session.proofs.some(proof => proof.kind === 'invitation')
  if (isInvited && now.isFullySignedIn && before?.isFullySignedIn !== true)
    await endOthers(visit, now, 'password_changed')
}
