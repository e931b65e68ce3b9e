/** Finds the account of an arrival by the institution's id, makes it at the first sign-in, and updates it later. Accounts are never merged. */
import { type Account, canonicalName } from './account.ts'
import { AccountError, type Accounts } from './accounts.ts'
import { type Arrival, cleanDisplayName, cleanEmail, cleanGroups, mappedGroups, type Source } from './arrival.ts'

type Admission =
  | { readonly kind: 'admitted'; readonly account: Account; readonly isNew: boolean }
  /** `name_invalid`: no account can have this name. */
  | { readonly kind: 'refused'; readonly why: 'name_invalid' | 'name_taken' }

type AdmissionSource = Pick<Source, 'id' | 'realm' | 'groupMap'>

export class Admissions {
  readonly #accounts: Accounts

  constructor({ accounts }: { accounts: Accounts }) {
    this.#accounts = accounts
  }

  /** Rejects where the store cannot be reached. */
  async admit(source: AdmissionSource, arrival: Arrival): Promise<Admission> {
    const known = await this.#accounts.ofExternal(source.id, arrival.externalId)
    if (known !== null)
      return { kind: 'admitted', account: await this.keepInStep(source, known, arrival), isNew: false }
    const name = nameOf(source, arrival)
    if (name === undefined) return { kind: 'refused', why: 'name_invalid' }
    const holder = await this.#accounts.byName(name)
    if (holder !== null) return this.#bind(source, holder, arrival)
    try {
      const account = await this.#accounts.create({
        name,
        displayName: cleanDisplayName(arrival.displayName) ?? name,
        email: cleanEmail(arrival.email),
        groups: cleanGroups(arrival.groups ?? [], source.groupMap),
        ...(arrival.groups === null ? {} : { theirGroups: mappedGroups(arrival.groups, source.groupMap) }),
        directory: source.id,
        externalId: arrival.externalId
      })
      return { kind: 'admitted', account, isNew: true }
    } catch (error) {
      return this.#lost(source, arrival, error)
    }
  }

  /** True if `keepInStep` would write nothing. */
  isInStep(source: AdmissionSource, account: Account, arrival: Arrival): boolean {
    const name = nameOf(source, arrival)
    return changes(source, account, arrival).isSame && (name === undefined || name === account.name)
  }

  async keepInStep(source: AdmissionSource, account: Account, arrival: Arrival): Promise<Account> {
    const { displayName, email, groups, theirs, isSame } = changes(source, account, arrival)
    let now = account
    if (!isSame)
      now = await this.#accounts.update(account.id, {
        displayName,
        groups,
        ...(theirs === undefined ? {} : { theirGroups: theirs }),
        ...(email === account.email ? {} : { email })
      })
    const name = nameOf(source, arrival)
    return name === undefined || name === account.name ? now : this.#rename(now, name)
  }

  /** An account that was added beforehand goes to the first person who signs in with its name. */
  async #bind(source: AdmissionSource, holder: Account, arrival: Arrival): Promise<Admission> {
    if (holder.directory !== source.id || holder.externalId !== undefined) return { kind: 'refused', why: 'name_taken' }
    try {
      const account = await this.#accounts.bind(holder.id, arrival.externalId)
      return { kind: 'admitted', account: await this.keepInStep(source, account, arrival), isNew: false }
    } catch (error) {
      return this.#lost(source, arrival, error)
    }
  }

  /** A parallel first sign-in of the same person has made the account. */
  async #lost(source: AdmissionSource, arrival: Arrival, error: unknown): Promise<Admission> {
    if (!(error instanceof AccountError)) throw error
    const account = await this.#accounts.ofExternal(source.id, arrival.externalId)
    if (account !== null) return { kind: 'admitted', account, isNew: false }
    return { kind: 'refused', why: error.problem === 'name_invalid' ? 'name_invalid' : 'name_taken' }
  }

  /** Keeps the old name if another account has the new one. */
  async #rename(account: Account, name: string): Promise<Account> {
    try {
      return await this.#accounts.rename(account.id, name)
    } catch (error) {
      if (error instanceof AccountError && error.problem === 'name_taken') return account
      throw error
    }
  }
}

function changes(source: AdmissionSource, account: Account, arrival: Arrival) {
  const displayName = cleanDisplayName(arrival.displayName) ?? account.displayName
  const email = cleanEmail(arrival.email)
  const groups = arrival.groups === null ? account.groups : cleanGroups(arrival.groups, source.groupMap)
  const theirs = arrival.groups === null ? account.theirGroups : mappedGroups(arrival.groups, source.groupMap)
  const isSame =
    displayName === account.displayName &&
    email === account.email &&
    areEqual(groups, account.groups) &&
    areSame(theirs, account.theirGroups)
  return { displayName, email, groups, theirs, isSame }
}

/** Undefined for text that cannot be a name. */
function nameOf({ realm }: AdmissionSource, { name }: Arrival): string | undefined {
  const plain = canonicalName(name)
  if (plain === undefined || realm === null) return plain
  // Kerberos and SAML include the realm (`alice@LAB.EXAMPLE`). Names of other realms are refused.
  return plain.endsWith(`@${realm}`) ? plain : canonicalName(`${plain}@${realm}`)
}

/** Null and undefined differ. */
function areSame(one: readonly string[] | null | undefined, other: readonly string[] | null | undefined): boolean {
  return one == null || other == null ? one === other : areEqual(one, other)
}

function areEqual(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index])
}
