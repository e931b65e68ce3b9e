/**
 * The register of accounts. Owns names being given once, and every change of an account; refuses to lose a change to another one made at the
 * same moment. What belongs to an account elsewhere goes with removal.ts.
 */
import type { Clock } from '../clock.ts'
import { newId } from '../session/token.ts'
import { inBatches } from '../store/batches.ts'
import { changeValue } from '../store/change.ts'
import type { Store } from '../store/store.ts'
import { type Account, accountPrefix, canonicalName, parseAccount } from './account.ts'

export type AccountProblem = 'name_taken' | 'name_invalid' | 'not_found'

const sentences: Readonly<Record<AccountProblem, string>> = {
  name_taken: 'somebody has that name already',
  name_invalid:
    'a name has 1 to 64 of the characters a-z 0-9 . _ + - (and may go on like an e-mail address), and begins and ends with a letter or digit',
  not_found: 'there is no such account'
}

/** A person at the terminal asked for what cannot be done. */
export class AccountError extends Error {
  override readonly name = 'AccountError'
  readonly problem: AccountProblem

  constructor(problem: AccountProblem) {
    super(sentences[problem])
    this.problem = problem
  }
}

export interface NewAccount {
  readonly name: string
  readonly displayName?: string
  readonly email?: string | null
  readonly groups?: readonly string[]
  readonly directory?: string
}

export type AccountChange = Partial<Pick<Account, 'displayName' | 'email' | 'groups' | 'directory'>>

const index = 'accounts'
/** Nobody's id: looked up for a name that nobody has, so that the store is asked as often (ASVS 6.3.8). */
const nobody = 'A'.repeat(22)
const keyOf = (id: string) => `${accountPrefix}${id}`
const nameKeyOf = (name: string) => `account-name:${name}`

export class Accounts {
  readonly #store: Store
  readonly #clock: Clock

  constructor({ store, clock }: { store: Store; clock: Clock }) {
    this.#store = store
    this.#clock = clock
  }

  /** Throws AccountError `name_invalid` or `name_taken`. Of two people who ask for one name at once, one gets it. */
  async create(input: NewAccount): Promise<Account> {
    const name = canonicalName(input.name)
    if (name === undefined) throw new AccountError('name_invalid')
    const account: Account = {
      id: newId(),
      name,
      displayName: input.displayName?.trim() || name,
      email: input.email ?? null,
      groups: distinct(input.groups ?? []),
      directory: input.directory ?? 'local',
      suspended: null,
      createdAt: this.#clock()
    }
    // The name last: what breaks off before leaves a record that nobody can sign in to, not a name that nobody can take.
    await this.#store.put(keyOf(account.id), JSON.stringify(account))
    await this.#store.link(index, account.id)
    if (await this.#claim(name, account.id)) return account
    await this.#store.unlink(index, account.id)
    await this.#store.delete(keyOf(account.id))
    throw new AccountError('name_taken')
  }

  async byId(id: string): Promise<Account | null> {
    if (!isId(id)) return null
    const text = await this.#store.get(keyOf(id))
    const account = text === null ? null : parseAccount(text)
    return account?.id === id ? account : null
  }

  /** The account of a name in any spelling (account.ts, `canonicalName`). */
  async byName(text: string): Promise<Account | null> {
    const name = canonicalName(text)
    if (name === undefined) return null
    const account = await this.byId((await this.#store.get(nameKeyOf(name))) ?? nobody)
    return account?.name === name ? account : null
  }

  /** Everybody, by name. `onDone` hears how many have been read. */
  async list(onDone?: (done: number) => void): Promise<Account[]> {
    const found = await inBatches(await this.#store.members(index), id => this.byId(id), onDone)
    return found.filter(account => account !== null).sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Throws AccountError `not_found`. */
  update(id: string, change: AccountChange): Promise<Account> {
    return this.#change(id, account => ({
      ...account,
      ...change,
      groups: change.groups === undefined ? account.groups : distinct(change.groups)
    }))
  }

  /** Ends the account's access; whoever watches the store cuts sessions and connections. Throws AccountError `not_found`. */
  suspend(id: string, why: string): Promise<Account> {
    return this.#change(id, account => ({ ...account, suspended: { at: this.#clock(), why } }))
  }

  /** Throws AccountError `not_found`. */
  resume(id: string): Promise<Account> {
    return this.#change(id, account => ({ ...account, suspended: null }))
  }

  /** Takes the account and its name out. False if there was none. The id is never given again. */
  async remove(id: string): Promise<boolean> {
    const account = await this.byId(id)
    if (account === null) return false
    // Only its own name: another account may have taken it after a removal that broke off.
    if ((await this.#store.get(nameKeyOf(account.name))) === id) await this.#store.delete(nameKeyOf(account.name))
    await this.#store.unlink(index, id)
    return this.#store.delete(keyOf(id))
  }

  /** True for the one account that now has the name; a name whose account is gone is free. */
  #claim(name: string, id: string): Promise<boolean> {
    return changeValue(this.#store, nameKeyOf(name), async holder =>
      holder !== null && (await this.byId(holder)) !== null ? { result: false } : { next: id, result: true }
    )
  }

  #change(id: string, change: (account: Account) => Account): Promise<Account> {
    return changeValue(this.#store, keyOf(isId(id) ? id : nobody), text => {
      const account = text === null ? null : parseAccount(text)
      if (account === null) throw new AccountError('not_found')
      const result = change(account)
      return { next: JSON.stringify(result), result, ...(takesAway(account, result) ? { purpose: 'ends access' } : {}) }
    })
  }
}

/** True where somebody may do less than before. That must be written even where a disk is full. */
function takesAway(before: Account, after: Account): boolean {
  const isSmaller = after.groups.length < before.groups.length
  return (
    (before.suspended === null && after.suspended !== null) ||
    (isSmaller && after.groups.every(group => before.groups.includes(group)))
  )
}

/** What `newId` makes; anything else costs no look into the store. */
function isId(text: string): boolean {
  return /^[A-Za-z0-9_-]{22}$/.test(text)
}

function distinct(groups: readonly string[]): string[] {
  return [...new Set(groups.map(group => group.trim()).filter(group => group !== ''))]
}
