/**
 * The issuer: it sees to it that every name has a certificate, and renews each in time. Of all gates of a store one issues at a time. A failure keeps
 * the old certificate in use, and the next try waits.
 */
import { randomUUID, X509Certificate } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AuditEvent } from '../audit/event.ts'
import type { Keyring } from '../keyring/keyring.ts'
import { KeyringError } from '../keyring/keyring.ts'
import { changeValue } from '../store/change.ts'
import { sealWith } from '../store/records.ts'
import { type Store, StoreUnreachable } from '../store/store.ts'
import { AccountKey } from './account-key.ts'
import { AcmeError } from './acme-error.ts'
import type { Certificates } from './certificates.ts'
import type { ChallengeBoard } from './challenge-board.ts'
import { AcmeClient } from './client.ts'
import { checkIssued, type Life, lifeOf, renewalId } from './issued.ts'
import { type ChallengeType, orderCertificate } from './order.ts'
import {
  type AcmeAccount,
  accountRecord,
  certificateRecord,
  directoryId,
  type KeptCertificate,
  lockKey,
  type NameState,
  stateRecord,
  untried
} from './records.ts'
import { askAgainMs, backOffMs, impatientMs, renewalMoment } from './renewal.ts'
import { Wire } from './wire.ts'

export interface IssuerSettings {
  readonly directory: string
  readonly email: string | null
  readonly challenge: ChallengeType
  readonly profile: string | null
  /** `secret` reads the base64url text of the key from the authority. Throws AcmeError where it cannot be read. */
  readonly eab: { readonly kid: string; readonly secret: () => string } | null
  /** PEM; null for the authorities that Node.js knows. Throws AcmeError where it cannot be read. */
  readonly ca: () => string | null
}

export interface IssuerInput {
  readonly settings: IssuerSettings
  readonly store: Store
  readonly keyring: () => Keyring
  readonly certificates: Certificates
  readonly board: ChallengeBoard
  readonly clock: () => number
  readonly record: (event: AuditEvent) => void
  readonly log: { info(fields: object, sentence: string): void; warn(fields: object, sentence: string): void }
  /** How long other processes may take to hear of a challenge, in milliseconds; 0 where this one is alone. */
  readonly settleMs: number
  readonly userAgent: string
  /** Told of the account, and of its key, a secret. */
  readonly onAccount?: (account: AcmeAccount) => void
  /** From 0 to 1. */
  readonly chance?: () => number
  /** For tests. */
  readonly pollMs?: number
  readonly timeoutMs?: number
  readonly orderMs?: number
}

/** One order with all its pauses. */
const orderMs = 5 * 60_000
/** Longer than an order. It is lengthened before each one. */
const lockSeconds = 10 * 60
const daySeconds = 24 * 3600

interface Name {
  readonly name: string
  readonly state: NameState
  readonly kept: KeptCertificate | null
}

export class Issuer {
  readonly #input: IssuerInput
  readonly #owner = randomUUID()
  readonly #stop = new AbortController()
  #running: Promise<void> = Promise.resolve()
  /** Profiles that were asked for in vain, so that it is said once. */
  readonly #missed = new Set<string>()

  constructor(input: IssuerInput) {
    this.#input = input
  }

  /**
   * Looks at every name once and issues what is due. `isImpatient`: a pause after a failure ends early, because an operator has just started or
   * reloaded the gate. Rejects where the store does.
   */
  pass(isImpatient = false): Promise<void> {
    const run = this.#running.catch(() => {}).then(() => this.#pass(isImpatient))
    this.#running = run
    return run
  }

