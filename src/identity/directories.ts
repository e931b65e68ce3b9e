/** All configured sources of people: directories that take a password, and institutions. */
import type { Account } from './account.ts'
import { cleanGroups, type EnrolmentMode, type Source } from './arrival.ts'
import type { CertificateInstitution } from './certificate.ts'
import type { Directory } from './directory.ts'
import type { HeaderInstitution } from './header.ts'
import type { Institution } from './institution.ts'
import type { OidcInstitution } from './oidc/oidc.ts'
import type { SamlInstitution } from './saml/saml.ts'

export type AnyInstitution = CertificateInstitution | HeaderInstitution | OidcInstitution | SamlInstitution

/**
 * Whether the account's directory still vouches for it. `ask-there`: the person must sign in there to tell. `gone`: unknown or locked
 * there, or the directory is not configured any more.
 */
type Standing = 'stands' | 'gone' | 'ask-there'

interface DirectoriesInput {
  /** In the order in which they are asked. */
  readonly passwords: readonly Directory[]
  /** In the order of the buttons. */
  readonly institutions: readonly AnyInstitution[]
}

export class Directories {
  readonly passwords: readonly Directory[]
  readonly institutions: readonly AnyInstitution[]
  readonly #sources = new Map<string, Source | null>()
  readonly #now = new WeakMap<Account, Account>()

  constructor({ passwords, institutions }: DirectoriesInput) {
    this.passwords = passwords
    this.institutions = institutions
    for (const { id, source } of passwords) this.#sources.set(id, source ?? null)
    for (const { source } of institutions) this.#sources.set(source.id, source)
  }

  /** Rejects with GateError `institution_unreachable`. */
  async standingOf(account: Account): Promise<Standing> {
    const directory = this.passwords.find(({ id }) => id === account.directory)
    if (directory !== undefined) {
      if (directory.stands === undefined) return directory.source === undefined ? 'stands' : 'ask-there'
      return (await directory.stands(account)) ? 'stands' : 'gone'
    }
    return this.institution(account.directory) === undefined ? 'gone' : 'ask-there'
  }

  /**
   * The account with its groups by this configuration; null if its directory is not configured. A changed `groupMap` counts at once for the
   * groups that the old map knew, and for others at the next question.
   */
  accountNow(account: Account): Account | null {
    const source = this.#sources.get(account.directory)
    if (source === undefined) return null
    const { theirGroups } = account
    if (source === null || theirGroups === undefined) return account
    if (theirGroups === null && source.groupMap === null) return account
    const known = this.#now.get(account)
    if (known !== undefined) return known
    const groups = cleanGroups(theirGroups ?? account.groups, source.groupMap)
    const isSame = groups.length === account.groups.length && groups.every(group => account.groups.includes(group))
    const now = isSame ? account : { ...account, groups }
    this.#now.set(account, now)
    return now
  }

  institution(id: string): AnyInstitution | undefined {
    return this.institutions.find(({ source }) => source.id === id)
  }

  isKnown(id: string): boolean {
    return this.#sources.has(id)
  }

  isElsewhere(id: string): boolean {
    return (this.#sources.get(id) ?? null) !== null
  }

  /** The title, or the id of a directory that is not configured. */
  titleOf(id: string): string {
    return this.#sources.get(id)?.title ?? id
  }

  enrolmentOf(id: string): EnrolmentMode {
    return this.#sources.get(id)?.enrolment ?? 'invitation'
  }

  get hasSponsors(): boolean {
    return [...this.#sources.values()].some(source => source?.enrolment === 'sponsor')
  }

  /** A sentence for each source whose last question failed. */
  troubles(): string[] {
    return [
      ...this.#all.flatMap(each => {
        const { trouble = null } = each
        return trouble === null ? [] : [`${'id' in each ? each.id : each.source.id} does not work: ${trouble}`]
      }),
      ...this.passwords.flatMap(({ id, serverTrouble = null }) =>
        serverTrouble === null ? [] : [`${id} works, but not all of its servers: ${serverTrouble}`]
      )
    ]
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map(each => each.close?.()))
  }

  get #all(): readonly (Directory | Institution)[] {
    return [...this.passwords, ...this.institutions]
  }
}
