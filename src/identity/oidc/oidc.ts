/**
 * An OpenID Connect provider: the code flow with PKCE, state, nonce and issuer (OpenID Connect Core 1.0 §3.1; RFC 9700), and sign-out both
 * ways. The `sub` identifies a person, since people may choose names and addresses.
 */
import type { IDToken, TokenEndpointResponse, UserInfoResponse } from 'openid-client'
import type { Arrival, Source } from '../arrival.ts'
import {
  type Institution,
  type InstitutionAnswer,
  type InstitutionRefusal,
  type InstitutionSession,
  refused
} from '../institution.ts'
import {
  type ClaimPaths,
  type Claims,
  claimAt,
  claimNames,
  isLeftOut,
  type MfaValues,
  mfaIn,
  scopesFor,
  textsOf,
  wrongTime
} from './claims.ts'
import { type LogoutToken, readLogoutToken } from './logout-token.ts'
import { type Provider, type ProviderOptions, ProviderSource } from './provider.ts'
import { InvalidAnswer, problemOf, refusalOf, responseIn } from './provider-problem.ts'

interface OidcOptions extends ProviderOptions {
  readonly source: Source
  /** Separate for each provider, so that none can speak for another. */
  readonly redirectUri: string
  /** Null for the usual ones (`scopesFor`). */
  readonly scopes: readonly string[] | null
  readonly claims: ClaimPaths
  /** Null if a second factor there never counts. */
  readonly mfa: MfaValues | null
  readonly signsOutThere: boolean
}

interface OidcBegun {
  readonly nonce: string
  /** PKCE (RFC 7636). */
  readonly verifier: string
}

interface BeginOptions {
  readonly state: string
  /** Asks the person with this name for a second factor anew. */
  readonly stepUp: { readonly name: string } | null
  readonly now: number
  /** Asked before a request is pushed, since anybody can begin a sign-in. False: the browser gets the whole request. */
  readonly mayPush: () => Promise<boolean>
}

/** A longer ID token makes an address that servers refuse; without it the provider asks the person. */
const maxHintLength = 4000

/** The standard allows 255 (OpenID Connect Core §2). Dex packs the DN of a person into it, which may be longer. */
const maxSubLength = 512

export class OidcInstitution implements Institution {
  readonly kind = 'oidc'
  readonly source: Source
  readonly asksForMfa: boolean
  readonly #options: OidcOptions
  readonly #provider: ProviderSource

  constructor(options: OidcOptions) {
    this.source = options.source
    this.asksForMfa = options.mfa !== null
    this.#options = options
    this.#provider = new ProviderSource(options)
  }

