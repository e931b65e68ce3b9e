/** The signed-in people, over all gates of the store. It reads every session, so the result is cached for a few seconds. */
import { isFullySignedIn } from '../factor/proof.ts'
import type { Account } from '../identity/account.ts'
import type { Accounts } from '../identity/accounts.ts'
import { seenKey, sessionRecord } from '../session/records.ts'
import type { Session } from '../session/session.ts'
import { inBatches } from '../store/batches.ts'
import type { Store } from '../store/store.ts'

export interface SignedInSession {
  readonly account: Account
  readonly session: Session
  /** Milliseconds since the epoch. The store is updated every few seconds. */
  readonly lastSeenAt: number
  /** False between the first factor and the second. */
  readonly isWhole: boolean
}

const keptMs = 5_000

export class SignedInPeople {
  readonly #input: { readonly store: Store; readonly accounts: Pick<Accounts, 'byId'>; readonly clock: () => number }
  #kept: { readonly at: number; readonly list: Promise<readonly SignedInSession[]> } | null = null

  constructor(input: { store: Store; accounts: Pick<Accounts, 'byId'>; clock: () => number }) {
    this.#input = input
  }

  /** Last seen first. */
  list(): Promise<readonly SignedInSession[]> {
    const now = this.#input.clock()
    if (this.#kept === null || Math.abs(now - this.#kept.at) > keptMs) {
      const list = this.#read(now)
      this.#kept = { at: now, list }
      list.catch(() => this.forget())
    }
    return this.#kept.list
  }

  /** Drops the cached list after a change. */
  forget(): void {
    this.#kept = null
  }

  async #read(now: number): Promise<readonly SignedInSession[]> {
    const { store, accounts } = this.#input
    const sessions: Session[] = []
    for await (const { value } of store.scan(sessionRecord.prefix)) {
      const session = sessionRecord.parseIfKnown(value)
      if (session !== null && session.expiresAt > now) sessions.push(session)
    }
    const people = new Map<string, Promise<Account | null>>()
    const found = await inBatches(sessions, async session => {
      const { accountId, proofs } = session
      const person = people.get(accountId) ?? accounts.byId(accountId)
      people.set(accountId, person)
      const [account, seen] = await Promise.all([person, store.get(seenKey(session.id))])
      const lastSeenAt = Number(seen ?? 0)
      return account === null || !(lastSeenAt > 0)
        ? null
        : { account, session, lastSeenAt, isWhole: isFullySignedIn(proofs) }
    })
    return found.filter(one => one !== null).sort((a, b) => b.lastSeenAt - a.lastSeenAt)
  }
}
