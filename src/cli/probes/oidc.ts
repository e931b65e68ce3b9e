/** Probes an OpenID Connect provider: its metadata and signing keys, read as by a sign-in. */
import { pemText } from '../../../config/reading/text-sources.ts'
import type { Config } from '../../../config/schema.ts'
import { ProviderSource } from '../../identity/oidc/provider.ts'
import { ProviderUnreachable } from '../../identity/oidc/provider-fetch.ts'
import { connectionMend } from './connection-mend.ts'
import type { ProbeFinding } from './finding.ts'

type OidcConfig = Extract<Config['identity'][number], { kind: 'oidc' }>

/** The time limit of a request and its answer, in milliseconds. */
const timeoutMs = 4_000

/** `signal` closes the connections. */
export async function probeOidc(
  one: OidcConfig,
  path: string,
  now: number,
  signal: AbortSignal
): Promise<ProbeFinding[]> {
  const source = new ProviderSource({
    issuer: one.issuer,
    clientId: one.clientId,
    clientSecret: one.clientSecret ?? null,
    clientKey: one.clientKey ?? null,
    clientAuthentication: one.clientAuthentication,
    ca: one.ca === null ? null : pemText(one.ca),
    timeoutMs,
    onWarning: () => {}
  })
  signal.addEventListener('abort', () => source.close(), { once: true })
  try {
    const { keys } = await source.provider(now)
    await keys.load(now)
    return []
  } catch (error) {
    const { message } = error as Error
    const isSilent = error instanceof ProviderUnreachable
    const wrong = isSilent ? `the provider '${one.id}' does not answer: ${message}` : `nobody can sign in: ${message}`
    const mend = isSilent
      ? connectionMend(message, "start it, or correct the address or 'ca'")
      : /\/openid-configuration answered (404|410)\b/.test(message)
        ? "correct 'issuer': below it is no .well-known/openid-configuration (Keycloak's issuer is https://HOST/realms/REALM)"
        : 'correct the configuration of the gate or of the provider'
    return [{ degree: 'problem', path: `${path}.issuer`, wrong, mend }]
  }
}