  async begin({
    state,
    stepUp,
    now,
    mayPush
  }: BeginOptions): Promise<{ url: string; begun: OidcBegun } | InstitutionRefusal> {
    try {
      const client = await import('openid-client')
      const { config, metadata } = await this.#provider.provider(now)
      const begun = { nonce: client.randomNonce(), verifier: client.randomPKCECodeVerifier() }
      const parameters = {
        redirect_uri: this.#options.redirectUri,
        response_type: 'code',
        scope: (this.#options.scopes ?? scopesFor(this.#options.claims, metadata.scopes_supported)).join(' '),
        state,
        nonce: begun.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(begun.verifier),
        code_challenge_method: 'S256',
        ...responseModeFor(metadata.response_modes_supported),
        ...this.#asking(metadata.claims_parameter_supported === true),
        ...(stepUp === null ? {} : { prompt: 'login', max_age: '0', login_hint: stepUp.name })
      }
      const mustPush = metadata.require_pushed_authorization_requests === true
      const pushes = metadata.pushed_authorization_request_endpoint !== undefined && (await mayPush())
      if (!pushes && mustPush)
        return refused(
          'institution_unreachable',
          'too many sign-ins were begun from one network, and each is a request'
        )
      if (!pushes) return { url: client.buildAuthorizationUrl(config, parameters).href, begun }
      try {
        return { url: (await client.buildAuthorizationUrlWithPAR(config, parameters)).href, begun }
      } catch (error) {
        // Some providers list the endpoint but refuse it to some clients or limit its use.
        const isRefused = (error as Error).name === 'ResponseBodyError' || responseIn(error)?.status === 429
        if (!isRefused || mustPush) throw error
        this.#options.onWarning(`the provider does not take pushed requests: ${problemOf(error)}`)
        return { url: client.buildAuthorizationUrl(config, parameters).href, begun }
      }
    } catch (error) {
      return refusalOf(error)
    }
  }

  /** `query` is the callback's; `state` is that of this browser. */
  async finish(query: string, state: string, begun: OidcBegun, now: number): Promise<InstitutionAnswer> {
    try {
      const client = await import('openid-client')
      const provider = await this.#provider.provider(now)
      const answer = new URL(`${this.#options.redirectUri}?${query}`)
      const tokens = await client.authorizationCodeGrant(provider.config, answer, {
        expectedState: state,
        expectedNonce: begun.nonce,
        pkceCodeVerifier: begun.verifier,
        idTokenExpected: true
      })
      const claims = await this.#idToken(provider, tokens, now)
      const { sid } = claims
      return {
        kind: 'arrived',
        arrival: await this.#arrival(provider, tokens, claims, now),
        session: {
          sid: typeof sid === 'string' && sid !== '' ? sid : null,
          hint: tokens.id_token!.length <= maxHintLength ? tokens.id_token! : null,
          endsAt: null
        }
      }
    } catch (error) {
      return refusalOf(error)
    }
  }

  /** Rejects with errors that `refusalOf` knows. */
  async readLogoutToken(token: string, now: number): Promise<LogoutToken | InstitutionRefusal> {
    try {
      const signed = await this.#provider.open(token)
      return await readLogoutToken(await this.#provider.provider(now), this.#options.clientId, signed, now)
    } catch (error) {
      return refusalOf(error)
    }
  }

  async isIssuer(issuer: string, now: number): Promise<boolean> {
    try {
      return (await this.#provider.provider(now)).metadata.issuer === issuer
    } catch {
      return false
    }
  }

  signOutOrigin(now: number): string | null {
    if (!this.#options.signsOutThere) return null
    const { known } = this.#provider
    // Unknown after a start. The next page knows.
    if (known === null) void this.#provider.provider(now).catch(() => {})
    const address = known?.signOutAddress ?? null
    return address === null ? null : new URL(address).origin
  }

  /** OpenID Connect RP-Initiated Logout 1.0 §2. */
  async signOutUrl({ hint }: InstitutionSession, returnTo: string, now: number): Promise<string | null> {
    if (!this.#options.signsOutThere) return null
    try {
      const { config, signOutAddress } = await this.#provider.provider(now)
      if (signOutAddress === null) return null
      const { buildEndSessionUrl, randomState } = await import('openid-client')
      return buildEndSessionUrl(config, {
        post_logout_redirect_uri: returnTo,
        state: randomState(),
        ...(hint === null ? {} : { id_token_hint: hint })
      }).href
    } catch (error) {
      this.#options.onWarning(`nobody can be signed out there: ${refusalOf(error).detail}`)
      return null
    }
  }

  get trouble(): string | null {
    return this.#provider.trouble
  }

  close(): void {
    this.#provider.close()
  }

  /** A wish, since a provider that cannot meet a demand keeps people on its page. */
  #asking(takesClaims: boolean): Record<string, string> {
    const { mfa } = this.#options
    if (mfa === null) return {}
    const acr = mfa.acr.length === 0 ? null : { values: mfa.acr }
    return {
      ...(mfa.acr.length === 0 ? {} : { acr_values: mfa.acr.join(' ') }),
      ...(takesClaims ? { claims: JSON.stringify({ id_token: { acr, amr: null, auth_time: null } }) } : {})
    }
  }

  /** Checks the signature, since the library trusts TLS (OpenID Connect Core §3.1.3.7 step 6). */
  async #idToken({ keys, metadata }: Provider, tokens: TokenEndpointResponse, now: number): Promise<IDToken> {
    const { clientId } = this.#options
    const checks = { issuer: metadata.issuer, audience: clientId, requiredClaims: ['sub', 'iat', 'exp'] }
    const { claims } = await keys.verify(tokens.id_token!, checks, 'provider', now)
    const { sub, azp } = claims as Claims
    if (typeof sub !== 'string' || sub === '') throw new InvalidAnswer('the ID token has no sub')
    if (sub.length > maxSubLength)
      throw new InvalidAnswer(
        `the sub of the ID token has ${sub.length} letters, and ${maxSubLength} are accepted at most`
      )
    if (azp !== undefined && azp !== clientId) throw new InvalidAnswer('the ID token was made for another client (azp)')
    const problem = wrongTime(claims as Claims, now)
    if (problem !== null) throw new InvalidAnswer(`the ID token cannot be right: ${problem}`)
    return claims as IDToken
  }

  async #arrival(provider: Provider, tokens: TokenEndpointResponse, idToken: IDToken, now: number): Promise<Arrival> {
    const { claims: paths, mfa } = this.#options
    const isWhole = Object.values(paths).every(path => claimAt(idToken, path) !== undefined)
    const userInfo = isWhole ? {} : await this.#userInfo(provider, tokens, idToken.sub)
    const at = (path: string) => claimAt(idToken, path) ?? claimAt(userInfo, path)
    const names = [...new Set(textsOf(at(paths.name)))]
    if (names.length !== 1)
      throw new InvalidAnswer(
        names.length === 0
          ? `neither ID token nor userinfo has the claim '${paths.name}': see 'claims.name' and 'scopes'. They have ${claimNames(idToken, userInfo)}`
          : `the claim '${paths.name}' has ${names.length} values`
      )
    // An unconfirmed address may be somebody else's.
    const isUnverified = at('email_verified') === false || at('email_verified') === 'false'
    if (isUnverified && (paths.name === paths.email || paths.name === 'email'))
      throw new InvalidAnswer(
        `the provider says that the address in '${paths.name}' is not confirmed (email_verified), and it would be the name (claims.name): let the provider confirm addresses, or take another claim`
      )
    const groups = textsOf(at(paths.groups))
    if (groups.length === 0 && (isLeftOut(idToken, paths.groups) || isLeftOut(userInfo, paths.groups)))
      this.#options.onWarning(
        'the provider has left out the groups of a person who has too many, so that they have none here: let it send the groups of this client alone'
      )
    return {
      externalId: idToken.sub,
      name: names[0]!,
      displayName: textsOf(at(paths.display))[0] ?? null,
      email: isUnverified ? null : (textsOf(at(paths.email))[0] ?? null),
      groups,
      mfa: mfaIn(idToken, mfa, now)
    }
  }

  /** What the provider adds to the ID token, about the same person (OpenID Connect Core §5.3.2). */
  async #userInfo(
    { userInfoConfig, metadata }: Provider,
    tokens: TokenEndpointResponse,
    sub: string
  ): Promise<UserInfoResponse | Claims> {
    if (metadata.userinfo_endpoint === undefined) return {}
    const client = await import('openid-client')
    return client.fetchUserInfo(userInfoConfig(), tokens.access_token, sub)
  }
}

/** Asks for a form where the provider does not answer by the address (OpenID Connect Discovery §3: without a list it does). */
function responseModeFor(modes: unknown): { readonly response_mode?: string } {
  const isFormAlone = Array.isArray(modes) && modes.includes('form_post') && !modes.includes('query')
  return isFormAlone ? { response_mode: 'form_post' } : {}
}
