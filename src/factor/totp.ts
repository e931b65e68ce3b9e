/** TOTP (RFC 6238) with otplib. Each time step is accepted once (§5.2). */
import { randomBytes } from 'node:crypto'
import { generateURI, ScureBase32Plugin, verifySync } from 'otplib'
import type { Clock } from '../clock.ts'
import { newId } from '../ids.ts'
import type { Keyring } from '../keyring/keyring.ts'
import type { Store } from '../store/store.ts'
import { AttemptBuckets, type Origin } from '../throttle/attempt-buckets.ts'
import type { AttemptLimiter } from '../throttle/attempt-limiter.ts'
import { ConsecutiveFailures } from '../throttle/consecutive-failures.ts'
import { Ceremonies, type CeremonyOwner, ceremonyRecord } from './ceremony.ts'
import { clockOffset } from './clock-offset.ts'
import { type Credentials, credentialName, type TotpCredential } from './credential.ts'
import { credentialsPerKind, type EnrolmentResult, type Verification } from './factor.ts'
import { keyUriName } from './key-uri-name.ts'
import { typedSigns } from './typed-code.ts'

export type TotpAlgorithm = TotpCredential['algorithm']

export interface TotpOptions {
  readonly store: Store
  readonly clock: Clock
  readonly keyring: () => Keyring
  readonly credentials: Credentials
  readonly limiter: AttemptLimiter
  readonly issuer: string
  readonly algorithm: TotpAlgorithm
  readonly digits: 6 | 7 | 8
  /** Seconds per step; at most 120 (NIST SP 800-63B-4 §3.1.4). */
  readonly period: number
  /** Steps accepted before and after the present one; 0 for ASVS 6.5.5. */
  readonly skew: 0 | 1
  /** Called at most once in ten minutes. The clock is this many seconds before a used code. */
  readonly onClockBack?: (seconds: number) => void
  readonly random?: (bytes: number) => Buffer
}

/** Shown during enrolment only (THREATS M4). */
export interface TotpSetup {
  readonly ceremony: string
  /** Base32 without padding. */
  readonly secret: string
  /** `otpauth://` for the QR code. */
  readonly uri: string
  readonly digits: number
}

/** As long as the hash (RFC 6238 §5.1, RFC 4226 §4 R6). */
const secretBytes: Readonly<Record<TotpAlgorithm, number>> = { SHA1: 20, SHA256: 32, SHA512: 64 }
const ceremonySeconds = 10 * 60
/** The tolerance of the clock message: twenty steps, or otplib's limit of 49 minutes. */
const nearbySteps = (periodSeconds: number) => Math.min(20, Math.floor(1470 / periodSeconds))
/** After so many failures the page mentions clocks. */
const failuresToWonderAfter = 3
/** The interval of the news about a clock, in milliseconds. */
const clockNewsMs = 10 * 60_000
const base32 = new ScureBase32Plugin()

/** It holds the parameters, otherwise a reload would invalidate a shown QR code. */
interface Pending extends CeremonyOwner, Pick<TotpCredential, 'secret' | 'algorithm' | 'digits' | 'periodSeconds'> {
  readonly accountId: string
  readonly credentialId: string
  readonly accountName: string
}

export const totpCeremony = ceremonyRecord<Pending>(
  'totp',
  record =>
    [record.credentialId, record.accountName, record.secret, record.algorithm].every(
      field => typeof field === 'string'
    ) && [record.digits, record.periodSeconds].every(field => typeof field === 'number')
)

export class Totp {
  readonly #options: TotpOptions
  readonly #store: Store
  readonly #ceremonies: Ceremonies<Pending>
  readonly #guesses: AttemptBuckets
  readonly #failures: ConsecutiveFailures
  #clockNewsAt: number | null = null

