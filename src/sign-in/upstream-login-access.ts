/** A person's own logins at apps, stored after a fresh proof, which the page requires. */
import { GateError } from '../errors.ts'
import { evenUnconfirmed } from '../store/unconfirmed.ts'
import { basicAuthorization, type TypedField, type TypedLogin } from '../upstream-login/credentials.ts'
import type { ListedLogin, UpstreamLogins } from '../upstream-login/upstream-logins.ts'
import type { SignedCaller } from './caller.ts'
import type { SignInJournal } from './journal.ts'

export class UpstreamLoginAccess {
  readonly #logins: UpstreamLogins
  readonly #journal: SignInJournal

  constructor(input: { upstreamLogins: UpstreamLogins; journal: SignInJournal }) {
    this.#logins = input.upstreamLogins
    this.#journal = input.journal
  }

  /** The field that is wrong, or null. Throws if the journal takes no line. */
  async store(by: SignedCaller, appId: string, typed: TypedLogin): Promise<TypedField | null> {
    const made = basicAuthorization(typed)
    if ('wrong' in made) return made.wrong
    if (!this.#journal.isWritable) throw new GateError('journal_unwritable', { retryAfterSeconds: 2 })
    const accountId = by.principal.account.id
    const { outcome, version } = await this.#logins.store(accountId, appId, made.authorization)
    await this.#journal.loginStored(by, appId, outcome).catch(async error => {
      await this.#logins.removeVersion(accountId, appId, version)
      throw error
    })
    return null
  }

  list({ principal }: SignedCaller): Promise<ListedLogin[]> {
    return this.#logins.list(principal.account.id)
  }

  /** False if there is none. Rejects with StoreUnconfirmed, although it is removed. */
  async remove(by: SignedCaller, appId: string): Promise<boolean> {
    let wasThere = false
    const unconfirmed = await evenUnconfirmed(async () => {
      wasThere = true
      wasThere = await this.#logins.remove(by.principal.account.id, appId)
    })
    if (wasThere) this.#journal.loginRemoved(by, appId, unconfirmed)
    if (unconfirmed !== null) throw unconfirmed
    return wasThere
  }
}
