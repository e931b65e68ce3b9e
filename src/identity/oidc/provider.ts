/**
 * One provider by its metadata (OpenID Connect Discovery 1.0), fetched at the first need and refreshed in the background. While it is
 * unavailable, the gate refuses at once and asks again after a growing pause.
 */
import type { ClientAuth, Configuration, ServerMetadata } from 'openid-client'
import { hourMs } from '../../clock.ts'
import { signingKey } from './client-assertion.ts'
import { type ClientKey, readClientKey } from './client-key.ts'
import { openingFetch, openToken } from './encrypted-tokens.ts'
import { isTrouble, makeProviderFetch, type ProviderFetch, ProviderUnreachable } from './provider-fetch.ts'
import { InvalidAnswer, quoted, refusalOf } from './provider-problem.ts'
import { clockToleranceSeconds, SigningKeys } from './signing-keys.ts'

type ClientAuthentication = 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt'

export interface ProviderOptions {
  readonly issuer: string
  readonly clientId: string
  /** Null for a public client. */
  readonly clientSecret: string | null
  /** PEM or JWK; null for none. */
  readonly clientKey: string | null
  /** Null leaves it to the metadata. */
  readonly clientAuthentication: ClientAuthentication | null
  /** PEM; null for Node's own authorities. */
  readonly ca: string | null
  /** The time limit of a request and its answer, in milliseconds. */
  readonly timeoutMs: number
  readonly onWarning: (sentence: string) => void
}

export interface Provider {
  readonly config: Configuration
  /** It checks signed userinfo with the present keys. */
  readonly userInfoConfig: () => Configuration
  readonly metadata: ServerMetadata
  readonly keys: SigningKeys
  readonly signOutAddress: string | null
}

const freshMs = hourMs
const firstPauseMs = 1_000
const maxPauseMs = 30_000

export class ProviderSource {
  readonly #options: ProviderOptions
  readonly #http: ProviderFetch
  readonly #key: ClientKey | null
  #provider: Provider | null = null
  #at = 0
  #loading: Promise<Provider> | null = null
  #failure: { readonly error: unknown; readonly until: number; readonly pauseMs: number } | null = null
  #keys: { readonly address: string; readonly keys: SigningKeys } | null = null
  #trouble: string | null = null

  constructor(options: ProviderOptions) {
    this.#options = options
    const http = makeProviderFetch(options)
    this.#key = options.clientKey === null ? null : readClientKey(options.clientKey)
    this.#http = { ...http, fetch: openingFetch(this.#noting(http.fetch), this.#key) }
  }

