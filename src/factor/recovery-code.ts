/** Recovery codes (NIST look-up secrets), valid once and shown once. Their hashes are sealed, so that write access to the store adds no code. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Keyring } from '../keyring/keyring.ts'
import { RecordKind, type Seal, sealWith } from '../store/records.ts'
import type { Store } from '../store/store.ts'
import { AttemptBuckets, type Origin } from '../throttle/attempt-buckets.ts'
import type { AttemptLimiter } from '../throttle/attempt-limiter.ts'
import { ConsecutiveFailures } from '../throttle/consecutive-failures.ts'
import type { Verification } from './factor.ts'
import type { FactorNotice } from './factor-notice.ts'
import { type SlowHash, slowHash, usualCost } from './slow-hash.ts'
import { typedSigns } from './typed-code.ts'

export interface RecoveryStatus {
  readonly total: number
  readonly remaining: number
  readonly createdAt: number
}

/** Crockford's base32. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
/** 80 bits, which people can type. Below 112 bits the hash must be slow (NIST SP 800-63B-4 §3.1.2.2). */
const symbols = 16
/** 120 bits, of older lists with plain hashes. */
const olderSymbols = 24
const groupSize = 4

interface RecoveryRecord {
  readonly createdAt: number
  readonly total: number
  /** Hashes of unused codes, in base64url. */
  readonly hashes: readonly string[]
  /** Null for older lists with SHA-256. */
  readonly slow: SlowHash | null
  readonly disabledAt: number | null
}

/** Its id is the account's; it is sealed for its key. */
export const recoveryRecord = new RecordKind<RecoveryRecord>({
  prefix: 'recovery:',
  version: 2,
  upgrades: [record => ({ slow: null, ...record })],
  // Sealed content is trusted.
  read: record => record as unknown as RecoveryRecord
})

const authenticatorOf = (accountId: string) => `recovery-${accountId}`

export class RecoveryCodes {
  readonly #store: Store
  readonly #clock: Clock
  readonly #seal: Seal
  readonly #limiter: AttemptLimiter
  readonly #count: number
  readonly #cost: number
  readonly #guesses: AttemptBuckets
  readonly #failures: ConsecutiveFailures
  readonly #onDisabled: (notice: FactorNotice) => void

  constructor(input: {
    store: Store
    clock: Clock
    keyring: () => Keyring
    limiter: AttemptLimiter
    count: number
    /** The cost of the hash of each code. */
    cost?: number | undefined
    onDisabled?: (notice: FactorNotice) => void
  }) {
    this.#store = input.store
    this.#clock = input.clock
    this.#seal = sealWith(input.keyring)
    this.#limiter = input.limiter
    this.#count = input.count
    this.#cost = input.cost ?? usualCost
    this.#guesses = new AttemptBuckets(input.store)
    this.#failures = new ConsecutiveFailures(input.store)
    this.#onDisabled = input.onDisabled ?? (() => {})
  }

