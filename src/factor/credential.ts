/** People's credentials. Records are strictly parsed (THREATS D3) and changed atomically. */
import type { Clock } from '../clock.ts'
import { digestOf, isId } from '../ids.ts'
import { changeValue } from '../store/change.ts'
import { type Loose, RecordKind } from '../store/records.ts'
import type { Store } from '../store/store.ts'
import { ConsecutiveFailures } from '../throttle/consecutive-failures.ts'
import type { FactorNotice } from './factor-notice.ts'
import { type CredentialKind, credentialKinds } from './kinds.ts'

interface CredentialBase {
  /** 128 random bits; public. */
  readonly id: string
  readonly accountId: string
  readonly name: string
  readonly createdAt: number
  readonly lastUsedAt: number | null
  readonly lastUsedFrom: string | null
  /** Set after 100 consecutive failures (NIST SP 800-63B-4 §3.2.2). */
  readonly disabledAt: number | null
}

export interface TotpCredential extends CredentialBase {
  readonly kind: 'totp'
  /** Sealed by the keyring, bound to this id. */
  readonly secret: string
  readonly algorithm: 'SHA1' | 'SHA256' | 'SHA512'
  readonly digits: number
  readonly periodSeconds: number
  /** Codes of this time step and earlier ones are refused (RFC 6238 §5.2). */
  readonly lastStep: number
}

export interface WebauthnCredential extends CredentialBase {
  readonly kind: 'webauthn'
  /** Base64url, up to 1,023 bytes. */
  readonly credentialId: string
  /** COSE_Key, base64url. */
  readonly publicKey: string
  readonly counter: number
  readonly transports: readonly string[]
  readonly aaguid: string
  /** The BE flag: it may be synced between devices. It never changes (WebAuthn L3 §7.2 step 19). */
  readonly backupEligible: boolean
  readonly backedUp: boolean
  /** It verified its user at enrolment, or later beside another factor. */
  readonly uvInitialized: boolean
  /** The trust anchor at enrolment. */
  readonly attestedBy?: string
}

interface CredentialOf {
  readonly totp: TotpCredential
  readonly webauthn: WebauthnCredential
}
export type Credential = CredentialOf[CredentialKind]

export const credentialRecord = new RecordKind<Credential>({
  prefix: 'credential:',
  version: 1,
  read: record => (isCredential(record) ? (record as unknown as Credential) : null)
})

const nameLength = 64
const indexOf = (accountId: string) => `credentials-of:${accountId}`
/** Set once the account has had a factor. */
const hadOf = (accountId: string) => `had-factor:${accountId}`
/** A revision and the ids being removed. */
const leavingOf = (accountId: string) => `credentials-leaving:${accountId}`
/** Ids of up to 1,364 characters exceed the store's key length. */
const webauthnKeyOf = (credentialId: string) => `webauthn-id:${digestOf(credentialId)}`

/** A telephone's clock may be ahead; beyond this it was the gate's. */
const maxStepsAhead = 20

export class Credentials {
  readonly #store: Store
  readonly #clock: Clock
  readonly #failures: ConsecutiveFailures
  readonly #onDisabled: (notice: FactorNotice) => void

  constructor(input: { store: Store; clock: Clock; onDisabled?: (notice: FactorNotice) => void }) {
    this.#store = input.store
    this.#clock = input.clock
    this.#failures = new ConsecutiveFailures(input.store)
    this.#onDisabled = input.onDisabled ?? (() => {})
  }

  async list(accountId: string): Promise<Credential[]> {
    const ids = await this.#store.members(indexOf(accountId))
    const found = await Promise.all(ids.map(id => this.get(accountId, id)))
    return found.filter(credential => credential !== null).sort((a, b) => a.createdAt - b.createdAt)
  }