  constructor(options: TotpOptions) {
    if (options.skew !== 0 && options.skew !== 1) throw new RangeError('a TOTP skew is 0 or 1')
    if (!(options.period >= 15 && options.period <= 120)) throw new RangeError('a TOTP period has 15 to 120 seconds')
    this.#options = options
    this.#store = options.store
    this.#ceremonies = new Ceremonies(options, totpCeremony, ceremonySeconds)
    this.#guesses = new AttemptBuckets(options.store)
    this.#failures = new ConsecutiveFailures(options.store)
  }

  async open(account: { id: string; name: string }, binding: string): Promise<TotpSetup> {
    const owner = { accountId: account.id, binding }
    const waiting = await this.#ceremonies.current(owner)
    if (waiting !== null) return this.#setupOf(waiting.ceremony, waiting.details)
    const drawn = await this.#draw(account, binding)
    const stands = await this.#ceremonies.makeCurrent(owner, drawn.ceremony)
    return stands === null ? drawn : this.#setupOf(stands.ceremony, stands.details)
  }

  /** The enrolment lasts ten minutes, and ends the session's earlier one. */
  async begin(account: { id: string; name: string }, binding: string): Promise<TotpSetup> {
    const owner = { accountId: account.id, binding }
    const waiting = await this.#ceremonies.current(owner)
    if (waiting !== null) await this.#ceremonies.take(waiting.ceremony, owner)
    const drawn = await this.#draw(account, binding)
    const stands = await this.#ceremonies.makeCurrent(owner, drawn.ceremony)
    return stands === null ? drawn : this.#setupOf(stands.ceremony, stands.details)
  }

