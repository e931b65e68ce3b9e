/** Ending all sign-ins of a person but this one, after a change that they may not know of. Owns the journal's line about it. */
import type { EndReason } from '../../src/session/records.ts'
import type { Principal } from '../../src/session/sessions.ts'
import type { StoreUnconfirmed } from '../../src/store/store.ts'
import { evenUnconfirmed } from '../../src/store/unconfirmed.ts'
import { eventOf, type PageContext } from './page-context.ts'

/** Rejects with StoreUnconfirmed where they have ended, the journal says so, and nothing confirms that it stays so. */
export async function revokeOtherSessions(visit: PageContext, principal: Principal, why: EndReason): Promise<void> {
  const { account, session } = principal
  let ended = 0
  const unconfirmed = await evenUnconfirmed(async () => {
    ended = await visit.options.services.sessions.endAccount(account.id, why, session.id)
  })
  if (unconfirmed !== null) ended = unconfirmed.ended
  const whose = { account: account.id, name: account.name, session: session.id }
  const fields = { ...whose, outcome: 'others', why, ended, ...confirmed(unconfirmed) }
  if (ended > 0) visit.options.audit.record(eventOf(visit, 'session.end', fields))
  if (unconfirmed !== null) throw unconfirmed
}

/** What the journal's line of a change says where nothing confirms that it stays. */
export function confirmed(unconfirmed: StoreUnconfirmed | null): { readonly confirmed?: false } {
  return unconfirmed === null ? {} : { confirmed: false }
}

/**
 * After a proof that completed a sign-in begun with an invitation: its holder has set a new password, and whoever had the old one must not
 * stay in with it (ASVS 7.4.3). Not before: an invitation alone must not end anything.
 */
export async function revokeOtherSessionsIfInvited(
  visit: PageContext,
  before: Principal | null,
  now: Principal
): Promise<void> {
  const isInvited = now.session.proofs.some(proof => proof.kind === 'invitation')
  // They did not ask for it here, so it does not stop them: a store that goes back is noticed.
  if (isInvited && now.isFullySignedIn && before?.isFullySignedIn !== true)
    await evenUnconfirmed(() => revokeOtherSessions(visit, now, 'password_changed'))
}
