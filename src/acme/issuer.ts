/** Every name gets a certificate, and each is renewed in time. Of all gates of a store one issues at a time. A failure keeps the old certificate in use. */
import { X509Certificate } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { hasEnded, holderName } from '../files/holder.ts'
import { KeyringError } from '../keyring/keyring.ts'
import { deadlineSignal } from '../platform/deadline.ts'
import { changeValue } from '../store/change.ts'
import { sealWith } from '../store/records.ts'
import { StoreUnreachable } from '../store/store.ts'
import { type AccountSettings, type AccountsInput, AcmeAccounts } from './accounts.ts'
import { AcmeError } from './acme-error.ts'
import type { Certificates } from './certificates.ts'
import type { ChallengeBoard } from './challenge-board.ts'
import type { AcmeClient } from './client.ts'
import { checkIssued, type Life, lifeOf, renewalId } from './issued.ts'
import { type ChallengeType, type Issued, orderCertificate } from './order.ts'
import { certificateRecord, type KeptCertificate, lockKey, type NameState, stateRecord, untried } from './records.ts'
import { askAgainMs, backOffMs, impatientMs, isPausing, isTimeToAsk, renewalMoment } from './renewal.ts'

export interface IssuerSettings extends AccountSettings {
  readonly challenge: ChallengeType
  readonly profile: string | null
}

interface IssuerInput extends AccountsInput {
  readonly settings: IssuerSettings
  readonly certificates: Certificates
  readonly board: ChallengeBoard
  readonly log: { info(fields: object, sentence: string): void; warn(fields: object, sentence: string): void }
  /** How long other processes may take to hear of a challenge; 0 where this one is alone. */
  readonly settleMs: number
  /** From 0 to 1. */
  readonly chance?: () => number
  readonly pollMs?: number
  readonly orderMs?: number
}

/** For one order with all its pauses. */
const orderMs = 5 * 60_000
/** Longer than an order, and renewed before each one. */
const lockSeconds = 10 * 60
const daySeconds = 24 * 3600

interface Name {
  readonly name: string
  readonly state: NameState
  readonly kept: KeptCertificate | null
}

export class Issuer {
  readonly #input: IssuerInput
  readonly #accounts: AcmeAccounts
  readonly #holder = holderName()
  readonly #owner = this.#holder.text
  readonly #stop = new AbortController()
  #running: Promise<void> = Promise.resolve()
  readonly #missed = new Set<string>()

  constructor(input: IssuerInput) {
    this.#input = input
    this.#accounts = new AcmeAccounts(input)
  }

