/**
 * A running gate with people in it, and callers who say whatever they like over HTTP, from any loopback address. Owns cookies, CSRF tokens
 * as the pages show them, factors, and a clock that tests turn; knows no scenario.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import http, { type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http'
import path from 'node:path'
import type { Test } from 'tap'
import type { ProofKind } from '../../src/factor/proof.ts'
import { RecoveryCodes } from '../../src/factor/recovery-code.ts'
import type { Account } from '../../src/identity/account.ts'
import { newId, newToken, tokenDigest } from '../../src/ids.ts'
import type { Principal } from '../../src/session/sessions.ts'
import { AttemptBuckets } from '../../src/throttle/attempt-buckets.ts'
import { Authenticator, type AuthenticatorTraits, type Changes } from '../helpers/authenticator.ts'
import { type GatewayOptions, navigation, type Running, startGateway } from '../helpers/gateway.ts'
import { totpCode } from '../helpers/person.ts'
import { type Script, startUpstream, type Upstream } from '../helpers/upstream.ts'

export const password = 'correct horse battery'

/** `app` has public, key-only and ordinary parts; `other` is for operators. */
const apps = `  - id: app
    title: Notebooks
    url: "http://app.localhost:PORT"
    upstream: "UP"
    rules:
      - { path: /public/**, methods: [GET, HEAD], access: public }
      - { path: /keys/**, access: mfa, factors: [webauthn] }
      - { groups: [researchers], access: mfa }
  - { id: other, title: Exports, url: "http://other.localhost:PORT", upstream: "UP", rules: [{ groups: [operators], access: mfa }] }`

export interface HouseOptions {
  readonly store?: string
  readonly extra?: string
  readonly hasher?: GatewayOptions['hasher']
  readonly script?: Script
}

export interface Told {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Names and values as they came. */
  readonly lines: readonly string[]
  readonly body: string
}

export class House {
  readonly gate: Running
  readonly up: Upstream
  readonly time: Turned
  #fence: Account | undefined
  #fences = 0
  #people = 0
  #hash: string | undefined

  private constructor(gate: Running, up: Upstream, time: Turned) {
    this.gate = gate
    this.up = up
    this.time = time
  }

  static async start(t: Test, options: HouseOptions = {}): Promise<House> {
    const up = await startUpstream(t, options.script)
    const time = new Turned()
    const gate = await startGateway(t, {
      apps: apps.replaceAll('UP', up.origin),
      clock: () => time.now,
      ...(options.extra === undefined ? {} : { extra: options.extra }),
      ...(options.hasher === undefined ? {} : { hasher: options.hasher }),
      ...(options.store === undefined ? {} : { store: options.store })
    })
    return new House(gate, up, time)
  }

  get runtime() {
    return this.gate.server.runtime
  }

  /** `gate.localhost:PORT`, or another name's. */
  host(name = 'gate'): string {
    return `${name}.localhost:${this.gate.port}`
  }