  /** Ends what is under way. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running.catch(() => {})
  }

  async #pass(isImpatient: boolean): Promise<void> {
    const { certificates, store } = this.#input
    if (this.#stop.signal.aborted) return
    const names: Name[] = []
    for (const name of certificates.names) names.push(await this.#look(name))
    const isDue = (one: Name) => this.#isDue(one, isImpatient)
    if (!names.some(one => isDue(one) || this.#isAskDue(one))) return
    // It is ours already where the store was away at the end of the last pass.
    if (!(await store.add(lockKey, this.#owner, lockSeconds)) && !(await this.#keepLock())) return
    try {
      await this.#work(names, isDue)
    } finally {
      await store.delete(lockKey, this.#owner)
    }
  }

  /** Holds the lock. */
  async #work(names: readonly Name[], isDue: (one: Name) => boolean): Promise<void> {
    let client: AcmeClient
    try {
      client = await this.#open()
    } catch (error) {
      for (const one of names)
        if (isDue(one)) await this.#failed(one, error)
        else if (this.#isAskDue(one)) await this.#askLater(one, error instanceof AcmeError ? error.retryAfterMs : null)
      return
    }
    for (const { name } of names) {
      if (this.#stop.signal.aborted) return
      // Another gate may have issued it since.
      let one = await this.#look(name)
      if (this.#isAskDue(one)) one = await this.#askForWindow(one, client)
      if (!isDue(one)) continue
      // Without the lock another gate is at work.
      if (!(await this.#keepLock())) return
      await this.#issue(one, client)
    }
  }

  #keepLock(): Promise<boolean> {
    return changeValue<boolean>(this.#input.store, lockKey, text =>
      text === this.#owner ? { next: this.#owner, result: true, ttlSeconds: lockSeconds } : { result: false }
    )
  }

  async #look(name: string): Promise<Name> {
    const { store, keyring } = this.#input
    const state = (await stateRecord.get(store, name)) ?? untried
    const kept = await certificateRecord.get(store, name, sealWith(keyring)).catch(error => {
      if (error instanceof KeyringError) return null
      throw error
    })
    if (kept === null || state.ends !== null) return { name, state, kept }
    // From a backup or a copy, which hold no states.
    const life = lifeIn(name, kept)
    if (life === null) return { name, state, kept: null }
    const renewAt = renewalMoment({ from: kept.issuedAt, to: life.to }, null, kept.issuedAt, this.#chance())
    return { name, state: { ...state, ends: life.to, renewAt }, kept }
  }

  #isDue({ state, kept }: Name, isImpatient: boolean): boolean {
    const now = this.#input.clock()
    const mayHurry = isImpatient && !state.isBid && now - state.triedAt >= impatientMs
    if (state.failures > 0 && now < state.nextAt && !mayHurry) return false
    if (kept === null || kept.directory !== this.#input.settings.directory) return true
    return state.ends === null || state.renewAt === null || now >= state.renewAt
  }

  #isAskDue({ state, kept }: Name): boolean {
    return kept !== null && state.ends !== null && this.#input.clock() >= state.askAt
  }

  /** The client with its account, which is made at the first time. Rejects with AcmeError. */
  async #open(): Promise<AcmeClient> {
    const { store, keyring, settings, userAgent, timeoutMs, clock } = this.#input
    const { directory, email } = settings
    const known = await accountRecord.get(store, directoryId(directory), sealWith(keyring)).catch(error => {
      if (error instanceof KeyringError) return null
      throw error
    })
    const key = (known === null ? null : readKey(known)) ?? AccountKey.generate()
    const ca = settings.ca()
    const wire = new Wire({ directory, ca, userAgent, ...(timeoutMs === undefined ? {} : { timeoutMs }) }, clock)
    const signal = this.#deadline()
    const client = await AcmeClient.open({ wire, directory, key, signal })
    if (known !== null && known.email === email && readKey(known) !== null) client.use(known.url)
    else await this.#register(client, key)
    return client
  }

  /** With a known key the server answers with the account that there is, so nothing is made twice. No certificate waits for its address. */
  async #register(client: AcmeClient, key: AccountKey): Promise<void> {
    const { store, keyring, settings, onAccount, log } = this.#input
    const { directory, email, eab } = settings
    const { url, wasThere } = await client.register({
      email,
      eab: eab === null ? null : { kid: eab.kid, secret: eab.secret() }
    })
    if (wasThere)
      await client.changeContact(url, email).catch(error => {
        if (!(error instanceof AcmeError)) throw error
        log.warn({ problem: error.message }, 'the authority does not take the new address of the account')
      })
    const account = { key: key.secret(), url, email }
    await accountRecord.put(store, directoryId(directory), account, undefined, sealWith(keyring))
    onAccount?.(account)
  }

