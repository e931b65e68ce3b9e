/** The accounts in the store. A name belongs to one account, and parallel changes are not lost. */
import type { Clock } from '../clock.ts'
import { digestOf, isId, newId } from '../ids.ts'
import { type Words, wordsFor } from '../reasons/reason.ts'
import { inBatches } from '../store/batches.ts'
import { changeValue } from '../store/change.ts'
import type { Store } from '../store/store.ts'
import { type Account, canonicalName } from './account.ts'
import { accountRecord } from './account-record.ts'
import { Addresses, canonicalAddress } from './addresses.ts'
import { type Suspension, type SuspensionCause, suspendedAgain } from './suspension.ts'

type AccountProblem = 'name_taken' | 'name_invalid' | 'external_taken' | 'not_found' | 'changed'

const sentences: Readonly<Record<AccountProblem, string>> = {
  name_taken: 'there is an account with this name already',
  name_invalid:
    'a name must have 1 to 64 characters from a-z 0-9 . _ + -, or be an e-mail address, and must begin and end with a letter or digit',
  external_taken: 'the directory’s person has another account already',
  not_found: 'there is no such account',
  changed: 'somebody else has changed the account meanwhile; nothing was changed here'
}

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
  readonly externalId?: string
  readonly theirGroups?: readonly string[] | null
}

export type AccountChange = Partial<
  Pick<Account, 'displayName' | 'email' | 'groups' | 'theirGroups' | 'directory' | 'language'>
>

const index = 'accounts'
/** Set when the index of addresses is complete; older stores lack it. */
const addressMark = 'meta:addresses'
/** An id that no account has. Looking it up for unknown names keeps the number of reads equal (ASVS 6.3.8). */
const nobody = 'A'.repeat(22)
const nameKeyOf = (name: string) => `account-name:${name}`
/** A directory's ids have any length and any characters. */
const externalKeyOf = (directory: string, externalId: string) => `account-external:${directory}:${digestOf(externalId)}`
const membersOf = (directory: string) => `accounts-of:${directory}`

export class Accounts {
  readonly #store: Store
  readonly #clock: Clock
  readonly #addresses: Addresses

  constructor({ store, clock }: { store: Store; clock: Clock }) {
    this.#store = store
    this.#clock = clock
    this.#addresses = new Addresses(store)
  }

