/** Binds sign-ins to device keys, and judges what a request shows. */
import { LRUCache } from 'lru-cache'
import { type Clock, clockSkewMs, isCurrent } from '../clock.ts'
import type { Binding } from '../device/binding.ts'
import {
  type BoundCookie,
  type BoundTo,
  boundCookieValue,
  leewaySeconds,
  readBoundCookie
} from '../device/bound-cookie.ts'
import { openChallenge, refreshSecondsFor, registrationSeconds, sealChallenge } from '../device/challenge.ts'
import { type DeviceAlgorithm, deviceKeyOf, thumbprintOf } from '../device/device-key.ts'
import { isSignedBy, readProof } from '../device/device-proof.ts'
import { identifierOf, registrationHeader, sessionIn } from '../device/wire.ts'
import { isFullySignedIn } from '../factor/proof.ts'
import { digestOf } from '../ids.ts'
import type { Keyring } from '../keyring/keyring.ts'
import type { RecentKeyrings } from '../keyring/recent-keyrings.ts'
import type { Store } from '../store/store.ts'
import type { Principal } from './principal.ts'
import { sessionKey, sessionRecord } from './records.ts'
import type { Session } from './session.ts'
import type { SessionCache } from './session-cache.ts'
import type { Sessions } from './sessions.ts'

interface DeviceTerms {
  readonly lifetimeSeconds: number
  /** The hosts whose tokens are bound: those of the apps that ask for it, and the portal's. */
  readonly hosts: ReadonlySet<string>
}

interface DeviceBindingOptions {
  readonly store: Pick<Store, 'add'> & Store
  readonly cache: SessionCache
  readonly sessions: Pick<Sessions, 'standing'>
  readonly keyrings: Pick<RecentKeyrings, 'present' | 'within'>
  readonly clock: Clock
  readonly terms: DeviceTerms
}

type RefusedBecause =
  | 'unreadable'
  | 'unknown_challenge'
  | 'late'
  | 'other_host'
  | 'key'
  | 'signature'
  | 'ended'
  | 'token_replaced'
  | 'bound_already'

interface Granted {
  readonly session: Session
  readonly identifier: string
  readonly cookie: string
  readonly nextChallenge: string
}

export interface RefusedProof {
  readonly kind: 'refused'
  readonly why: RefusedBecause
  readonly session: Session | null
}

type KeyRegistration = (Granted & { readonly kind: 'bound'; readonly alg: DeviceAlgorithm }) | RefusedProof

type Refresh =
  | (Granted & { readonly kind: 'refreshed' })
  /** `first`: no proof was sent. Otherwise the proof is right, and its challenge is used up, over or not ours. */
  | {
      readonly kind: 'challenge'
      readonly why: 'first' | 'spent' | 'late'
      readonly identifier: string
      readonly challenge: string
    }
  | { readonly kind: 'forget'; readonly identifier: string }
  | RefusedProof

/** A request that left its browser before the first cookie of a new key may arrive this late. */
const firstCookieMs = 30_000
const answeredWithinMs = 10_000
const minWaitMs = 100
const maxWaitMs = 3_000
/** A second offer waits until the first has failed, otherwise documents side by side would each cost a signature. */
const offeredAgainAfterMs = 60_000
/** A hand-over accepts a proof of this age, so that tabs that are opened together cost one signature. */
const justProvenMs = 60_000
/** Browsers make six signatures in nine minutes for a whole site, so a host may wait so long for its key. */
const offeredForMs = 15 * 60_000

export class DeviceBinding {
  readonly terms: DeviceTerms
  readonly #options: DeviceBindingOptions
  readonly #offeredAt = new WeakMap<Principal, number>()
  /** The last bound cookie of each principal saves most requests a MAC. */
  readonly #live = new WeakMap<Principal, BoundCookie & { readonly value: string }>()

  /** Keys whose cookie has come, by `nameOfKey`. */
  readonly #shown = new LRUCache<string, true>({ max: 10_000 })

  constructor(options: DeviceBindingOptions) {
    this.#options = options
    this.terms = options.terms
  }

