/** The signed statement about a person, for one app. */
import type { App } from '../apps/route-table.ts'
import { makeAssertion } from '../identity/assertion.ts'
import { nameFor } from '../identity/identity-headers.ts'
import type { Program } from '../programs/program.ts'
import type { Principal } from '../session/principal.ts'
import type { Services } from './services.ts'

export function assertionFor(
  app: App,
  who: Principal | Program,
  { keyring, clock }: Pick<Services, 'keyring' | 'clock'>,
  issuer: string
): string {
  const { subject, proofs } = who
  const audience = app.origin + app.prefix
  return makeAssertion({
    issuer,
    audience,
    subject,
    name: nameFor(app.identityHeaders, subject),
    sessionId: 'session' in who ? who.session.id : who.token.id,
    proofs,
    now: clock(),
    key: keyring.signingKey
  })
}
