/** WebAuthn (W3C Level 3) with @simplewebauthn/server, and the steps of §7 that it leaves to the relying party. */
import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { newId } from '../ids.ts'
import type { Keyring } from '../keyring/keyring.ts'
import { networkLevels } from '../request/network-levels.ts'
import type { Store } from '../store/store.ts'
import { AttemptBuckets, type Origin } from '../throttle/attempt-buckets.ts'
import { type AttemptLimiter, type Reservation, refusedBy } from '../throttle/attempt-limiter.ts'
import { ConsecutiveFailures } from '../throttle/consecutive-failures.ts'
import { type AuthenticatorType, authenticatorTypeOf, modelName } from './authenticator-names.ts'
import { Ceremonies } from './ceremony.ts'
import { type Credential, type Credentials, credentialName, type WebauthnCredential } from './credential.ts'
import { isStrictEcdsaSignature } from './ecdsa-signature.ts'
import { credentialsPerKind, type EnrolmentResult, type Verification } from './factor.ts'
import type { FactorNotice } from './factor-notice.ts'
import { isUnknownPasskey, passkeySignals } from './passkey-signals.ts'
import { SealedCeremonies } from './sealed-ceremony.ts'
import {
  algorithms,
  browserParts,
  ecdsaAlgorithms,
  helpers,
  library,
  orNothing,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON
} from './webauthn-library.ts'
import { type Misfit, misfitOf, type WebauthnPolicy } from './webauthn-policy.ts'
import { checkRegistration } from './webauthn-registration.ts'
import {
  type AuthenticationResponse,
  isSameOriginCeremony,
  readAuthentication,
  readRegistration
} from './webauthn-response.ts'
import { type Assertion, afterAssertion, mayAnswer, type Pending, webauthnCeremony } from './webauthn-rules.ts'

type UserVerification = 'required' | 'preferred' | 'discouraged'

export interface WebauthnOptions {
  readonly store: Store
  readonly clock: Clock
  readonly keyring: () => Keyring
  readonly credentials: Credentials
  readonly limiter: AttemptLimiter
  readonly rpId: string
  readonly rpName: string
  /** The exact origins of a ceremony. */
  readonly origins: readonly string[]
  readonly userVerification: UserVerification
  /** With `none` the browser asks one question less. */
  readonly attestation: 'none' | 'direct' | 'enterprise'
  /** Default: every authenticator fits. */
  readonly policy?: WebauthnPolicy | null
  /** The assertion is refused, since the authenticator may be copied. */
  readonly onCounterRegress?: (notice: FactorNotice) => void
  readonly random?: (bytes: number) => Buffer
}

/** NIST SP 800-63B-4 and ASVS 6.7.2 require 64 bits, WebAuthn L3 §13.4.3 128. */
const challengeBytes = 32
const ceremonySeconds = 5 * 60

interface AnswerInput extends Origin {
  readonly binding: string
  readonly ceremony: string
  readonly response: unknown
}

interface Answered {
  readonly response: AuthenticationResponse
  readonly credential: WebauthnCredential
  readonly pending: Pending
  readonly reservation: Extract<Reservation, { kind: 'allowed' }>
}

type Refused = Exclude<Verification, { kind: 'verified' }>

export class Webauthn {
  readonly #options: WebauthnOptions
  readonly #ceremonies: Ceremonies<Pending>
  readonly #sealed: SealedCeremonies
  readonly #guesses: AttemptBuckets
  readonly #failures: ConsecutiveFailures

  constructor(options: WebauthnOptions) {
    this.#options = options
    this.#ceremonies = new Ceremonies(options, webauthnCeremony, ceremonySeconds)
    this.#sealed = new SealedCeremonies({ ...options, seconds: ceremonySeconds })
    this.#guesses = new AttemptBuckets(options.store)
    this.#failures = new ConsecutiveFailures(options.store)
  }

