/**
 * An arrival becomes an account: found by the id that never changes, made at the first sign-in, kept in step with the institution after that. A name
 * that is taken by somebody else is refused, and never merged.
 */
import { type Account, canonicalName } from './account.ts'
import { AccountError, type Accounts } from './accounts.ts'
import { type Arrival, cleanDisplayName, cleanEmail, cleanGroups, type Source } from './arrival.ts'

export type Admission =
  | { readonly kind: 'admitted'; readonly account: Account; readonly isNew: boolean }
  /** `name_invalid`: no account can be called so. `name_taken`: somebody else is called so. */
  | { readonly kind: 'refused'; readonly why: 'name_invalid' | 'name_taken' }

export type AdmissionSource = Pick<Source, 'id' | 'realm' | 'groupMap'>

export class Admissions {
  readonly #accounts: Accounts

  constructor({ accounts }: { accounts: Accounts }) {
    this.#accounts = accounts
  }

  /** The account of the person who has arrived. Rejects where the store cannot be reached. */
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
        groups: cleanGroups(arrival.groups, source.groupMap),
        directory: source.id,
        externalId: arrival.externalId
      })
      return { kind: 'admitted', account, isNew: true }
    } catch (error) {
      return this.#lost(source, arrival, error)
    }
  }

  /** The account with what the institution says now. Writes only what differs. */
  async keepInStep(source: AdmissionSource, account: Account, arrival: Arrival): Promise<Account> {
    const displayName = cleanDisplayName(arrival.displayName) ?? account.displayName
    const email = cleanEmail(arrival.email)
    const groups = cleanGroups(arrival.groups, source.groupMap)
    let now = account
    const isSame = displayName === account.displayName && email === account.email && areEqual(groups, account.groups)
    if (!isSame)
      now = await this.#accounts.update(account.id, {
        displayName,
        groups,
        ...(email === account.email ? {} : { email })
      })
    const name = nameOf(source, arrival)
    return name === undefined || name === account.name ? now : this.#rename(now, name)
  }

  /** Somebody who was added beforehand, with this directory, is who comes first under the name. */
  async #bind(source: AdmissionSource, holder: Account, arrival: Arrival): Promise<Admission> {
    if (holder.directory !== source.id || holder.externalId !== undefined) return { kind: 'refused', why: 'name_taken' }
    try {
      const account = await this.#accounts.bind(holder.id, arrival.externalId)
      return { kind: 'admitted', account: await this.keepInStep(source, account, arrival), isNew: false }
    } catch (error) {
      return this.#lost(source, arrival, error)
    }
  }

  /** Two first sign-ins of one person at once: the account that came first is theirs. */
  async #lost(source: AdmissionSource, arrival: Arrival, error: unknown): Promise<Admission> {
    if (!(error instanceof AccountError)) throw error
    const account = await this.#accounts.ofExternal(source.id, arrival.externalId)
    if (account !== null) return { kind: 'admitted', account, isNew: false }
    return { kind: 'refused', why: error.problem === 'name_invalid' ? 'name_invalid' : 'name_taken' }
  }

  /** Whoever is called otherwise there now is called so here, unless somebody else is: then the old name stays. */
  async #rename(account: Account, name: string): Promise<Account> {
    try {
      return await this.#accounts.rename(account.id, name)
    } catch (error) {
      if (error instanceof AccountError && error.problem === 'name_taken') return account
      throw error
    }
  }
}

/** The name of the account; undefined for what can be none. */
function nameOf({ realm }: AdmissionSource, { name }: Arrival): string | undefined {
  const plain = canonicalName(name)
  if (plain === undefined || realm === null) return plain
  // Kerberos and SAML write the realm themselves (`alice@LAB.EXAMPLE`); a name of another realm gets none and is refused.
  return plain.endsWith(`@${realm}`) ? plain : canonicalName(`${plain}@${realm}`)
}

function areEqual(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index])
}
