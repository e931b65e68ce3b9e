/** The directory of the gate's own passwords. Anybody without a password here gets the answer of a wrong one, after the same time. */
import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import { RecordKind } from '../store/records.ts'
import type { Store } from '../store/store.ts'
import type { Accounts } from './accounts.ts'
import type { Directory, DirectoryAnswer } from './directory.ts'
import type { HashPlace } from './password/hash-queue.ts'
import { type PasswordHasher, type PasswordProblem, passwordProblem } from './password/password.ts'

/** The password breaks a rule. Callers ask `passwordProblem` first. */
export class PasswordRefused extends Error {
  override readonly name = 'PasswordRefused'
  readonly problem: PasswordProblem

  constructor(problem: PasswordProblem) {
    super(`the password is refused: ${problem}`)
    this.problem = problem
  }
}

interface PasswordRecord {
  readonly hash: string
  readonly setAt: number
}

const hashShape = /^\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$/
/** An id that no account has. Looking it up for unknown names keeps the number of reads equal. */
const nobody = 'nobody'

/** The record's id is the account's. */
export const passwordRecord = new RecordKind<PasswordRecord>({
  prefix: 'password:',
  version: 1,
  read: ({ hash, ...more }) =>
    typeof hash === 'string' && hashShape.test(hash) ? ({ hash, ...more } as PasswordRecord) : null
})

export class LocalDirectory implements Directory {
  readonly id = 'local'
  readonly #store: Store
  readonly #clock: Clock
  readonly #accounts: Accounts
  readonly #hasher: PasswordHasher

  constructor(input: { store: Store; accounts: Accounts; hasher: PasswordHasher; clock?: Clock }) {
    this.#store = input.store
    this.#accounts = input.accounts
    this.#hasher = input.hasher
    this.#clock = input.clock ?? systemClock
  }

  isFullFor(place: HashPlace): boolean {
    return this.#hasher.isFullFor(place)
  }

  async authenticate(name: string, password: string, place?: HashPlace): Promise<DirectoryAnswer> {
    const account = await this.#accounts.byName(name)
    const isOurs = account?.directory === this.id
    const record = await passwordRecord.get(this.#store, isOurs ? account.id : nobody)
    const fits = await this.#hasher.verify(record?.hash ?? null, password, place)
    if (fits === 'busy') return { kind: 'busy' }
    if (fits !== true || !isOurs || record === null) return { kind: 'refused' }
    if (this.#hasher.isOutdated(record.hash)) await this.#renew(account.id, record.hash, password)
    return { kind: 'accepted', accountId: account.id }
  }

  /** Throws PasswordRefused, and GateError `busy`. */
  async setPassword(accountId: string, password: string): Promise<void> {
    await (await this.preparePassword(password))(accountId)
  }

  /** Hashes, and returns a function that stores, so that a caller can spend something in between. Throws as `setPassword` does. */
  async preparePassword(password: string): Promise<(accountId: string) => Promise<void>> {
    const problem = passwordProblem(password, [])
    if (problem !== null) throw new PasswordRefused(problem)
    const hash = await this.#hasher.hash(password)
    return async accountId => {
      await passwordRecord.overwrite(this.#store, accountId, { hash, setAt: this.#clock() })
      await this.#store.settle?.()
    }
  }

  async hasPassword(accountId: string): Promise<boolean> {
    return (await this.#store.get(passwordRecord.key(accountId))) !== null
  }

  removePassword(accountId: string): Promise<boolean> {
    return this.#store.delete(passwordRecord.key(accountId))
  }

  async removeAll(accountId: string): Promise<void> {
    await this.removePassword(accountId)
  }

  /** After a failure the old hash stays. */
  async #renew(accountId: string, before: string, password: string): Promise<void> {
    const hash = await this.#hasher.hash(password).catch(() => null)
    if (hash === null) return
    const setAt = this.#clock()
    await passwordRecord.change<void>(this.#store, accountId, record =>
      // This replaces only the checked hash, otherwise a parallel password change would be undone.
      record?.hash === before ? { next: { hash, setAt }, result: undefined } : { result: undefined }
    )
  }
}
