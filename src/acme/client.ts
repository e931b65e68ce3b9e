/** A client of one ACME server (RFC 8555): directory, nonces, account and signed requests. It checks every answer. */
import type { AccountKey } from './account-key.ts'
import { AcmeError, quoted } from './acme-error.ts'
import type { Wire, WireAnswer } from './wire.ts'

interface ClientOptions {
  readonly wire: Wire
  readonly directory: string
  readonly key: AccountKey
  readonly signal: AbortSignal
}

interface AccountTerms {
  readonly email: string | null
  readonly eab: { readonly kid: string; readonly secret: string } | null
}

interface Directory {
  readonly newNonce: string
  readonly newAccount: string
  readonly newOrder: string
  readonly renewalInfo: string | null
  readonly profiles: readonly string[] | null
}

/** RFC 8555 §6.5: the server may refuse a nonce at any time. */
const maxNonces = 5
const nonceShape = /^[A-Za-z0-9_-]{1,512}$/

export class AcmeClient {
  readonly #options: ClientOptions
  readonly directory: Directory
  #key: AccountKey
  #account: string | null = null
  #nonce: string | null = null
  signal: AbortSignal

  private constructor(options: ClientOptions, directory: Directory) {
    this.#options = options
    this.#key = options.key
    this.directory = directory
    this.signal = options.signal
  }

  /** Rejects with AcmeError. */
  static async open(options: ClientOptions): Promise<AcmeClient> {
    const { wire, directory: url, signal } = options
    const answer = await wire.send({ method: 'GET', url }, signal)
    const text = answer.status === 200 ? objectIn(answer.body) : null
    const member = (name: string) => {
      if (typeof text?.[name] === 'string') return text[name]
      throw new AcmeError(
        `${url} is no directory of an ACME server: it ${text === null ? `answers ${answer.status}` : `names no ${name}`}`,
        { retryAfterMs: pauseIn(answer) }
      )
    }
    const profiles = (text?.meta as Loose | undefined)?.profiles
    return new AcmeClient(options, {
      newNonce: member('newNonce'),
      newAccount: member('newAccount'),
      newOrder: member('newOrder'),
      renewalInfo: typeof text?.renewalInfo === 'string' ? text.renewalInfo : null,
      profiles: typeof profiles === 'object' && profiles !== null ? Object.keys(profiles).slice(0, 50) : null
    })
  }

  get accountUrl(): string | null {
    return this.#account
  }

  get key(): AccountKey {
    return this.#key
  }

  rekey(key: AccountKey): void {
    this.#key = key
    this.leave()
  }

  leave(): void {
    this.#account = null
  }

  use(accountUrl: string): void {
    this.#account = accountUrl
  }