  /**
   * Looks at every name once and issues what is due. `isImpatient`: an operator has just started or reloaded the gate, so a pause after a failure ends early.
   * Rejects where the store does.
   */
  pass(isImpatient = false): Promise<void> {
    const run = this.#running.catch(() => {}).then(() => this.#pass(isImpatient))
    this.#running = run
    return run
  }

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
    const isOurs = (text: string) => text === this.#owner || this.#hasLeft(text)
    if (!(await store.add(lockKey, this.#owner, lockSeconds)) && !(await this.#keepLock(isOurs))) return
    try {
      await this.#work(names, isDue)
    } finally {
      await store.delete(lockKey, this.#owner)
    }
  }

  async #work(names: readonly Name[], isDue: (one: Name) => boolean): Promise<void> {
    let client: AcmeClient
    try {
      client = await this.#accounts.open(this.#deadline())
    } catch (error) {
      for (const one of names)
        if (isDue(one)) await this.#failed(one, error)
        else if (this.#isAskDue(one)) await this.#askLater(one, error instanceof AcmeError ? error.retryAfterMs : null)
      return
    }
    let withoutAccount: unknown = null
    for (const { name } of names) {
      if (this.#stop.signal.aborted) return
      // Another gate may have issued it since.
      let one = await this.#look(name)
      if (withoutAccount !== null) {
        if (isDue(one)) await this.#failed(one, withoutAccount)
        continue
      }
      if (this.#isAskDue(one)) one = await this.#askForWindow(one, client)
      if (!isDue(one)) continue
      // Without the lock another gate is at work.
      if (!(await this.#keepLock())) return
      const error = await this.#issue(one, client)
      if (client.accountUrl === null) withoutAccount = error
    }
  }

  /** A process that was killed has left its lock. Where no other process uses the store, every other owner was. */
  #hasLeft(owner: string): boolean {
    const { place, isPlaceKnown } = this.#holder
    const hasIt = hasEnded(owner, place)
    return this.#input.settleMs === 0 ? (hasIt ?? true) : isPlaceKnown && hasIt === true
  }

  #keepLock(isOurs = (text: string) => text === this.#owner): Promise<boolean> {
    return changeValue<boolean>(this.#input.store, lockKey, text =>
      text !== null && isOurs(text) ? { next: this.#owner, result: true, ttlSeconds: lockSeconds } : { result: false }
    )
  }

  async #look(name: string): Promise<Name> {
    const { store, keyring } = this.#input
    const state = (await stateRecord.get(store, name)) ?? untried
    const kept = await certificateRecord.get(store, name, sealWith(keyring)).catch(error => {
      if (error instanceof KeyringError) return null
      throw error
    })
    // A gate that ended between an order's two writes has left an older state.
    const isOfOther = kept !== null && state.failures === 0 && kept.issuedAt > state.triedAt
    if (kept === null || (state.ends !== null && !isOfOther)) return { name, state, kept }
    const life = lifeIn(name, kept)
    if (life === null) return { name, state, kept: null }
    const renewAt = renewalMoment({ from: kept.issuedAt, to: life.to }, null, kept.issuedAt, this.#chance())
    return { name, state: { ...untried, ends: life.to, renewAt, triedAt: kept.issuedAt }, kept }
  }

  #isDue({ state, kept }: Name, isImpatient: boolean): boolean {
    const now = this.#input.clock()
    const mayHurry = isImpatient && !state.isBid && Math.abs(now - state.triedAt) >= impatientMs
    if (state.failures > 0 && isPausing(state, now) && !mayHurry) return false
    if (kept === null || kept.directory !== this.#input.settings.directory) return true
    return state.ends === null || state.renewAt === null || now >= state.renewAt
  }

  #isAskDue({ state, kept }: Name): boolean {
    return kept !== null && state.ends !== null && isTimeToAsk(state.askAt, this.#input.clock())
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

  #deadline(): AbortSignal {
    return deadlineSignal(this.#input.orderMs ?? orderMs, this.#stop.signal)
  }

  #chance(): number {
    return (this.#input.chance ?? Math.random)()
  }

  /** Resolves with the error that ended it, or null. */
  async #issue(one: Name, client: AcmeClient): Promise<unknown> {
    const signal = this.#deadline()
    client.signal = signal
    try {
      const issued = await this.#order(one, client, signal).catch(async error => {
        if (!(await this.#accounts.mend(client, error))) throw error
        return this.#order(one, client, signal)
      })
      await this.#keep(one, issued)
      return null
    } catch (error) {
      await this.#failed(one, error)
      return error
    } finally {
      await this.#input.board.clear()
    }
  }

  #order({ name, kept }: Name, client: AcmeClient, signal: AbortSignal): Promise<Issued> {
    const { settings, board, clock, settleMs, pollMs } = this.#input
    return orderCertificate({
      client,
      names: [name],
      challenge: settings.challenge,
      profile: this.#profile(client),
      replaces: kept?.directory === settings.directory ? renewalId(kept.cert) : null,
      publish: async challenges => {
        await board.write(challenges)
        if (settleMs > 0) await sleep(settleMs, undefined, { signal })
      },
      clock,
      signal,
      ...(pollMs === undefined ? {} : { pollMs })
    })
  }

  async #keep({ name, kept }: Name, { cert, key, life }: Issued): Promise<void> {
    const { settings, clock, store, keyring, certificates, record, log } = this.#input
    const { directory } = settings
    const now = clock()
    const state: NameState = {
      ...untried,
      ends: life.to,
      triedAt: now,
      renewAt: renewalMoment({ from: now, to: life.to }, null, now, this.#chance()),
      // The authority is asked at once, because its window may be earlier than our own choice.
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
      ends: new Date(life.to).toISOString(),
      isRenewal: kept !== null
    })
    log.info({ name, ends: new Date(life.to).toISOString() }, 'a certificate was issued')
  }

  async #failed({ name, state, kept }: Name, error: unknown): Promise<void> {
    if (this.#stop.signal.aborted) return
    // This is no failure of the name, and cannot be written down.
    if (error instanceof StoreUnreachable) throw error
    const { clock, store, record, log } = this.#input
    const { name: kind, message } = error as Error
    const why = kind === 'AbortError' ? 'the ACME server did not finish in time' : message
    const now = clock()
    const retryAfterMs = error instanceof AcmeError ? error.retryAfterMs : null
    const failures = state.failures + 1
    const leftMs = kept === null ? 0 : Math.max(0, (state.ends ?? 0) - now)
    const isServed = leftMs > 0
    const last = { leftMs, lifeMs: kept === null || state.ends === null ? null : state.ends - kept.issuedAt }
    const pause = backOffMs(failures, last, retryAfterMs)
    const next: NameState = {
      ...state,
      failures,
      why: why.slice(0, 500),
      triedAt: now,
      nextAt: now + pause,
      isBid: pause > backOffMs(failures, last, null)
    }
    await stateRecord.put(store, name, next, this.#stateSeconds(next))
    const ends = state.ends === null ? {} : { ends: new Date(state.ends).toISOString() }
    record({ kind: 'certificate.failed', at: now, host: name, why: next.why, failures, ...ends })
    log.warn(
      { name, problem: next.why, nextTry: new Date(next.nextAt).toISOString() },
      isServed ? 'a certificate could not be renewed; the old one stays in use' : 'a certificate could not be obtained'
    )
  }

  /** Null where the server does not offer the profile, because a renewal must not need a person. */
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

function lifeIn(name: string, kept: KeptCertificate): Life | null {
  try {
    const { from, to } = lifeOf(new X509Certificate(kept.cert))
    return checkIssued(kept, [name], (from + to) / 2)
  } catch {
    return null
  }
}

function secondsUntil(at: number, now: number): number {
  return Math.max(60 * daySeconds, Math.ceil((at - now) / 1000))
}