  /** Throws AccountError `name_invalid`, `name_taken` or `external_taken`. One of two parallel calls gets a name. */
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
      ...(input.externalId === undefined ? {} : { externalId: input.externalId }),
      ...(input.theirGroups === undefined ? {} : { theirGroups: input.theirGroups }),
      suspended: null,
      createdAt: this.#clock()
    }
    // The name comes last, otherwise an interrupted create would leave a name that nobody can take.
    await accountRecord.put(this.#store, account.id, account)
    await this.#store.link(index, account.id)
    await this.#addresses.link(account.email, account.id)
    const problem = await this.#claimBoth(account)
    if (problem === null) return account
    await this.#addresses.unlink(account.email, account.id)
    await this.#store.unlink(index, account.id)
    await this.#store.delete(accountRecord.key(account.id))
    throw new AccountError(problem)
  }

  async #claimBoth({ id, name, directory, externalId }: Account): Promise<AccountProblem | null> {
    const external = externalId === undefined ? null : externalKeyOf(directory, externalId)
    if (external !== null && !(await this.#claim(external, id))) return 'external_taken'
    if (!(await this.#claim(nameKeyOf(name), id))) {
      if (external !== null) await this.#store.delete(external, id)
      return 'name_taken'
    }
    if (directory !== 'local') await this.#store.link(membersOf(directory), id)
    return null
  }

  async ofExternal(directory: string, externalId: string): Promise<Account | null> {
    const id = await this.#store.get(externalKeyOf(directory, externalId))
    const account = id === null ? null : await this.byId(id)
    return account?.directory === directory && account.externalId === externalId ? account : null
  }

  idsOf(directory: string): Promise<readonly string[]> {
    return this.#store.members(membersOf(directory))
  }

  /** Ties an account that was added beforehand to a person of its directory. Throws AccountError `external_taken` if either is tied. */
  async bind(id: string, externalId: string): Promise<Account> {
    const { directory } = (await this.byId(id)) ?? { directory: null }
    if (directory === null) throw new AccountError('not_found')
    if (!(await this.#claim(externalKeyOf(directory, externalId), id))) throw new AccountError('external_taken')
    const account = await this.#change(id, account => {
      if (account.externalId !== undefined && account.externalId !== externalId)
        throw new AccountError('external_taken')
      return { ...account, externalId }
    }).catch(async error => {
      // Another person has this name. This one may still get an account with another name.
      if (error instanceof AccountError && error.problem === 'external_taken')
        await this.#store.delete(externalKeyOf(directory, externalId), id)
      throw error
    })
    await this.#store.link(membersOf(directory), id)
    return account
  }

  /**
   * The old name stays taken, because apps may know the person by it. Throws AccountError `name_invalid` or `name_taken`. `asOf` as in
   * `update`.
   */
  async rename(id: string, to: string, asOf?: Account): Promise<Account> {
    const name = canonicalName(to)
    if (name === undefined) throw new AccountError('name_invalid')
    if (!(await this.#claim(nameKeyOf(name), id))) throw new AccountError('name_taken')
    try {
      return await this.#change(id, account => renamed(account, name), asOf)
    } catch (error) {
      if (error instanceof AccountError && !namesOf(await this.byId(id)).includes(name))
        await this.#store.delete(nameKeyOf(name), id)
      throw error
    }
  }

  /** True also for a former name. */
  async isTaken(text: string): Promise<boolean> {
    const id = await this.#store.get(nameKeyOf(canonicalName(text) ?? nobody))
    return id !== null && (await this.byId(id)) !== null
  }

  /** Null for a name that an account has now, and for one that nobody had. */
  async byFormerName(text: string): Promise<Account | null> {
    const name = canonicalName(text)
    const id = name === undefined ? null : await this.#store.get(nameKeyOf(name))
    const account = id === null ? null : await this.byId(id)
    return account === null || account.name === name ? null : account
  }

  /** Frees a former name. Answers whose it was, or null. Throws AccountError `name_taken` for a name that an account has now. */
  async forgetName(text: string): Promise<Account | null> {
    const name = canonicalName(text)
    const id = name === undefined ? null : await this.#store.get(nameKeyOf(name))
    const account = id === null ? null : await this.byId(id)
    if (name === undefined || account === null) return null
    if (account.name === name) throw new AccountError('name_taken')
    // The account loses the name first, otherwise an app could know two people by it.
    await this.#change(account.id, current => withoutFormer(current, name))
    await this.#store.delete(nameKeyOf(name), account.id)
    // The account may have got it back meanwhile.
    if ((await this.byId(account.id))?.name === name) await this.#claim(nameKeyOf(name), account.id)
    return account
  }

  async byId(id: string): Promise<Account | null> {
    if (!isId(id)) return null
    const account = await accountRecord.get(this.#store, id)
    return account?.id === id ? account : null
  }

  /** Any spelling of the name. */
  async byName(text: string): Promise<Account | null> {
    // Names have no capitals, so no name is equal to `nobody`.
    const name = canonicalName(text) ?? nobody
    const account = await this.byId((await this.#store.get(nameKeyOf(name))) ?? nobody)
    return account?.name === name ? account : null
  }

  /** Finds an account by a name, or else by an e-mail address that only one account has. The number of reads depends on the text alone (ASVS 6.3.8). */
  async bySignIn(text: string): Promise<Account | null> {
    const named = await this.byName(text)
    const address = canonicalAddress(text)
    if (address === undefined) return named
    const ids = await this.#addresses.holders(address)
    const found = await Promise.all((ids === null || ids.length === 0 ? [nobody] : ids).map(id => this.byId(id)))
    const holders = found.filter(account => account !== null && canonicalAddress(account.email ?? '') === address)
    return named ?? (holders.length === 1 ? holders[0]! : null)
  }

  /** Runs once for each store, or again with `anew`. */
  async indexAddresses({ anew = false } = {}): Promise<void> {
    if (!anew && (await this.#store.get(addressMark)) !== null) return
    await inBatches(await this.#store.members(index), async id => {
      const account = await this.byId(id)
      if (account !== null) await this.#addresses.link(account.email, id)
    })
    if (!anew) await this.#store.put(addressMark, '1')
  }

  /** At most `most` accounts, in no order. */
  async beginningWith(text: string, most: number): Promise<Account[]> {
    const found: Account[] = []
    for await (const { key, value } of this.#store.scan(nameKeyOf(text))) {
      const account = await this.byId(value)
      if (account !== null && nameKeyOf(account.name) === key) found.push(account)
      if (found.length === most) break
    }
    return found
  }

  async isEmpty(): Promise<boolean> {
    return (await this.#store.members(index)).length === 0
  }

  /** Sorted by name. `onDone` gets the number of accounts read. */
  async list(onDone?: (done: number) => void): Promise<Account[]> {
    const found = await inBatches(await this.#store.members(index), id => this.byId(id), onDone)
    return found.filter(account => account !== null).sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Throws AccountError `not_found`, and StoreUnconfirmed as `suspend` does. With `asOf`, also `changed` if the account is not that one. */
  async update(id: string, change: AccountChange, asOf?: Account): Promise<Account> {
    const before = change.email === undefined ? null : await this.byId(id)
    // The index comes first: it may name one account too many, never one too few.
    if (before !== null) await this.#addresses.link(change.email ?? null, id)
    const account = await this.#change(id, account => changed(account, change), asOf)
    if (before !== null) await this.#forget(before.email, id)
    await this.#store.settle?.()
    return account
  }

  /** Unless the account has the address now. */
  async #forget(address: string | null, id: string): Promise<void> {
    const isTheirs = async () =>
      canonicalAddress((await this.byId(id))?.email ?? '') === canonicalAddress(address ?? '')
    if (await isTheirs()) return
    await this.#addresses.unlink(address, id)
    // Another process may have given the address back.
    if (await isTheirs()) await this.#addresses.link(address, id)
  }

  /**
   * Watchers of the store end the account's sessions and connections. Throws AccountError `not_found`. Rejects with StoreUnconfirmed if the
   * change is not confirmed; a second call asks again. `asOf` as in `update`.
   */
  async suspend(
    id: string,
    said: string | Words,
    { asOf, cause = 'operator' }: { readonly asOf?: Account | undefined; readonly cause?: SuspensionCause } = {}
  ): Promise<Account> {
    const words = typeof said === 'string' ? { why: said } : wordsFor(said)
    const account = await this.#change(
      id,
      account => ({ ...account, suspended: suspendedAgain(account.suspended, { at: this.#clock(), ...words, cause }) }),
      asOf
    )
    await this.#store.settle?.()
    return account
  }

  /** Throws AccountError `changed` if the account is not suspended. `asOf` as in `update`. */
  noteOnSuspension(id: string, words: Pick<Suspension, 'confirmed' | 'resumeAsked'>, asOf?: Account): Promise<Account> {
    const noted = (account: Account) => {
      if (account.suspended === null) throw new AccountError('changed')
      return { ...account, suspended: { ...account.suspended, ...words } }
    }
    return this.#change(id, noted, asOf)
  }

  resume(id: string, asOf?: Account): Promise<Account> {
    return this.#change(id, account => ({ ...account, suspended: null }), asOf)
  }

  /** False if there was none. */
  async remove(id: string): Promise<boolean> {
    const account = await this.byId(id)
    if (account === null) return false
    // Another account may have the name after an interrupted removal.
    for (const name of namesOf(account)) await this.#store.delete(nameKeyOf(name), id)
    if (account.externalId !== undefined)
      await this.#store.delete(externalKeyOf(account.directory, account.externalId), id)
    await this.#store.unlink(membersOf(account.directory), id)
    await this.#store.unlink(index, id)
    await this.#addresses.unlink(account.email, id)
    const isGone = await this.#store.delete(accountRecord.key(id))
    await this.#store.settle?.()
    return isGone
  }

  /** True if the key now names this account. A removed account loses its claim. */
  #claim(key: string, id: string): Promise<boolean> {
    return changeValue(this.#store, key, async holder => {
      if (holder === id) return { result: true }
      return holder !== null && (await this.byId(holder)) !== null ? { result: false } : { next: id, result: true }
    })
  }

  #change(id: string, change: (account: Account) => Account, asOf?: Account): Promise<Account> {
    return accountRecord.change<Account>(this.#store, isId(id) ? id : nobody, account => {
      if (account === null) throw new AccountError('not_found')
      if (asOf !== undefined && accountRecord.text(asOf) !== accountRecord.text(account))
        throw new AccountError('changed')
      const next = change(account)
      return { next, result: next, ...(takesAway(account, next) ? { purpose: 'ends access' } : {}) }
    })
  }
}

/** The first one and the latest. */
const maxFormer = 16

function renamed(account: Account, name: string): Account {
  if (account.name === name) return account
  const all = [...new Set([...(account.formerNames ?? []), account.name])]
  const formerNames = all.length > maxFormer ? [all[0]!, ...all.slice(1 - maxFormer)] : all
  // A person who is displayed by their user name still is.
  const displayName = account.displayName === account.name ? name : account.displayName
  return { ...account, name, displayName, formerNames }
}

function withoutFormer({ formerNames, ...account }: Account, name: string): Account {
  const left = (formerNames ?? []).filter(former => former !== name)
  return left.length === 0 ? account : { ...account, formerNames: left }
}

function namesOf(account: Account | null): string[] {
  return account === null ? [] : [account.name, ...(account.formerNames ?? [])]
}

/** The store writes a change that takes rights away even when its disk is full. */
function takesAway(before: Account, after: Account): boolean {
  const isSmaller = after.groups.length < before.groups.length
  return after.suspended !== null || (isSmaller && after.groups.every(group => before.groups.includes(group)))
}

function changed({ theirGroups, ...account }: Account, change: AccountChange): Account {
  const groups = change.groups === undefined ? account.groups : distinct(change.groups)
  // Groups that an operator gives are not the directory's.
  const areTheirs = groups.length === account.groups.length && groups.every(group => account.groups.includes(group))
  return { ...account, ...(theirGroups !== undefined && areTheirs ? { theirGroups } : {}), ...change, groups }
}

/** Other text than an id costs no read of the store. */
function distinct(groups: readonly string[]): string[] {
  return [...new Set(groups.map(group => group.trim()).filter(group => group !== ''))]
}
