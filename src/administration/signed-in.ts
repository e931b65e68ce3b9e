/** The signed-in people, over all gates of the store. Cached for a few seconds, since it reads every session. */
import { isFullySignedIn } from '../factor/proof.ts'
import type { Account } from '../identity/account.ts'
import type { Accounts } from '../identity/accounts.ts'
import { seenKey, sessionRecord } from '../session/records.ts'
import type { Session } from '../session/session.ts'
import { inBatches } from '../store/batches.ts'
import { KeptAnswer } from '../store/kept-answer.ts'
import type { Store } from '../store/store.ts'

export interface SignedInSession {
  readonly account: Account
  readonly session: Session
  /** Milliseconds since the epoch, a few seconds late. */
  readonly lastSeenAt: number
  /** False between the first factor and the second. */
  readonly isWhole: boolean
}

const keptMs = 5_000

export class SignedInPeople {
  readonly #input: { readonly store: Store; readonly accounts: Pick<Accounts, 'byId'> }
  readonly #list: KeptAnswer<readonly SignedInSession[]>

  constructor(input: { store: Store; accounts: Pick<Accounts, 'byId'>; clock: () => number }) {
    this.#input = input
    this.#list = new KeptAnswer(input.clock, keptMs)
  }

  /** Last seen first. */
  list(): Promise<readonly SignedInSession[]> {
    return this.#list.get(now => this.#read(now))
  }

  /** Drops the cached list after a change. */
  forget(): void {
    this.#list.forget()
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