  /** Null also for another person's credential. */
  async get(accountId: string, id: string): Promise<Credential | null> {
    if (!isId(id)) return null
    const credential = await credentialRecord.get(this.#store, id)
    return credential?.id === id && credential.accountId === accountId ? credential : null
  }

  async byCredentialId(credentialId: string): Promise<WebauthnCredential | null> {
    const [accountId = '', id = ''] = ((await this.#store.get(webauthnKeyOf(credentialId))) ?? '').split(' ')
    const found = id === '' ? null : await this.get(accountId, id)
    return found?.kind === 'webauthn' && found.credentialId === credentialId ? found : null
  }

  /** False if this WebAuthn id is taken (WebAuthn L3 §7.1 step 26). */
  async add(credential: Credential): Promise<boolean> {
    const { accountId, id } = credential
    if (
      credential.kind === 'webauthn' &&
      !(await this.#store.add(webauthnKeyOf(credential.credentialId), `${accountId} ${id}`))
    )
      return false
    await this.remember(accountId)
    // The link comes first: a credential without one could not be removed.
    await this.#store.link(indexOf(accountId), id)
    await credentialRecord.put(this.#store, id, credential)
    return true
  }

  async rename(accountId: string, id: string, name: string): Promise<boolean> {
    const next = await this.update(accountId, id, credential => ({
      ...credential,
      name: credentialName(name, credential.name)
    }))
    return next !== null
  }

  /** False if there is none. */
  async remove(accountId: string, id: string): Promise<boolean> {
    const isGone = await this.#takeOut(accountId, id)
    if (isGone !== null) await this.#store.settle?.()
    return isGone === true
  }

  /** Null if there is none; true for the caller who removed it. */
  async #takeOut(accountId: string, id: string): Promise<boolean | null> {
    const credential = await this.get(accountId, id)
    if (credential === null) return null
    const isGone = await this.#store.delete(credentialRecord.key(id))
    if (credential.kind === 'webauthn') await this.#store.delete(webauthnKeyOf(credential.credentialId))
    await this.#failures.clear(id)
    await this.#store.unlink(indexOf(accountId), id)
    return isGone
  }

  /** Asks for the confirmation again. False if the account removed no such credential. */
  async confirmRemoval(accountId: string, id: string): Promise<boolean> {
    const [, ...leaving] = ((await this.#store.get(leavingOf(accountId))) ?? '').split(' ')
    if (!leaving.includes(id)) return false
    await this.#store.settle?.()
    return true
  }

  /** The last working one stays (THREATS M23), also among parallel calls. If `commit` rejects, nothing is removed. */
  async removeUnlessLast(
    accountId: string,
    id: string,
    commit: () => Promise<void>,
    works: (credential: Credential) => boolean = isOn
  ): Promise<'removed' | 'last' | 'absent'> {
    if (!(await this.#claim(accountId, id, works))) return 'last'
    try {
      await commit()
    } catch (error) {
      await this.#changeLeaving(accountId, leaving => leaving.filter(other => other !== id))
      throw error
    }
    return (await this.remove(accountId, id)) ? 'removed' : 'absent'
  }

  /** Without a claim, two parallel removals would count on each other. */
  #claim(accountId: string, id: string, works: (credential: Credential) => boolean): Promise<boolean> {
    return this.#changeLeaving(accountId, (leaving, all) => {
      const stays = all.some(other => other.id !== id && works(other) && !leaving.includes(other.id))
      return stays ? [...leaving.filter(other => other !== id && all.some(one => one.id === other)), id] : null
    })
  }

  /** Each change has a new revision, otherwise a list that changed back would look unchanged. */
  #changeLeaving(
    accountId: string,
    change: (leaving: readonly string[], all: readonly Credential[]) => readonly string[] | null
  ): Promise<boolean> {
    return changeValue(this.#store, leavingOf(accountId), async text => {
      const [revision = '0', ...leaving] = (text ?? '').split(' ')
      const next = change(leaving, await this.list(accountId))
      if (next === null) return { result: false }
      return { next: [String((Number(revision) || 0) + 1), ...next].join(' '), result: true }
    })
  }

  /** True also for a former factor. */
  async hasHadAny(accountId: string): Promise<boolean> {
    return (await this.#store.get(hadOf(accountId))) !== null || (await this.list(accountId)).length > 0
  }

  /** After this no roll-out lets the account enrol a first factor. */
  async remember(accountId: string): Promise<void> {
    await this.#store.put(hadOf(accountId), '1')
  }

  /** Undoes `remember`: nothing was enrolled, or the account goes. */
  async forget(accountId: string): Promise<void> {
    await this.#store.delete(hadOf(accountId))
  }

  async removeAll(accountId: string): Promise<void> {
    for (const id of await this.#store.members(indexOf(accountId)))
      if (!(await this.#takeOut(accountId, id))) await this.#store.unlink(indexOf(accountId), id)
    await this.#store.delete(leavingOf(accountId))
    // A retry asks for the confirmation again.
    await this.#store.settle?.()
  }

  /** Null, without a write, if the record is gone or `change` returns null. */
  async update<Kind extends Credential>(
    accountId: string,
    id: string,
    change: (credential: Credential) => Kind | null
  ): Promise<Kind | null> {
    if (!isId(id)) return null
    return credentialRecord.change<Kind | null>(this.#store, id, credential => {
      if (credential?.accountId !== accountId || credential.id !== id) return { result: null }
      const result = change(credential)
      return result === null ? { result } : { next: result, result }
    })
  }

  /**
   * Lets codes count again that were used while the clock was ahead (THREATS D17), but only codes after now, so that none counts twice.
   * Returns the number of credentials.
   */
  async forgetFutureCodes(accountId: string): Promise<number> {
    const now = this.#clock()
    const isAhead = ({ lastStep, periodSeconds }: TotpCredential) =>
      lastStep > stepAt(now, periodSeconds) + maxStepsAhead
    let count = 0
    for (const { id } of (await this.list(accountId)).filter(one => one.kind === 'totp' && isAhead(one))) {
      const changed = await this.update(accountId, id, one =>
        one.kind === 'totp' && isAhead(one) ? { ...one, lastStep: stepAt(now, one.periodSeconds) } : null
      )
      if (changed !== null) count++
    }
    return count
  }

  /** Calls `onDisabled` once. */
  async disable(accountId: string, id: string): Promise<void> {
    const at = this.#clock()
    const next = await this.update(accountId, id, credential =>
      credential.disabledAt === null ? { ...credential, disabledAt: at } : null
    )
    if (next === null) return
    this.#onDisabled({ at, accountId, factor: next.kind, credentialId: id, credentialName: next.name })
    await this.#store.settle?.()
  }
}

/** One line of up to 64 characters without control or direction characters; `otherwise` if empty. */
export function credentialName(text: string, otherwise: string): string {
  const clean = text
    .slice(0, 1024)
    .normalize('NFC')
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim()
  return [...clean].slice(0, nameLength).join('').trim() || otherwise
}

function isOn({ disabledAt }: Credential): boolean {
  return disabledAt === null
}

const isText = (value: unknown) => typeof value === 'string' && value !== ''
const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0
const isBoolean = (value: unknown) => typeof value === 'boolean'

const readers: Readonly<Record<CredentialKind, (value: Loose) => boolean>> = { totp: isTotp, webauthn: isWebauthn }

function isCredential(value: Loose): boolean {
  return (
    [value.id, value.accountId, value.name].every(isText) &&
    isCount(value.createdAt) &&
    (value.lastUsedAt === null || isCount(value.lastUsedAt)) &&
    (value.lastUsedFrom === null || typeof value.lastUsedFrom === 'string') &&
    (value.disabledAt === null || isCount(value.disabledAt)) &&
    credentialKinds.some(kind => kind === value.kind && readers[kind](value))
  )
}

function isTotp(value: Loose): boolean {
  return (
    isText(value.secret) &&
    ['SHA1', 'SHA256', 'SHA512'].includes(value.algorithm as string) &&
    [6, 7, 8].includes(value.digits as number) &&
    isCount(value.periodSeconds) &&
    value.periodSeconds !== 0 &&
    isCount(value.lastStep)
  )
}

function isWebauthn(value: Loose): boolean {
  return (
    [value.credentialId, value.publicKey, value.aaguid].every(isText) &&
    isCount(value.counter) &&
    Array.isArray(value.transports) &&
    value.transports.every(isText) &&
    [value.backupEligible, value.backedUp, value.uvInitialized].every(isBoolean) &&
    (value.attestedBy === undefined || isText(value.attestedBy))
  )
}

function stepAt(at: number, periodSeconds: number): number {
  return Math.floor(at / 1000 / periodSeconds)
}