  /** `cookie` is the request's bound cookie. No store is asked. */
  bindingOf(principal: Principal, cookie: string | null): Binding {
    const key = principal.session.devices?.[principal.host]
    if (key === undefined) return 'none'
    if (cookie === null) return 'stale'
    const { keyrings, clock, terms } = this.#options
    const now = clock()
    const { lifetimeSeconds } = terms
    const lifeMs = (lifetimeSeconds + leewaySeconds) * 1000
    const known = this.#live.get(principal)
    if (known?.value === cookie) return isCurrent(known.endsAt, lifeMs, now) ? 'fresh' : 'stale'
    const to = { session: principal.session.id, host: principal.host, thumbprint: thumbprintOf(key) }
    const recent = keyrings.within(lifeMs + clockSkewMs, now)
    const read = readBoundCookie(recent, to, cookie, { lifetimeSeconds, now })
    if (read === null) return 'stale'
    this.#live.set(principal, { value: cookie, ...read })
    if (now - key.at < firstCookieMs) this.#shown.set(nameOfKey(principal, key), true)
    return 'fresh'
  }

  /** True if the bound cookie is at most a minute old. A stolen cookie is soon older, and only the key gets the next one. */
  isJustProven(principal: Principal, cookie: string | null): boolean {
    if (this.bindingOf(principal, cookie) !== 'fresh') return false
    const { provenAt } = this.#live.get(principal) as BoundCookie
    return this.#options.clock() - provenAt < justProvenMs
  }

