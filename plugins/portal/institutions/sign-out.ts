/** The sign-out at the institution of a person, after ours. */
import type { Institution } from '../../../src/identity/institution.ts'
import { type AuthenticatedContext, signOutOriginOf } from '../page-context.ts'

export interface SignOutThere {
  readonly url: string
  /** True if the policy of the page with the button names its origin, so that the form may lead there. */
  readonly isNamed: boolean
}

/** Prepared before the session ends, which forgets the institution's hint. Null without a target. */
export async function signOutThereOf(page: AuthenticatedContext, returnTo: string): Promise<SignOutThere | null> {
  const { portal, principal, now } = page
  const named = signOutOriginOf(page)
  const session = await portal.signIn.institutionLogin.sessionOf(principal.session.id)
  const institution: Institution | undefined =
    session === null ? undefined : portal.directories.institution(session.directory)
  const url = session === null ? null : ((await institution?.signOutUrl?.(session, returnTo, now)) ?? null)
  return url === null ? null : { url, isNamed: new URL(url).origin === named }
}