  async #draw(account: { id: string; name: string }, binding: string): Promise<TotpSetup> {
    const { algorithm, digits, period, random = randomBytes, keyring } = this.#options
    const credentialId = newId()
    const secret = base32.encode(random(secretBytes[algorithm]), { padding: false })
    const pending: Pending = {
      accountId: account.id,
      binding,
      credentialId,
      accountName: account.name,
      secret: keyring().seal(secret, contextOf(credentialId)),
      algorithm,
      digits,
      periodSeconds: period
    }
    return this.#setup(await this.#ceremonies.begin(pending), pending, secret)
  }

  /** For the page after a wrong code. Null if it is over or another person's. */
  async resume(ceremony: string, accountId: string, binding: string): Promise<TotpSetup | null> {
    const pending = await this.#ceremonies.look(ceremony, { accountId, binding })
    return pending === null ? null : this.#setupOf(ceremony, pending)
  }

  /** This session finished it, as when a form is sent twice. */
  async isFinished(ceremony: string, accountId: string, binding: string): Promise<boolean> {
    return this.#ceremonies.isFinished(ceremony, { accountId, binding })
  }

  /** Spends the first code. A wrong code keeps the enrolment pending. The default name is `totp`. */
  async finish(input: {
    accountId: string
    binding: string
    ceremony: string
    code: string
    name: string
    address: string
  }): Promise<Exclude<EnrolmentResult, { kind: 'unfit' }>> {
    const { accountId, ceremony, binding } = input
    const pending = await this.#ceremonies.look(ceremony, { accountId, binding })
    if (pending === null) return { kind: 'expired' }
    const reservation = await this.#options.limiter.reserve([{ kind: 'factor', key: `totp-enrol:${accountId}` }])
    if (reservation.kind === 'throttled') return reservation
    const code = readCode(input.code)
    const step = this.#stepOf({ ...pending, id: pending.credentialId }, code, this.#options.skew)
    if (step === null)
      return { kind: 'refused', clockOffsetSeconds: this.#offsetOf(pending, code), ...(await reservation.wait?.()) }
    if ((await this.#ofAccount(accountId)).length >= credentialsPerKind)
      return { kind: 'refused', clockOffsetSeconds: null, ...(await reservation.wait?.()) }
    // Only one of two parallel forms enrols.
    if ((await this.#ceremonies.take(ceremony, { accountId, binding })) === null) return { kind: 'expired' }
    const credential: TotpCredential = {
      id: pending.credentialId,
      accountId,
      kind: 'totp',
      name: credentialName(input.name, 'totp'),
      createdAt: this.#options.clock(),
      lastUsedAt: null,
      lastUsedFrom: null,
      disabledAt: null,
      secret: pending.secret,
      algorithm: pending.algorithm,
      digits: pending.digits,
      periodSeconds: pending.periodSeconds,
      lastStep: step
    }
    await this.#options.credentials.add(credential)
    await Promise.all([reservation.succeeded(), this.#ceremonies.finish(ceremony, { accountId, binding })])
    return { kind: 'enrolled', credential }
  }

  /** Counts the attempt first, then tries each TOTP credential of the person. */
  async verify(input: Origin & { accountId: string; code: string }): Promise<Verification> {
    const { accountId, address } = input
    const reservation = await this.#options.limiter.reserve(await this.#guesses.buckets({ ...input, what: 'totp' }))
    if (reservation.kind === 'throttled') return reservation
    const code = readCode(input.code)
    const counted: { credential: TotpCredential; isLast: boolean }[] = []
    for (const credential of await this.#ofAccount(accountId)) {
      if (credential.disabledAt !== null) continue
      const count = await this.#failures.count(credential.id)
      if (count !== null) counted.push({ credential, isLast: count.isLast })
      else await this.#options.credentials.disable(accountId, credential.id)
    }
    const used = await this.#use(
      counted.map(({ credential }) => credential),
      code,
      address
    )
    if (used !== null) {
      const others = counted.filter(({ credential }) => credential.id !== used.id)
      await Promise.all([
        // An unconfirmed write could be lost in a failover, which restores the code.
        this.#store.settle?.(),
        this.#failures.clear(used.id),
        ...others.map(({ credential }) => this.#failures.giveBack(credential.id)),
        reservation.succeeded()
      ])
      const { id: credentialId, name } = used
      return { kind: 'verified', accountId, factor: 'totp', credentialId, credentialName: name, userVerified: false }
    }
    let isNearby = false
    let goodAgainAt = 0
    for (const { credential, isLast } of counted) {
      if (isLast) await this.#options.credentials.disable(accountId, credential.id)
      if (await this.#isNearby(credential, code)) isNearby = true
      goodAgainAt = Math.max(goodAgainAt, this.#blockedUntil(credential))
    }
    // It does not depend on the typed code, so nobody learns about that.
    if (goodAgainAt > 0) return { kind: 'refused', code: 'clock_back', goodAgainAt }
    const wait = await reservation.wait?.()
    return isNearby || reservation.failures >= failuresToWonderAfter
      ? { kind: 'refused', code: 'clock', ...wait }
      : { kind: 'refused', ...wait }
  }

  async #ofAccount(accountId: string): Promise<TotpCredential[]> {
    const all = await this.#options.credentials.list(accountId)
    return all.filter(credential => credential.kind === 'totp')
  }

  /** Null if no credential accepts the code. */
  async #use(
    credentials: readonly TotpCredential[],
    code: string | null,
    address: string
  ): Promise<TotpCredential | null> {
    const at = this.#options.clock()
    for (const credential of credentials) {
      const step = this.#stepOf(credential, code, this.#options.skew, credential.lastStep)
      if (step === null || !(await this.#spend(credential, step))) continue
      // A parallel request may have used a later step.
      const used = await this.#options.credentials.update(credential.accountId, credential.id, now =>
        now.kind === 'totp' && now.disabledAt === null && now.lastStep < step
          ? { ...now, lastStep: step, lastUsedAt: at, lastUsedFrom: address }
          : null
      )
      if (used !== null) return used
    }
    return null
  }

  /** In milliseconds; zero unless the clock was set back to before a used code. */
  #blockedUntil({ lastStep, periodSeconds }: TotpCredential): number {
    const { clock, skew, onClockBack } = this.#options
    const now = clock()
    const behind = lastStep - Math.floor(now / 1000 / periodSeconds) - skew
    if (behind <= 0) return 0
    const isNews = this.#clockNewsAt === null || Math.abs(now - this.#clockNewsAt) >= clockNewsMs
    if (isNews) {
      this.#clockNewsAt = now
      onClockBack?.(behind * periodSeconds)
    }
    return (lastStep + 1 - skew) * periodSeconds * 1000
  }

  /** The offset in seconds, or null. Only a person who was shown the secret gets it. */
  #offsetOf(pending: Pending, code: string | null): number | null {
    if (code === null) return null
    const secret = base32.decode(this.#open(pending.secret, pending.credentialId))
    return clockOffset(secret, code, this.#options.clock(), pending)
  }

  /** True for the one caller who spends this step. */
  #spend({ id, periodSeconds }: TotpCredential, step: number): Promise<boolean> {
    const untilSeconds = (step + this.#options.skew + 1) * periodSeconds - this.#options.clock() / 1000
    return this.#store.add(`totp-step:${id}:${step}`, '1', untilSeconds + periodSeconds)
  }

  /** The code is spent, otherwise a guesser would learn that it will be valid. */
  async #isNearby(credential: TotpCredential, code: string | null): Promise<boolean> {
    const step = this.#stepOf(credential, code, nearbySteps(credential.periodSeconds))
    if (step === null) return false
    const present = Math.floor(this.#options.clock() / 1000 / credential.periodSeconds)
    if (Math.abs(step - present) <= this.#options.skew) return false
    return step < present || this.#spend(credential, step)
  }

  /** Within `tolerance` steps and after `after`; else null. */
  #stepOf(
    credential: Pick<TotpCredential, 'id' | 'secret' | 'algorithm' | 'digits' | 'periodSeconds'>,
    code: string | null,
    tolerance: number,
    after?: number
  ): number | null {
    const { algorithm, digits, periodSeconds: period } = credential
    if (code?.length !== digits) return null
    const secret = base32.decode(this.#open(credential.secret, credential.id))
    try {
      const result = verifySync({
        secret,
        token: code,
        algorithm: algorithm.toLowerCase() as Lowercase<TotpAlgorithm>,
        digits: digits as 6 | 7 | 8,
        period,
        epoch: Math.floor(this.#options.clock() / 1000),
        epochTolerance: tolerance * period,
        ...(after === undefined ? {} : { afterTimeStep: after })
      })
      // `{ valid: false }` is truthy (THREATS 0.12).
      return result.valid === true && 'timeStep' in result ? result.timeStep : null
    } catch {
      // otplib throws after the clock was set back.
      return null
    }
  }

  #setupOf(ceremony: string, pending: Pending): TotpSetup {
    return this.#setup(ceremony, pending, this.#open(pending.secret, pending.credentialId))
  }

  #setup(ceremony: string, pending: Pending, secret: string): TotpSetup {
    const uri = generateURI({
      issuer: keyUriName(this.#options.issuer, 'Factorgate'),
      label: keyUriName(pending.accountName, 'account'),
      secret,
      algorithm: pending.algorithm.toLowerCase() as Lowercase<TotpAlgorithm>,
      digits: pending.digits as 6 | 7 | 8,
      period: pending.periodSeconds
    })
    return { ceremony, secret, uri, digits: pending.digits }
  }

  #open(sealed: string, credentialId: string): string {
    return this.#options.keyring().open(sealed, contextOf(credentialId))
  }
}

/** The digits of a typed code, in any script, or null. */
export function readCode(typed: unknown): string | null {
  const digits = typedSigns(typed)
  return digits !== null && /^[0-9]{6,8}$/.test(digits) ? digits : null
}

export function contextOf(credentialId: string): string {
  return `totp:${credentialId}`
}
