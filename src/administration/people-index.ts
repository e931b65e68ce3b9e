/** All accounts in memory, for search and pages: read at the first query, updated by the store's notices, and dropped when idle. */
import { type Account, accountPrefix, helpdesk, operators } from '../identity/account.ts'
import type { Accounts } from '../identity/accounts.ts'
import { inBatches } from '../store/batches.ts'
import { KeptAnswer } from '../store/kept-answer.ts'
import type { Store } from '../store/store.ts'

export const peopleFilters = ['all', 'roles', 'suspended', 'unenrolled'] as const
export type PeopleFilter = (typeof peopleFilters)[number]

interface PeopleQuery {
  /** Part of a name, address or group; '' for everybody. */
  readonly text: string
  readonly filter: PeopleFilter
  /** From 1. A missing page means the nearest one. */
  readonly page: number
}

export interface FoundPeople {
  readonly people: readonly Account[]
  readonly total: number
  readonly page: number
  readonly pages: number
}

const pageSize = 50
/** The list is dropped after this time without a query, in milliseconds. */
const idleMs = 10 * 60_000
/** How long `isEnrolled` is cached, in milliseconds. */
const enrolledMs = 30_000

interface PeopleIndexInput {
  readonly store: Store
  readonly accounts: Pick<Accounts, 'list' | 'byId'>
  readonly clock: () => number
  /** True if the account has a usable second factor. */
  readonly isEnrolled: (account: Account) => Promise<boolean>
}

export class PeopleIndex {
  readonly #input: PeopleIndexInput
  #loading: Promise<Map<string, Account>> | null = null
  #sorted: readonly Account[] | null = null
  readonly #stale = new Set<string>()
  #unsubscribe: (() => void) | null = null
  #idle: NodeJS.Timeout | undefined
  readonly #unenrolled: KeptAnswer<ReadonlySet<string>>

  constructor(input: PeopleIndexInput) {
    this.#input = input
    this.#unenrolled = new KeptAnswer(input.clock, enrolledMs)
  }

  async find({ text, filter, page }: PeopleQuery): Promise<FoundPeople> {
    const all = await this.all()
    const needle = folded(text)
    const unenrolled = filter === 'unenrolled' ? await this.#withoutFactor(all) : null
    const found = all.filter(
      account =>
        (needle === '' || matches(account, needle)) &&
        (filter !== 'roles' || account.groups.some(group => group === operators || group === helpdesk)) &&
        (filter !== 'suspended' || account.suspended !== null) &&
        (unenrolled === null || unenrolled.has(account.id))
    )
    const pages = Math.max(1, Math.ceil(found.length / pageSize))
    const at = Math.min(Math.max(1, page), pages)
    return { people: found.slice((at - 1) * pageSize, at * pageSize), total: found.length, page: at, pages }
  }

  /** Sorted by name. */
  async all(): Promise<readonly Account[]> {
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => this.close(), idleMs).unref()
    this.#loading ??= this.#load()
    const loading = this.#loading
    const people = await loading.catch(error => {
      if (this.#loading === loading) this.close()
      throw error
    })
    const stale = [...this.#stale]
    this.#stale.clear()
    try {
      await inBatches(stale, async id => {
        const account = await this.#input.accounts.byId(id)
        if (account === null) people.delete(id)
        else people.set(id, account)
      })
    } catch (error) {
      for (const id of stale) this.#stale.add(id)
      throw error
    }
    if (stale.length > 0) this.#sorted = null
    this.#sorted ??= [...people.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
    return this.#sorted
  }

  close(): void {
    clearTimeout(this.#idle)
    this.#unsubscribe?.()
    this.#unsubscribe = null
    this.#forget()
  }

  #forget(): void {
    this.#loading = null
    this.#sorted = null
    this.#unenrolled.forget()
    this.#stale.clear()
  }

  async #load(): Promise<Map<string, Account>> {
    const { store, accounts } = this.#input
    // The subscription comes first, so that no change is missed.
    this.#unsubscribe ??= await store.subscribe(accountPrefix, notice => {
      if (notice.kind === 'changed') this.#stale.add(notice.key.slice(accountPrefix.length))
      else this.#forget()
    })
    return new Map((await accounts.list()).map(account => [account.id, account]))
  }

  #withoutFactor(all: readonly Account[]): Promise<ReadonlySet<string>> {
    return this.#unenrolled.get(async () => {
      const ids = await inBatches(all, async account => ((await this.#input.isEnrolled(account)) ? null : account.id))
      return new Set(ids.filter(id => id !== null))
    })
  }
}

function matches({ name, displayName, email, groups }: Account, needle: string): boolean {
  return [name, displayName, email ?? '', ...groups].some(text => folded(text).includes(needle))
}

function folded(text: string): string {
  return text.slice(0, 256).normalize('NFKC').toLowerCase().trim()
}
