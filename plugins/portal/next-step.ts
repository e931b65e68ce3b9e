/**
 * The way on, after every success: the next proof, the hand-over to an app's host, or the list of apps. Owns that order; refuses to
 * trust an address it was given a page ago (`trip` is validated at each use).
 */
import { messageOf } from '../../src/apps/return-to.ts'
import { type FactorKind, invitationOf } from '../../src/factor/proof.ts'
import type { Principal } from '../../src/session/sessions.ts'
import type { Requirement } from './options.ts'
import type { PageContext } from './page-context.ts'
import { withReturnTo } from './return-to.ts'

export const home = '/.factorgate/'

/**
 * What the way asks of this person; null where it leads to no app. First what was refused (`ask`), since the person comes back to the page
 * around it and finds that open; then the address they come back to.
 */
export function requirementOf(visit: PageContext, principal: Principal | null = visit.principal): Requirement | null {
  const { rd, ask } = visit.trip
  if (rd === null) return null
  const { routes } = visit.options
  const asked = ask == null ? null : routes.requirementFor(ask.url, principal, visit.address, messageOf(ask))
  return asked?.access.kind === 'challenge' ? asked : routes.requirementFor(rd, principal, visit.address)
}

/** True for a page of the portal. An app may stand on the portal's host too, and its rules are its own. */
export function isOurs(visit: PageContext, url: string): boolean {
  return isHere(visit, url) && visit.options.routes.requirementFor(url, null, visit.address) === null
}

/** True for an address on the portal's host, where this very cookie is good. */
function isHere(visit: PageContext, url: string): boolean {
  return new URL(url).origin === visit.options.portalOrigin
}

/** Where to send this person now. Makes a hand-over code where the way leads to another host. */
export async function nextStep(visit: PageContext, principal: Principal): Promise<string> {
  const { options, trip } = visit
  if (!principal.isFullySignedIn) {
    const mayEnrol = (await isInvited(visit, principal)) && (await factorsOf(visit, principal.account.id)).length === 0
    return withReturnTo(mayEnrol ? '/.factorgate/enrol' : '/.factorgate/challenge', trip)
  }
  const { rd, state } = trip
  if (rd === null) return home
  const { access } = requirementOf(visit, principal) ?? {}
  if (access?.kind === 'challenge') return withReturnTo('/.factorgate/challenge', trip)
  if (state === null || isHere(visit, rd)) return rd
  const { host, origin } = new URL(rd)
  const code = await options.services.sessions.handOver(principal, host, state, rd)
  const query = new URLSearchParams({ code, ...(trip.again ? { again: trip.again } : {}) })
  return `${origin}/.factorgate/callback?${query}`
}

/**
 * True while the invitation that this sign-in began with stands. One that was replaced, withdrawn or spent is in other hands than it should be,
 * or has done its work: the sign-in that it began enrols nothing any more (FIELD G2).
 */
export async function isInvited(visit: PageContext, { account, proofs }: Principal): Promise<boolean> {
  const invitation = invitationOf(proofs)
  return invitation !== null && visit.options.services.invitations.stands(account.id, invitation)
}

/** True where this person has enrolled something, and all of it was switched off after too many wrong tries. */
export async function isSwitchedOff(visit: PageContext, accountId: string): Promise<boolean> {
  const enrolled = await visit.options.services.credentials.list(accountId)
  return enrolled.length > 0 && enrolled.every(({ disabledAt }) => disabledAt !== null)
}

/** The second factors this person has, the one used last first. Disabled ones are not theirs to use. */
export async function factorsOf(visit: PageContext, accountId: string): Promise<FactorKind[]> {
  return (await usableFactors(visit, accountId)).kinds
}

/** The same, and how long the codes of their authenticator apps are. */
export async function usableFactors(
  visit: PageContext,
  accountId: string
): Promise<{ kinds: FactorKind[]; codeDigits: number[] }> {
  const { credentials, recoveryCodes } = visit.options.services
  const [enrolled, codes] = await Promise.all([credentials.list(accountId), recoveryCodes.status(accountId)])
  const usable = enrolled
    .filter(credential => credential.disabledAt === null)
    .sort((a, b) => (b.lastUsedAt ?? b.createdAt) - (a.lastUsedAt ?? a.createdAt))
  const kinds: FactorKind[] = [...new Set(usable.map(credential => credential.kind))]
  const digits = usable.flatMap(credential => (credential.kind === 'totp' ? credential.digits : []))
  return {
    kinds: codes !== null && codes.remaining > 0 ? [...kinds, 'recovery'] : kinds,
    codeDigits: [...new Set(digits)].sort((a, b) => a - b)
  }
}