  /**
   * After how many milliseconds the browser may have a new key's first cookie; 0 if it has shown one. Null for an older key, and where no cookie has come in
   * time.
   */
  firstCookieWait(principal: Principal): number | null {
    const key = principal.session.devices?.[principal.host]
    const now = this.#options.clock()
    if (key === undefined || !isCurrent(key.at + firstCookieMs, firstCookieMs, now)) return null
    if (this.#shown.has(nameOfKey(principal, key))) return 0
    // The clock of the gate that registered the key may be ahead.
    const age = Math.abs(now - key.at)
    // Each wait is as long as the time before, so a browser follows few redirects.
    return age < answeredWithinMs ? Math.min(Math.max(age, minWaitMs), maxWaitMs) : null
  }

  /** Null where nothing is to be bound. */
  offer(principal: Principal): string | null {
    const { session, host, csrfKey, isFullySignedIn: isWhole } = principal
    if (!isWhole || !this.terms.hosts.has(host) || session.devices?.[host] !== undefined) return null
    const { keyrings, clock } = this.#options
    const what = { session: session.id, host, token: csrfKey }
    const endsAt = clock() + registrationSeconds * 1000
    return registrationHeader(sealChallenge(keyrings.present, 'register', what, endsAt))
  }

  /** For a later answer, while the token is young. */
  offerAgain(principal: Principal): string | null {
    const age = this.#ageOf(principal)
    const now = this.#options.clock()
    const since = now - (this.#offeredAt.get(principal) ?? Number.NEGATIVE_INFINITY)
    if (age < offeredAgainAfterMs || age >= offeredForMs || since < offeredAgainAfterMs) return null
    this.#offeredAt.set(principal, now)
    return this.offer(principal)
  }

  isYoung(principal: Principal): boolean {
    return this.#ageOf(principal) < offeredForMs
  }

  async register(host: string, header: string): Promise<KeyRegistration> {
    const { keyrings, clock, store, cache } = this.#options
    const now = clock()
    const proof = readProof(header)
    if (proof === null) return refused('unreadable')
    const challenge = openChallenge(keyrings.present, 'register', proof.jti, registrationSeconds, now)
    if (typeof challenge === 'string') return refused(challenge === 'late' ? 'late' : 'unknown_challenge')
    if (challenge.host !== host || !this.terms.hosts.has(host)) return refused('other_host')
    const key = proof.jwk === null ? null : deviceKeyOf(proof.alg, proof.jwk, now)
    if (key === null) return refused('key')
    if (!isSignedBy(proof, key)) return refused('signature')
    const { session: id, token } = challenge
    const registration = await sessionRecord.change<KeyRegistration>(store, id, session => {
      if (session === null || session.expiresAt <= now || !isFullySignedIn(session.proofs))
        return { result: refused('ended') }
      if (session.tokens[host] !== token) return { result: refused('token_replaced', session) }
      if (session.devices?.[host] !== undefined) return { result: refused('bound_already', session) }
      const next = { ...session, devices: { ...session.devices, [host]: key } }
      return { next, result: { kind: 'bound', alg: key.alg, ...this.#grant(next, host, thumbprintOf(key), now) } }
    })
    cache.forget(sessionKey(id))
    return registration
  }

  /** `header` has the proof. No token is needed, because browsers leave it out of a navigation from elsewhere. */
  async refresh(host: string, identifier: string, header: string | null): Promise<Refresh> {
    const { keyrings, clock, store, terms } = this.#options
    const id = sessionIn(identifier, host)
    if (id === null) return refused('unreadable')
    const session = await this.#bound(id, host)
    const key = session?.devices?.[host]
    if (session === null || key === undefined) return refused('ended')
    const to = { session: id, host, thumbprint: thumbprintOf(key) }
    if (!terms.hosts.has(host)) return { kind: 'forget', identifier: identifierOf(id, host) }
    const now = clock()
    if (header === null) return this.#challenge('first', to, now)
    const proof = readProof(header)
    if (proof === null) return refused('unreadable', session)
    if (!isSignedBy(proof, key)) return refused('signature', session)
    const seconds = refreshSecondsFor(terms.lifetimeSeconds)
    const challenge = openChallenge(keyrings.present, 'refresh', proof.jti, seconds, now)
    const isOurs = typeof challenge !== 'string' && isSame(challenge, to)
    if (!isOurs) return this.#challenge('late', to, now)
    const isFirst = await store.add(spentKey(proof.jti), '', seconds + clockSkewMs / 1000)
    if (!isFirst) return this.#challenge('spent', to, now)
    return { kind: 'refreshed', ...this.#grant(session, host, to.thumbprint, now) }
  }

  /** Another gate's notice about a new key may be under way. */
  async #bound(id: string, host: string): Promise<Session | null> {
    const { sessions, cache } = this.#options
    if ((await sessions.standing(id)) !== 'complete') return null
    const known = await cache.read(sessionKey(id), sessionRecord.parse)
    if (known?.devices?.[host] !== undefined) return known
    cache.forget(sessionKey(id))
    return cache.read(sessionKey(id), sessionRecord.parse)
  }

  #grant(session: Session, host: string, thumbprint: string, now: number): Granted {
    const { keyrings } = this.#options
    const to = { session: session.id, host, thumbprint }
    return {
      session,
      identifier: identifierOf(session.id, host),
      cookie: boundCookieValue(keyrings.present, to, now),
      nextChallenge: this.#seal(keyrings.present, to, now)
    }
  }

  #challenge(why: 'first' | 'spent' | 'late', to: BoundTo, now: number): Refresh {
    const identifier = identifierOf(to.session, to.host)
    return { kind: 'challenge', why, identifier, challenge: this.#seal(this.#options.keyrings.present, to, now) }
  }

  #seal(keyring: Keyring, to: BoundTo, now: number): string {
    return sealChallenge(keyring, 'refresh', to, now + refreshSecondsFor(this.terms.lifetimeSeconds) * 1000)
  }

  #ageOf({ tokenAt }: Principal): number {
    return tokenAt == null ? Number.POSITIVE_INFINITY : this.#options.clock() - tokenAt
  }
}

function nameOfKey({ session, host }: Principal, { at }: { readonly at: number }): string {
  return `${session.id} ${host} ${at}`
}

const spentPrefix = 'device-spent:'

function spentKey(challenge: string): string {
  return spentPrefix + digestOf(challenge)
}

function isSame(one: BoundTo, other: BoundTo): boolean {
  return one.session === other.session && one.host === other.host && one.thumbprint === other.thumbprint
}

function refused(why: RefusedBecause, session: Session | null = null): RefusedProof {
  return { kind: 'refused', why, session }
}
