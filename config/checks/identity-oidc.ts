/** Checks of an OpenID Connect provider that need more than one value. */
import { readClientKey } from '../../src/identity/oidc/client-key.ts'
import type { Diagnostics } from '../reading/diagnostics.ts'
import type { DraftSource } from '../schema.ts'
import { checkAuthority } from './certificates.ts'

export function checkOidc(provider: DraftSource<'oidc'>, path: string, diagnostics: Diagnostics): void {
  const { issuer, scopes, clientSecret, clientKey, clientAuthentication, ca, mfa } = provider
  if (issuer?.includes('/.well-known/'))
    diagnostics.problem(`${path}.issuer`, 'must be the issuer itself: without /.well-known/openid-configuration')
  if (scopes != null && !scopes.includes('openid'))
    diagnostics.problem(
      `${path}.scopes`,
      "must have 'openid': without it there is no sign-in (OpenID Connect Core §3.1.2.1)"
    )
  if (clientAuthentication === 'private_key_jwt' && clientKey === null)
    diagnostics.problem(`${path}.clientAuthentication`, 'needs clientKey or clientKeyFile beside it')
  if (clientKey != null)
    try {
      readClientKey(clientKey)
    } catch (error) {
      const given = diagnostics.isGiven(`${path}.clientKeyFile`) ? 'clientKeyFile' : 'clientKey'
      diagnostics.problem(`${path}.${given}`, (error as Error).message)
    }
  if (clientAuthentication != null && clientAuthentication !== 'private_key_jwt' && clientSecret === null)
    diagnostics.problem(`${path}.clientAuthentication`, 'needs clientSecret or clientSecretFile beside it')
  if (mfa != null && mfa.acr?.length === 0 && mfa.amr?.length === 0)
    diagnostics.problem(`${path}.mfa`, 'must list a value of acr or of amr; leave mfa out where nothing counts')
  if (ca != null) checkAuthority(ca, `${path}.ca`, diagnostics)
}