  /** The operator has agreed to the terms. Rejects with AcmeError. */
  async register({ email, eab }: AccountTerms): Promise<{ url: string; wasThere: boolean }> {
    const { newAccount } = this.directory
    this.#account = null
    const answer = await this.post(newAccount, {
      termsOfServiceAgreed: true,
      ...(email === null ? {} : { contact: contactOf(email) }),
      ...(eab === null ? {} : { externalAccountBinding: this.#key.bind(eab.kid, eab.secret, newAccount) })
    })
    const { location } = answer.headers
    if (location === undefined) throw new AcmeError('the ACME server made an account without an address')
    this.#account = location
    return { url: location, wasThere: answer.status === 200 }
  }

  /** An existing account keeps its address otherwise (RFC 8555 §7.3.2). Rejects with AcmeError. */
  async changeContact(accountUrl: string, email: string | null): Promise<void> {
    await this.post(accountUrl, { contact: contactOf(email) })
  }

  /** The account is deactivated or revoked, or everything signed with it is refused (RFC 8555 §7.3.6). */
  async isAccountRefused(): Promise<boolean> {
    if (this.#account === null) return false
    try {
      const { value } = await this.ask(this.#account)
      return value.status === 'deactivated' || value.status === 'revoked'
    } catch (error) {
      return error instanceof AcmeError && (error.type === 'unauthorized' || error.type === 'accountDoesNotExist')
    }
  }

  /** An empty payload only reads. Rejects with AcmeError for every status but 2xx. */
  async post(url: string, payload: object | '', accept?: string): Promise<WireAnswer> {
    const { wire } = this.#options
    const { signal } = this
    const key = this.#key
    for (let tries = 0; ; tries++) {
      const nonce = await this.#takeNonce()
      const body = key.sign(payload, { nonce, url, kid: this.#account })
      const answer = await wire.send({ method: 'POST', url, body, ...(accept === undefined ? {} : { accept }) }, signal)
      this.#keepNonce(answer)
      if (answer.status >= 200 && answer.status < 300) return answer
      const refusal = refusalIn(answer)
      if (refusal.type !== 'badNonce' || tries >= maxNonces) throw refusal
    }
  }

  async ask(url: string, payload: object | '' = ''): Promise<{ value: Loose; answer: WireAnswer }> {
    const answer = await this.post(url, payload)
    const value = objectIn(answer.body)
    if (value === null)
      throw new AcmeError(
        `the ACME server answers ${quoted(new URL(url).pathname)} with something that is no JSON object`
      )
    return { value, answer }
  }

  /** This question is unsigned (RFC 9773 §4.1). Null for no usable answer. Rejects with AcmeError. */
  async renewalInfo(
    id: string
  ): Promise<{ window: { start: number; end: number } | null; retryAfterMs: number | null } | null> {
    const { renewalInfo } = this.directory
    if (renewalInfo === null) return null
    const { wire } = this.#options
    const { signal } = this
    const { status, body, retryAfterMs } = await wire.send({ method: 'GET', url: `${renewalInfo}/${id}` }, signal)
    const suggested = status === 200 ? (objectIn(body)?.suggestedWindow as Loose | undefined) : undefined
    const [start, end] = [Date.parse(String(suggested?.start)), Date.parse(String(suggested?.end))]
    return { window: end > start ? { start, end } : null, retryAfterMs }
  }

  async #takeNonce(): Promise<string> {
    const { wire } = this.#options
    const { signal } = this
    let given: WireAnswer | null = null
    if (this.#nonce === null) {
      given = await wire.send({ method: 'HEAD', url: this.directory.newNonce }, signal)
      this.#keepNonce(given)
    }
    const nonce = this.#nonce
    this.#nonce = null
    if (nonce !== null) return nonce
    const { status } = given as WireAnswer
    const how = status >= 400 ? `: it answers ${status}` : ''
    throw new AcmeError(`the ACME server gives no usable nonce${how}`, { retryAfterMs: pauseIn(given as WireAnswer) })
  }

  #keepNonce({ headers }: WireAnswer): void {
    const nonce = headers['replay-nonce']
    this.#nonce = typeof nonce === 'string' && nonceShape.test(nonce) ? nonce : null
  }
}

/** Only with a refusal does `Retry-After` ask for a pause. */
function pauseIn({ status, retryAfterMs }: WireAnswer): number | null {
  return status >= 400 ? retryAfterMs : null
}

function contactOf(email: string | null): string[] {
  return email === null ? [] : [`mailto:${email}`]
}

export type Loose = Readonly<Record<string, unknown>>

function objectIn(body: Buffer): Loose | null {
  try {
    const value: unknown = JSON.parse(body.toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Loose) : null
  } catch {
    return null
  }
}

const prefix = 'urn:ietf:params:acme:error:'
const hints: Readonly<Record<string, string>> = {
  externalAccountRequired: 'set listen.tls.acme.eab to the key that the authority gives you',
  userActionRequired: 'somebody has to agree to new terms at the authority',
  rejectedIdentifier: 'the authority issues no certificate for this name'
}

/** RFC 7807. */
function refusalIn({ status, body, retryAfterMs }: WireAnswer): AcmeError {
  const problem = objectIn(body)
  const type = typeof problem?.type === 'string' ? problem.type.replace(prefix, '') : null
  return new AcmeError(`the ACME server refuses: ${describeProblem(problem) ?? `status ${status}`}`, {
    type,
    retryAfterMs
  })
}

export function describeProblem(problem: unknown): string | null {
  if (typeof problem !== 'object' || problem === null) return null
  const { type, detail, subproblems } = problem as Loose
  if (typeof type !== 'string' && typeof detail !== 'string') return null
  const name = quoted(type).replace(prefix, '')
  const [first] = Array.isArray(subproblems) ? (subproblems as Loose[]) : []
  const more = first === undefined ? '' : `: ${quoted(first?.detail)}`
  const hint = Object.hasOwn(hints, name) ? `; ${hints[name]}` : ''
  return `${quoted(detail) || 'no reason is given'} (${name || 'no type'})${more}${hint}`
}