  /** New codes replace all older ones. */
  async issue(accountId: string): Promise<string[]> {
    const codes = Array.from({ length: this.#count }, newCode)
    const slow = { salt: randomBytes(16).toString('base64url'), cost: this.#cost }
    const record: RecoveryRecord = {
      createdAt: this.#clock(),
      total: codes.length,
      hashes: await Promise.all(codes.map(code => hashOf(accountId, readRecoveryCode(code)!, slow))),
      slow,
      disabledAt: null
    }
    await recoveryRecord.overwrite(this.#store, accountId, record, this.#seal)
    // An unconfirmed write could be lost in a failover, which restores the older codes.
    await Promise.all([this.#failures.clear(authenticatorOf(accountId)), this.#store.settle?.()])
    return codes
  }

  /** Counts the attempt first. Of parallel callers with one code, one succeeds. */
  async spend(input: Origin & { accountId: string; code: string }): Promise<Verification> {
    const { accountId } = input
    const reservation = await this.#limiter.reserve(await this.#guesses.buckets({ ...input, what: 'recovery' }))
    if (reservation.kind === 'throttled') return reservation
    const count = await this.#failures.count(authenticatorOf(accountId))
    const code = readRecoveryCode(input.code)
    if (count !== null && code !== null && (await this.#take(accountId, code))) {
      await Promise.all([
        // An unconfirmed write could be lost in a failover, which restores the code.
        this.#store.settle?.(),
        this.#failures.clear(authenticatorOf(accountId)),
        reservation.succeeded()
      ])
      return {
        kind: 'verified',
        accountId,
        factor: 'recovery',
        credentialId: null,
        credentialName: null,
        userVerified: false
      }
    }
    if (count === null || count.isLast) await this.#disable(accountId)
    return { kind: 'refused', ...(await reservation.wait?.()) }
  }

  async status(accountId: string): Promise<RecoveryStatus | null> {
    const record = await recoveryRecord.get(this.#store, accountId, this.#seal)
    if (record === null) return null
    const { total, createdAt, hashes, disabledAt } = record
    return { total, remaining: disabledAt === null ? hashes.length : 0, createdAt }
  }

  async removeAll(accountId: string): Promise<void> {
    await this.#store.delete(recoveryRecord.key(accountId))
    await this.#failures.clear(authenticatorOf(accountId))
    await this.#store.settle?.()
  }

  /** True for the one caller who removed the hash of this code. */
  #take(accountId: string, code: string): Promise<boolean> {
    // A change that met another one is tried again, for the same list.
    const hashes = new Map<string | undefined, Promise<string>>()
    return this.#update(accountId, async ({ disabledAt, ...record }) => {
      const { slow } = record
      if (disabledAt !== null || code.length !== (slow === null ? olderSymbols : symbols)) return null
      const hash = hashes.get(slow?.salt) ?? hashOf(accountId, code, slow)
      hashes.set(slow?.salt, hash)
      const typed = await hash
      const left = record.hashes.filter(kept => !isEqual(kept, typed))
      return left.length < record.hashes.length ? { ...record, disabledAt, hashes: left } : null
    })
  }

  async #disable(accountId: string): Promise<void> {
    const at = this.#clock()
    const isChanged = await this.#update(accountId, record =>
      record.disabledAt === null ? { ...record, disabledAt: at } : null
    )
    if (!isChanged) return
    this.#onDisabled({ at, accountId, factor: 'recovery', credentialId: null, credentialName: null })
    await this.#store.settle?.()
  }

  /** Only a written change spends a code. */
  #update(
    accountId: string,
    change: (record: RecoveryRecord) => RecoveryRecord | null | Promise<RecoveryRecord | null>
  ): Promise<boolean> {
    const decide = async (record: RecoveryRecord | null) => {
      const next = record === null ? null : await change(record)
      return next === null ? { result: false } : { next, result: true }
    }
    return recoveryRecord.change(this.#store, accountId, decide, this.#seal)
  }
}

/** 16 symbols, or 24 of an older code; otherwise null. Blanks, dashes, case and width do not matter; `o` reads as 0, `i` and `l` as 1. */
export function readRecoveryCode(typed: unknown): string | null {
  const code = typedSigns(typed)
    ?.toLowerCase()
    .replaceAll('o', '0')
    .replace(/[il\u0131]/g, '1')
  const isWhole = code?.length === symbols || code?.length === olderSymbols
  return isWhole && [...code].every(symbol => alphabet.includes(symbol)) ? code : null
}

function newCode(): string {
  // 32 divides 256, so every symbol is equally likely.
  const code = [...randomBytes(symbols)].map(byte => alphabet[byte % alphabet.length]).join('')
  return code.match(new RegExp(`.{${groupSize}}`, 'g'))!.join('-')
}

function hashOf(accountId: string, code: string, slow: SlowHash | null): Promise<string> {
  const text = `${accountId} ${code}`
  return slow === null ? Promise.resolve(createHash('sha256').update(text).digest('base64url')) : slowHash(text, slow)
}

function isEqual(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