  async #askForWindow(one: Name, client: AcmeClient): Promise<Name> {
    const { clock, store, log } = this.#input
    const { name, kept, state } = one
    const id = kept === null ? null : renewalId(kept.cert)
    client.signal = this.#deadline()
    const now = clock()
    const answer =
      id === null
        ? null
        : await client.renewalInfo(id).catch(error => {
            log.warn({ name, problem: (error as Error).message }, 'the renewal window of a certificate is not known')
            return null
          })
    const waits = { ...state, askAt: now + askAgainMs(answer?.retryAfterMs ?? null) }
    let next: NameState = waits
    const window = answer?.window ?? null
    const isNew = window !== null && (window.start !== state.window?.start || window.end !== state.window.end)
    if (isNew && kept !== null && state.ends !== null) {
      const life = { from: kept.issuedAt, to: state.ends }
      next = { ...waits, window, renewAt: renewalMoment(life, window, kept.issuedAt, this.#chance()) }
    }
    await stateRecord.put(store, name, next, this.#stateSeconds(next))
    return { ...one, state: next }
  }

  async #askLater({ name, state }: Name, retryAfterMs: number | null): Promise<void> {
    const next = { ...state, askAt: this.#input.clock() + askAgainMs(retryAfterMs) }
    await stateRecord.put(this.#input.store, name, next, this.#stateSeconds(next))
  }

  /** For one order. */
  #deadline(): AbortSignal {
    return AbortSignal.any([this.#stop.signal, AbortSignal.timeout(this.#input.orderMs ?? orderMs)])
  }

  #chance(): number {
    return (this.#input.chance ?? Math.random)()
  }

  async #issue(one: Name, client: AcmeClient): Promise<void> {
    const { settings, board, clock, store, keyring, certificates, record, log, settleMs, pollMs } = this.#input
    const { name, kept } = one
    const { challenge, directory } = settings
    const signal = this.#deadline()
    client.signal = signal
    const order = () =>
      orderCertificate({
        client,
        names: [name],
        challenge,
        profile: this.#profile(client),
        replaces: kept?.directory === directory ? renewalId(kept.cert) : null,
        publish: async challenges => {
          await board.write(challenges)
          if (settleMs > 0) await sleep(settleMs, undefined, { signal })
        },
        clock,
        signal,
        ...(pollMs === undefined ? {} : { pollMs })
      })
    try {
      const issued = await order().catch(async error => {
        if (!(error instanceof AcmeError) || error.type !== 'accountDoesNotExist') throw error
        // The authority has forgotten the account.
        await this.#register(client, client.key)
        return order()
      })
      const now = clock()
      const { cert, key, life } = issued
      const state: NameState = {
        ...untried,
        ends: life.to,
        triedAt: now,
        renewAt: renewalMoment({ from: now, to: life.to }, null, now, this.#chance()),
        // Asked at once: the window may be earlier than our own choice.
        askAt: now
      }
      const fresh: KeptCertificate = { cert, key, directory, issuedAt: now }
      await certificateRecord.put(
        store,
        name,
        fresh,
        secondsUntil(life.to + 30 * daySeconds * 1000, now),
        sealWith(keyring)
      )
      await stateRecord.put(store, name, state, this.#stateSeconds(state))
      certificates.take(name, fresh)
      record({
        kind: 'certificate.issued',
        at: now,
        host: name,
        authority: directory,
        ends: life.to,
        isRenewal: kept !== null
      })
      log.info({ name, ends: new Date(life.to).toISOString() }, 'a certificate was issued')
    } catch (error) {
      await this.#failed(one, error)
    } finally {
      await board.clear()
    }
  }

  async #failed({ name, state, kept }: Name, error: unknown): Promise<void> {
    if (this.#stop.signal.aborted) return
    // That is no failure of this name, and cannot be written down.
    if (error instanceof StoreUnreachable) throw error
    const { clock, store, record, log } = this.#input
    const { name: kind, message } = error as Error
    const why = kind === 'AbortError' ? 'the ACME server did not finish in time' : message
    const now = clock()
    const retryAfterMs = error instanceof AcmeError ? error.retryAfterMs : null
    const failures = state.failures + 1
    const leftMs = kept === null ? 0 : Math.max(0, (state.ends ?? 0) - now)
    const isServed = leftMs > 0
    const pause = backOffMs(failures, leftMs, retryAfterMs)
    const next: NameState = {
      ...state,
      failures,
      why: why.slice(0, 500),
      triedAt: now,
      nextAt: now + pause,
      isBid: pause > backOffMs(failures, leftMs, null)
    }
    await stateRecord.put(store, name, next, this.#stateSeconds(next))
    record({ kind: 'certificate.failed', at: now, host: name, why: next.why, failures, ends: state.ends })
    log.warn(
      { name, problem: next.why, nextTry: new Date(next.nextAt).toISOString() },
      isServed ? 'a certificate could not be renewed; the old one stays in use' : 'a certificate could not be obtained'
    )
  }

  /** Null where the server does not offer the profile. A renewal must not need a person. */
  #profile({ directory }: AcmeClient): string | null {
    const { profile } = this.#input.settings
    if (profile === null || directory.profiles?.includes(profile)) return profile
    if (!this.#missed.has(profile)) {
      this.#missed.add(profile)
      const offered = directory.profiles?.join(', ') ?? 'none'
      this.#input.log.warn({ profile, offered }, 'the authority does not offer this profile; its usual one is ordered')
    }
    return null
  }

  #stateSeconds({ ends }: NameState): number {
    return secondsUntil((ends ?? 0) + 60 * daySeconds * 1000, this.#input.clock())
  }
}

/** Null for a certificate that does not fit. */
function lifeIn(name: string, kept: KeptCertificate): Life | null {
  try {
    const { from, to } = lifeOf(new X509Certificate(kept.cert))
    return checkIssued(kept, [name], (from + to) / 2)
  } catch {
    return null
  }
}

/** Null for a damaged one. */
function readKey({ key }: AcmeAccount): AccountKey | null {
  try {
    return AccountKey.read(key)
  } catch {
    return null
  }
}

function secondsUntil(at: number, now: number): number {
  return Math.max(60 * daySeconds, Math.ceil((at - now) / 1000))
}