  /** §7.1 step 1. The person's keys are excluded, so that no key counts twice. */
  async registrationOptions(
    account: { id: string; name: string; displayName: string },
    binding: string
  ): Promise<{ ceremony: string; options: PublicKeyCredentialCreationOptionsJSON }> {
    const { rpId, rpName, attestation, userVerification } = this.#options
    const own = await this.#ofAccount(account.id)
    const { generateRegistrationOptions } = await library()
    const options = await generateRegistrationOptions({
      rpID: rpId,
      rpName,
      userID: new Uint8Array(Buffer.from(account.id, 'base64url')),
      userName: account.name,
      userDisplayName: account.displayName,
      challenge: this.#challenge(),
      timeout: ceremonySeconds * 1000,
      attestationType: attestation,
      // A key that the policy refuses may be enrolled again.
      excludeCredentials: own.filter(one => this.misfitOf(one) === null).map(describe),
      authenticatorSelection: { residentKey: 'preferred', userVerification },
      supportedAlgorithmIDs: algorithms
    })
    // Browsers then begin with the dialogue for a separate key.
    if (this.#options.policy?.refusesSynced) options.hints = ['security-key']
    const ceremony = await this.#begin('enrol', account.id, binding, options.challenge, null)
    return { ceremony, options }
  }

  async isEnrolling(accountId: string, binding: string, ceremony: unknown): Promise<boolean> {
    return (await this.#ceremonies.look(ceremony, { accountId, binding }))?.purpose === 'enrol'
  }

  /** Always spends the challenge. The default name is the code of the type. */
  async register(input: {
    account: { id: string; name: string; displayName: string }
    binding: string
    ceremony: string
    response: unknown
    /** The name, or a function of model (null if unknown) and type. */
    name: string | ((model: string | null, sort: AuthenticatorType) => string)
    address: string
  }): Promise<EnrolmentResult> {
    const { account, binding, name } = input
    const { credentials, clock, limiter } = this.#options
    const reservation = await limiter.reserve([{ kind: 'factor', key: `webauthn-enrol:${account.id}` }])
    if (reservation.kind === 'throttled') return reservation
    const pending = await this.#ceremonies.take(input.ceremony, { accountId: account.id, binding })
    if (pending?.purpose !== 'enrol') {
      await reservation.released()
      return { kind: 'expired' }
    }
    const response = readRegistration(input.response)
    const found =
      response === null
        ? null
        : await checkRegistration(response, this.#expected(pending), this.#options.policy?.anchors ?? [], clock())
    if (found === null || (await this.#ofAccount(account.id)).length >= credentialsPerKind)
      return refusedBy(reservation)
    const model = modelName(found.aaguid)
    const why = misfitOf(this.#options.policy ?? null, found)
    if (why !== null) {
      await reservation.released()
      return { kind: 'unfit', why, model }
    }
    const sort = authenticatorTypeOf(found)
    const credential: WebauthnCredential = {
      ...found,
      id: newId(),
      accountId: account.id,
      kind: 'webauthn',
      name: credentialName(typeof name === 'string' ? name : name(model, sort), model ?? sort),
      createdAt: clock(),
      lastUsedAt: null,
      lastUsedFrom: null,
      disabledAt: null
    }
    // One person alone gets this id (§7.1 step 26).
    if (!(await credentials.add(credential))) return refusedBy(reservation)
    await reservation.succeeded()
    return { kind: 'enrolled', credential }
  }

  /** Null if the policy takes it, and for other factors. */
  misfitOf(credential: Credential): Misfit | null {
    return credential.kind === 'webauthn' ? misfitOf(this.#options.policy ?? null, credential) : null
  }

  readonly signalsFor = (account: { id: string; name: string; displayName: string }) =>
    passkeySignals(this.#options, account)
  readonly isUnknown = (answer: unknown) => isUnknownPasskey(this.#options.credentials, answer)

  /** `accountId` null accepts any passkey. */
  async authenticationOptions(input: {
    accountId: string | null
    binding: string
  }): Promise<{ ceremony: string; options: PublicKeyCredentialRequestOptionsJSON }> {
    const { accountId, binding } = input
    const own = accountId === null ? [] : await this.#ofAccount(accountId)
    const usable = own.filter(one => one.disabledAt === null && this.misfitOf(one) === null)
    const { generateAuthenticationOptions } = await library()
    const options = await generateAuthenticationOptions({
      rpID: this.#options.rpId,
      challenge: this.#challenge(),
      timeout: ceremonySeconds * 1000,
      allowCredentials: usable.map(describe),
      userVerification: accountId === null ? 'required' : this.#options.userVerification
    })
    const allowed = accountId === null ? null : usable.map(({ credentialId }) => credentialId)
    const purpose = accountId === null ? 'login' : 'challenge'
    const ceremony = await this.#begin(purpose, accountId, binding, options.challenge, allowed)
    return { ceremony, options }
  }

  /** Always spends the challenge. Without `accountId` the passkey must have verified its user. The caller checks the account. */
  async authenticate(input: AnswerInput & { accountId: string | null }): Promise<Verification> {
    const { accountId, address } = input
    const answer = accountId === null ? await this.#answerOfNobody(input) : await this.#answerOf(accountId, input)
    if ('kind' in answer) return answer
    const { response, credential, pending, reservation } = answer
    if (!mayAnswer(credential, response.userHandle, pending)) return refusedBy(reservation)
    // Failures count only after a first factor, otherwise anybody who knows the id could disable the credential.
    const count = accountId === null ? { isLast: false } : await this.#failures.count(credential.id)
    const used = count === null ? null : await this.#use(credential, response, pending, address)
    if (used === null) {
      if (count === null || count.isLast) await this.#options.credentials.disable(credential.accountId, credential.id)
      return refusedBy(reservation)
    }
    // An unconfirmed write could be lost in a failover, which restores counter and challenge.
    await Promise.all([this.#options.store.settle?.(), this.#failures.clear(credential.id), reservation.succeeded()])
    const why = this.misfitOf(credential)
    if (why !== null) return { kind: 'unfit', accountId: credential.accountId, why }
    return {
      kind: 'verified',
      accountId: credential.accountId,
      factor: 'webauthn',
      credentialId: credential.id,
      credentialName: credential.name,
      userVerified: used.userVerified
    }
  }

  /** An answer beside a first factor. It counts the attempt first, and spends the challenge. */
  async #answerOf(accountId: string, input: AnswerInput): Promise<Answered | Refused> {
    const reservation = await this.#options.limiter.reserve(
      await this.#guesses.buckets({ ...input, what: 'webauthn', accountId })
    )
    if (reservation.kind === 'throttled') return reservation
    const pending = await this.#ceremonies.take(input.ceremony, { accountId, binding: input.binding })
    const response = readAuthentication(input.response)
    if (pending === null || pending.purpose === 'enrol' || response === null) return refusedBy(reservation)
    const credential = await this.#options.credentials.byCredentialId(response.id)
    return credential === null ? refusedBy(reservation) : { response, credential, pending, reservation }
  }

  /** An answer before sign-in. It counts by credential and network, otherwise invalid answers would stop everybody at an address. */
  async #answerOfNobody(input: AnswerInput): Promise<Answered | Refused> {
    const response = readAuthentication(input.response)
    const pending = this.#sealed.look(input.ceremony, input.binding)
    const credential = response === null ? null : await this.#options.credentials.byCredentialId(response.id)
    if (pending === null) return { kind: 'refused' }
    // Bounds the verifications and spent challenges of one network.
    const { site, provider } = networkLevels(input.address)
    const reserve = (key: string) => this.#options.limiter.reserve([{ kind: 'passkey', key }])
    if (response === null || credential === null) {
      // This counts by provider, since 65,536 sites would make as many buckets.
      if ((await reserve(`nobody@${provider}`)).kind === 'allowed') await this.#sealed.spend(pending)
      return { kind: 'refused' }
    }
    const reservation = await reserve(`${credential.id}@${site}`)
    // A throttled answer spends and stores nothing.
    if (reservation.kind === 'throttled') return reservation
    if (!(await this.#sealed.spend(pending))) return refusedBy(reservation)
    return { response, credential, pending, reservation }
  }

  /** §7.2 steps 7 to 24. Null for any refusal. The record is changed last. */
  async #use(
    credential: WebauthnCredential,
    response: AuthenticationResponse,
    pending: Pending,
    address: string
  ): Promise<Assertion | null> {
    const assertion = await this.#checkAssertion(credential, response, pending)
    if (assertion === null) return null
    const { accountId, id, name } = credential
    const at = this.#options.clock()
    let hasGoneBack = false
    const used = await this.#options.credentials.update(accountId, id, now => {
      const next = afterAssertion(now, assertion, pending.purpose)
      hasGoneBack = next === 'counter_went_back'
      return typeof next === 'string' ? null : { ...next, lastUsedAt: at, lastUsedFrom: address }
    })
    if (used === null && hasGoneBack)
      this.#options.onCounterRegress?.({ at, accountId, factor: 'webauthn', credentialId: id, credentialName: name })
    return used === null ? null : assertion
  }

  async #checkAssertion(
    credential: WebauthnCredential,
    response: AuthenticationResponse,
    pending: Pending
  ): Promise<Assertion | null> {
    if (!isSameOriginCeremony(response.clientData)) return null
    const { id, clientDataJSON, authenticatorData, signature } = response
    const publicKey = new Uint8Array(Buffer.from(credential.publicKey, 'base64url'))
    const { verifyAuthenticationResponse } = await library()
    const { verified, authenticationInfo: info } = await orNothing(async () => {
      const { cose: labels, decodeCredentialPublicKey } = await helpers()
      const algorithm = decodeCredentialPublicKey(publicKey).get(labels.COSEKEYS.alg)
      if (ecdsaAlgorithms.includes(algorithm) && !isStrictEcdsaSignature(Buffer.from(signature, 'base64url')))
        return null
      return verifyAuthenticationResponse({
        response: {
          ...browserParts(id),
          response: { clientDataJSON, authenticatorData, signature }
        },
        ...this.#expected(pending),
        // 0 disables the library's check; the gate compares with the current record.
        credential: { id, publicKey, counter: 0 }
      })
    })
    if (verified !== true || info === undefined) return null
    return {
      counter: info.newCounter,
      userVerified: info.userVerified,
      backupEligible: info.credentialDeviceType === 'multiDevice',
      backedUp: info.credentialBackedUp
    }
  }

  #expected(pending: Pending) {
    return {
      expectedChallenge: pending.challenge,
      expectedOrigin: [...this.#options.origins],
      expectedRPID: this.#options.rpId,
      requireUserVerification: pending.requireUserVerification
    }
  }

  async #begin(
    purpose: Pending['purpose'],
    accountId: string | null,
    binding: string,
    challenge: string,
    allowed: Pending['allowed']
  ): Promise<string> {
    const requireUserVerification = purpose === 'login' || this.#options.userVerification === 'required'
    const pending = { purpose, accountId, binding, challenge, requireUserVerification, allowed }
    return accountId === null ? this.#sealed.begin(pending) : this.#ceremonies.begin(pending)
  }

  #challenge(): Uint8Array<ArrayBuffer> {
    return new Uint8Array((this.#options.random ?? randomBytes)(challengeBytes))
  }

  async #ofAccount(accountId: string): Promise<WebauthnCredential[]> {
    const all = await this.#options.credentials.list(accountId)
    return all.filter(credential => credential.kind === 'webauthn')
  }
}

function describe({ credentialId, transports }: WebauthnCredential) {
  return { id: credentialId, transports: [...transports] as ('usb' | 'nfc')[] }
}