  /** Somebody with a password and, unless told otherwise, an authenticator app. */
  async person(name: string, { factor = true, groups = ['researchers'] } = {}): Promise<Someone> {
    const account = await this.gate.account(name, groups)
    // Hashed once: what it costs is measured elsewhere.
    if (this.#hash === undefined) {
      await this.runtime.local.setPassword(account.id, password)
      this.#hash = (await this.runtime.store.get(`password:${account.id}`)) ?? undefined
    } else await this.runtime.store.put(`password:${account.id}`, this.#hash)
    const someone = new Someone(this, account)
    if (factor) await someone.addTotp()
    return someone
  }

  /** The same, whatever the name. */
  somebody(options?: Parameters<House['person']>[1]): Promise<Someone> {
    return this.person(`person${++this.#people}`, options)
  }

  /** Runs `act`, then fails unless not one byte of it reached an app. */
  async nothingUpstream(t: Test, act: () => Promise<void>, what = 'nothing upstream'): Promise<void> {
    this.#fence ??= await this.gate.account('fence')
    // Anew each time: the clock may have been turned past any session.
    const fence = await new Someone(this, this.#fence).signedIn(['app'])
    const before = this.up.bytes().length
    await act()
    const path = `/fence/${++this.#fences}`
    const seen = this.up.request()
    const { status } = await fence.get(`${this.gate.origin('app')}${path}`)
    if (status !== 200) throw new Error(`the good client was answered ${status}`)
    const bytes = this.up.bytes().subarray(before).toString('latin1')
    t.equal(bytes, (await seen).raw.toString('latin1'), what)
    t.ok(bytes.startsWith(`GET ${path} `), `${what}: and by nothing but its own request`)
  }

  /** The journal as it stands on disk, once everything recorded so far is there. */
  async journal(): Promise<string> {
    await this.runtime.journal.commit({ kind: 'gate.reload', at: this.time.now })
    return readFileSync(path.join(this.gate.folder, 'journal.jsonl'), 'utf8')
  }

  /** All there is in the store, keys and values, as one text. */
  async dump(): Promise<string> {
    let text = ''
    for await (const { key, value } of this.runtime.store.scan('')) text += `${key} ${value}\n`
    for await (const { key, members } of this.runtime.store.scanIndexes(''))
      text += `${key} ${members.map(({ member }) => member).join(' ')}\n`
    return text
  }
}

/** A clock at the start of a TOTP step, close to the real one, that goes only when told. */
export class Turned {
  now = Math.floor(Date.now() / 30_000) * 30_000

  advance(seconds: number): void {
    this.now += seconds * 1000
  }
}

let addresses = 0

/** A loopback address nobody has used. */
export function elsewhere(): string {
  addresses++
  return `127.9.${addresses >> 8}.${addresses & 255 || 254}`
}

export class Someone {
  readonly house: House
  readonly account: Account
  secret = ''
  #near: { key: string; codes: ReadonlySet<string> } = { key: '', codes: new Set() }

  constructor(house: House, account: Account) {
    this.house = house
    this.account = account
  }

  /** As after an enrolment; answers its id. */
  async addTotp(): Promise<string> {
    const { credentials, keyring } = this.house.runtime
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
    this.secret = [...randomBytes(32)].map(byte => alphabet[byte & 31]).join('')
    const id = newId()
    await credentials.add({
      id,
      accountId: this.account.id,
      kind: 'totp',
      name: 'Telephone',
      createdAt: this.house.time.now,
      lastUsedAt: null,
      lastUsedFrom: null,
      disabledAt: null,
      secret: keyring.seal(this.secret, `totp:${id}`),
      algorithm: 'SHA1',
      digits: 6,
      periodSeconds: 30,
      lastStep: 0
    })
    return id
  }

  /** The code of now, or of some steps away. */
  code(steps = 0): string {
    return totpCode(this.secret, this.house.time.now + steps * 30_000)
  }

  /** A code that fits no step anywhere near. */
  wrongCode(n = 0): string {
    const key = `${this.secret} ${this.house.time.now}`
    if (this.#near.key !== key)
      this.#near = { key, codes: new Set(Array.from({ length: 45 }, (_, i) => this.code(i - 22))) }
    const { codes: near } = this.#near
    let code = (n * 7919 + 13) % 1_000_000
    while (near.has(String(code).padStart(6, '0'))) code = (code + 1) % 1_000_000
    return String(code).padStart(6, '0')
  }

  issueCodes(): Promise<string[]> {
    const { store, clock, limiter, keyring } = this.house.runtime
    return new RecoveryCodes({ store, clock, limiter, keyring: () => keyring, count: 10 }).issue(this.account.id)
  }

  /** Addresses from which this person has signed in lately: guesses from each are counted apart. */
  async knownAddresses(count: number): Promise<string[]> {
    const guesses = new AttemptBuckets(this.house.runtime.store)
    const all = Array.from({ length: count }, elsewhere)
    await Promise.all(all.map(address => guesses.remember(this.account.id, { address })))
    return all
  }

  async #acceptedInvitation(): Promise<string> {
    const { invitations } = this.house.runtime
    const token = await invitations.issue(this.account.id)
    await invitations.accept(token)
    return token
  }

  /** A browser that has given these proofs, at the portal or another host. */
  async proved(kinds: readonly ProofKind[], address = elsewhere(), host = this.house.host()): Promise<Caller> {
    const { sessions } = this.house.runtime
    const at = this.house.time.now
    const [first = 'password', ...others] = kinds
    const invitation = kinds.includes('invitation') ? tokenDigest(await this.#acceptedInvitation()) : null
    const entered = await sessions.start({
      accountId: this.account.id,
      proof: { kind: first, at, userVerified: false, ...(invitation === null ? {} : { invitation }) },
      more: others.map(kind => ({ kind, at, userVerified: kind === 'webauthn' })),
      device: { userAgent: 'test', address },
      host
    })
    const caller = new Caller(this.house, address)
    caller.jar(host).set('factorgate', entered.token)
    caller.principal = entered.principal
    return caller
  }

  /** After the password, before the second factor. */
  halfWay(address?: string, host?: string): Promise<Caller> {
    return this.proved(['password'], address, host)
  }

  /** Signed in at the portal and on the hosts of these apps. */
  async signedIn(names: readonly string[] = [], address?: string): Promise<Caller> {
    const caller = await this.proved(['password', 'totp'], address)
    for (const name of names) await caller.goOver(name)
    return caller
  }
}

export interface Said {
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string | Buffer
  /** Instead of what the jar holds. */
  readonly cookie?: string
}

/** A host's cookies. The scenarios call ours by their plain names; behind them stands the host's port (FIELD F6). */
class Jar extends Map<string, string> {
  readonly #port: string

  constructor(port: string) {
    super()
    this.#port = port
  }

  override get(name: string) {
    return super.get(this.#named(name))
  }

  override set(name: string, value: string) {
    return super.set(this.#named(name), value)
  }

  override has(name: string) {
    return super.has(this.#named(name))
  }

  override delete(name: string) {
    return super.delete(this.#named(name))
  }

  #named(name: string): string {
    return this.#port !== '' && /^(?:__Host-)?factorgate(?:-(?:nonce|known|done|codes))?$/.test(name)
      ? `${name}-${this.#port}`
      : name
  }
}

/** A browser, or somebody who claims to be one. Follows nothing by itself. */
export class Caller {
  readonly house: House
  readonly address: string
  principal: Principal | null = null
  /** Of the gate that is asked; another one's where several share a store. */
  port: number
  readonly #jars = new Map<string, Jar>()

  constructor(house: House, address = elsewhere()) {
    this.house = house
    this.address = address
    this.port = house.gate.port
    this.jar().set('factorgate-nonce', newToken())
  }

  jar(host = this.house.host()): Jar {
    const jar = this.#jars.get(host) ?? new Jar(new URL(`http://${host}`).port)
    this.#jars.set(host, jar)
    return jar
  }

  cookie(host = this.house.host()): string {
    return [...this.jar(host)].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  /** The session's token, or '' */
  token(host?: string): string {
    return this.jar(host).get('factorgate') ?? ''
  }

  /** What the hidden field of this browser's forms holds. */
  csrf(): string {
    const nonce = this.jar().get('factorgate-nonce') ?? ''
    const token = this.token()
    return this.house.runtime.keyring.mac('csrf', `${nonce}.${token === '' ? '-' : tokenDigest(token)}`)
  }

  /** One request. `url` is absolute, or a path at the portal; its bytes are sent as they are. */
  send(method: string, url: string, said: Said = {}): Promise<Told> {
    const absolute = url.startsWith('/') ? this.house.gate.portal + url : url
    const [, host = '', path = '/'] = /^https?:\/\/([^/?#]*)(.*)$/s.exec(absolute) ?? []
    const cookie = said.cookie ?? this.cookie(host)
    return new Promise((resolve, reject) => {
      const request = http.request(
        {
          host: '127.0.0.1',
          port: this.port,
          localAddress: this.address,
          method,
          path: path || '/',
          agent: false,
          headers: {
            host,
            ...(cookie === '' ? {} : { cookie }),
            ...(said.body === undefined ? {} : { 'content-length': Buffer.byteLength(said.body) }),
            ...said.headers
          }
        },
        response => {
          const parts: Buffer[] = []
          response
            .on('data', part => parts.push(part))
            .on('error', reject)
            .on('end', () => {
              this.#keep(host, response.headers['set-cookie'] ?? [])
              const { rawHeaders, headers, statusCode = 0 } = response
              const lines = rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${rawHeaders[i + 1]}`] : []))
              resolve({ status: statusCode, headers, lines, body: Buffer.concat(parts).toString() })
            })
        }
      )
      request.on('error', reject).end(said.body)
    })
  }

  #keep(host: string, lines: readonly string[]): void {
    for (const line of lines) {
      const [pair = ''] = line.split(';', 1)
      const cut = pair.indexOf('=')
      if (/;\s*max-age=0\b/i.test(line)) this.jar(host).delete(pair.slice(0, cut))
      else this.jar(host).set(pair.slice(0, cut), pair.slice(cut + 1))
    }
  }

  /** A navigation. */
  get(url: string, headers: OutgoingHttpHeaders = {}): Promise<Told> {
    return this.send('GET', url, { headers: { ...navigation, ...headers } })
  }

  /** One of our forms, its CSRF token filled in unless `fields` says otherwise. */
  post(path: string, fields: Readonly<Record<string, string>> = {}, headers: OutgoingHttpHeaders = {}): Promise<Told> {
    return this.send('POST', path, {
      headers: { ...navigation, 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams({ csrf: this.csrf(), ...fields }).toString()
    })
  }

  /** JSON as the page's script sends it. */
  json(path: string, value: object = {}): Promise<Told> {
    return this.send('POST', path, {
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      body: JSON.stringify({ csrf: this.csrf(), ...value })
    })
  }

  signIn(username: string, secret = password): Promise<Told> {
    return this.post('/.factorgate/login', { username, password: secret })
  }

  totp(code: string, query = ''): Promise<Told> {
    return this.post(`/.factorgate/challenge/totp${query}`, { code })
  }

  recovery(code: string): Promise<Told> {
    return this.post('/.factorgate/challenge/recovery', { code })
  }

  /** From the portal to an app's host, which this browser then has a cookie for. */
  async goOver(name: string): Promise<Told> {
    const origin = this.house.gate.origin(name)
    const away = await this.get(`${origin}/`)
    const back = await this.get(away.headers.location ?? '')
    return this.get(back.headers.location ?? '')
  }

  /** Begins a ceremony. */
  async options(purpose: Purpose, query = ''): Promise<Begun> {
    const answer = await this.json(`/.factorgate/webauthn/options?for=${purpose}${query}`)
    if (answer.status !== 200) throw new Error(`no ${purpose} ceremony: ${answer.status} ${answer.body}`)
    return JSON.parse(answer.body)
  }

  /** Ends one. */
  verify(purpose: Purpose, ceremony: unknown, response: unknown, query = ''): Promise<Told> {
    return this.json(`/.factorgate/webauthn/verify?for=${purpose}${query}`, { ceremony, response, name: 'Key' })
  }

  /** A whole assertion with these changes. */
  async assert(purpose: 'login' | 'challenge', key: Authenticator, changes: Changes = {}): Promise<Told> {
    const { ceremony, options } = await this.options(purpose)
    return this.verify(purpose, ceremony, key.assert(options, changes))
  }

  /** A whole enrolment, with these changes. */
  async enrol(key: Authenticator, changes: Changes = {}): Promise<Told> {
    const { ceremony, options } = await this.options('enrol')
    return this.verify('enrol', ceremony, key.register(options, changes))
  }
}

export type Purpose = 'login' | 'challenge' | 'enrol'

export interface Begun {
  readonly ceremony: string
  readonly options: {
    readonly challenge: string
    readonly rpId?: string
    readonly rp: { readonly id?: string }
    readonly user: { readonly id: string }
    readonly allowCredentials?: { id: string }[]
    readonly excludeCredentials?: { id: string }[]
    readonly userVerification?: string
  }
}

/** A key whose pages are the portal's. */
export function newKey(house: House, traits: AuthenticatorTraits = {}): Authenticator {
  return new Authenticator({ origin: house.gate.portal, ...traits })
}

/** How often each status came. */
export function tally(answers: readonly Told[]): Record<number, number> {
  const counts: Record<number, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

/** The code of a refusal of ours. */
export const codeOf = (answer: Told): string => String(answer.headers['factorgate-error'] ?? '')

/** Where an answer leads, without a hand-over code and without the query. */
export const leadsTo = (answer: Told): string => (answer.headers.location ?? '').split('?')[0] as string