  /** Decrypts if necessary. Rejects with InvalidAnswer. */
  open(token: string): Promise<string> {
    return openToken(token, this.#key)
  }

  /** Why the last request failed; null if it did not. */
  get trouble(): string | null {
    return this.#trouble
  }

  /** Null before the first need. */
  get known(): Provider | null {
    return this.#provider
  }

  /** Rejects with ProviderUnreachable or InvalidAnswer. `now` in milliseconds. */
  async provider(now: number): Promise<Provider> {
    const known = this.#provider
    const mayAsk = this.#failure === null || now >= this.#failure.until || now < this.#failure.until - maxPauseMs
    if (known !== null) {
      if (Math.abs(now - this.#at) >= freshMs && mayAsk) void this.#refresh(now)
      return known
    }
    if (!mayAsk) throw this.#failure!.error
    return this.#load(now)
  }

  async #refresh(now: number): Promise<void> {
    try {
      await this.#load(now)
    } catch (error) {
      this.#options.onWarning(`what was known of the provider is used on: ${(error as Error).message}`)
    }
  }

  close(): void {
    this.#http.close()
  }

  #noting(fetch: ProviderFetch['fetch']): ProviderFetch['fetch'] {
    return async (url, request) => {
      try {
        const answer = await fetch(url, request)
        this.#trouble = isTrouble(answer.status) ? `${answer.url} answered ${answer.status}` : null
        return answer
      } catch (error) {
        this.#trouble = (error as Error).message
        throw error
      }
    }
  }

  #load(now: number): Promise<Provider> {
    this.#loading ??= this.#discover()
      .then(provider => {
        this.#provider = provider
        this.#at = now
        this.#failure = null
        return provider
      })
      .catch(error => {
        const pauseMs = Math.min(maxPauseMs, (this.#failure?.pauseMs ?? firstPauseMs / 2) * 2)
        this.#failure = { error, until: now + pauseMs, pauseMs }
        throw error
      })
      .finally(() => {
        this.#loading = null
      })
    return this.#loading
  }

  async #discover(): Promise<Provider> {
    const { issuer, clientId, clientSecret, timeoutMs } = this.#options
    const client = await import('openid-client')
    const isPlain = new URL(issuer).protocol === 'http:'
    let config: Configuration
    try {
      config = await client.discovery(
        new URL(issuer),
        clientId,
        { [client.clockTolerance]: clockToleranceSeconds },
        this.#authentication(client, clientSecret),
        {
          [client.customFetch]: this.#http.fetch as never,
          timeout: timeoutMs / 1000,
          ...(isPlain ? { execute: [client.allowInsecureRequests] } : {})
        }
      )
    } catch (error) {
      const named = issuerNamedIn(error)
      if (named !== null && new URL(issuer).href !== named) throw otherIssuer(named)
      const { code, detail, retryAfterSeconds = null } = refusalOf(error)
      const sentence = `the metadata of ${issuer} cannot be used: ${detail}`
      throw code === 'institution_unreachable'
        ? new ProviderUnreachable(sentence, { retryAfterSeconds })
        : new InvalidAnswer(sentence)
    }
    const metadata = config.serverMetadata()
    // The library lets some providers name another issuer, which would accept anybody's tenant.
    if (!isSameAddress(metadata.issuer, issuer)) throw otherIssuer(metadata.issuer)
    for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const)
      if (typeof metadata[name] !== 'string' || !isAddress(metadata[name], isPlain))
        throw new InvalidAnswer(`the metadata of ${issuer} has no ${name} that can be used`)
    const { end_session_endpoint: signOut, jwks_uri: keys = '' } = metadata
    const signOutAddress = signOut !== undefined && isAddress(signOut, isPlain) ? signOut : null
    const userInfoConfig = () => {
      const fresh = new client.Configuration(metadata, clientId, { [client.clockTolerance]: clockToleranceSeconds })
      fresh[client.customFetch] = this.#http.fetch as never
      fresh.timeout = timeoutMs / 1000
      if (isPlain) client.allowInsecureRequests(fresh)
      client.enableNonRepudiationChecks(fresh)
      return fresh
    }
    return { config, userInfoConfig, metadata, keys: this.#keysAt(keys), signOutAddress }
  }

  /** Keys survive a refresh of the metadata. */
  #keysAt(address: string): SigningKeys {
    if (this.#keys?.address !== address) this.#keys = { address, keys: new SigningKeys(address, this.#http.fetch) }
    return this.#keys.keys
  }

  #authentication(client: typeof import('openid-client'), secret: string | null): ClientAuth {
    const { clientAuthentication } = this.#options
    const key = this.#key
    if (
      key !== null &&
      (clientAuthentication === 'private_key_jwt' || (clientAuthentication === null && secret === null))
    )
      return (async (server, ...rest) =>
        client.PrivateKeyJwt(await signingKey(key, server))(server, ...rest)) satisfies ClientAuth
    if (secret === null) return client.None()
    const ways = {
      client_secret_basic: secretInBasic(secret),
      client_secret_post: client.ClientSecretPost(secret)
    }
    return (server, ...rest) => {
      const { token_endpoint_auth_methods_supported: offered } = server
      // Basic is the default (OpenID Connect Discovery §3).
      const isPostAlone =
        Array.isArray(offered) && offered.includes('client_secret_post') && !offered.includes('client_secret_basic')
      const way =
        clientAuthentication === 'client_secret_post' || (clientAuthentication === null && isPostAlone)
          ? 'client_secret_post'
          : 'client_secret_basic'
      ways[way](server, ...rest)
    }
  }
}

/**
 * RFC 6749 §2.3.1 encodes both as forms do. Some providers (LemonLDAP::NG) do not decode, so letters, digits and `-._*` stay as they are;
 * the library writes `%2D`.
 */
function secretInBasic(secret: string): ClientAuth {
  return (_, { client_id: id }, __, headers) => {
    const both = [id, secret].map(text => new URLSearchParams([[text, '']]).toString().slice(0, -1))
    headers.set('authorization', `Basic ${Buffer.from(both.join(':')).toString('base64')}`)
  }
}

function otherIssuer(named: unknown): InvalidAnswer {
  return new InvalidAnswer(
    `the metadata names another issuer, ${quoted(named)}: set 'issuer' to the one of this provider, exactly`
  )
}

/** The metadata's issuer, when the library expected another. */
function issuerNamedIn(error: unknown): string | null {
  const { body, attribute } = ((error as Error).cause ?? {}) as { body?: { issuer?: unknown }; attribute?: unknown }
  return attribute === 'issuer' && typeof body?.issuer === 'string' ? body.issuer : null
}

function isSameAddress(one: string, other: string): boolean {
  return URL.canParse(one) && new URL(one).href === new URL(other).href
}

function isAddress(text: string, isPlain: boolean): boolean {
  if (!URL.canParse(text)) return false
  const { protocol } = new URL(text)
  return protocol === 'https:' || (isPlain && protocol === 'http:')
}
