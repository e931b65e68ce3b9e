/** The sign-out at the institution where a person signed in, after ours. */
import type { Institution } from '../../../src/identity/institution.ts'
import { type AuthenticatedContext, signOutOriginOf } from '../page-context.ts'

export interface SignOutThere {
  readonly url: string
  /** True where the policy of the page with the button names its origin, so that the browser goes there from the form. */
  readonly isNamed: boolean
}

/** Prepared while the session stands, since its end forgets what the institution wants to see. Null where there is nowhere to go. */
export async function signOutThereOf(page: AuthenticatedContext, returnTo: string): Promise<SignOutThere | null> {
  const { portal, principal, now } = page
  const named = signOutOriginOf(page)
  const session = await portal.signIn.institutionLogin.sessionOf(principal.session.id)
  const institution: Institution | undefined =
    session === null ? undefined : portal.directories.institution(session.directory)
  const url = session === null ? null : ((await institution?.signOutUrl?.(session, returnTo, now)) ?? null)
  return url === null ? null : { url, isNamed: new URL(url).origin === named }
}
