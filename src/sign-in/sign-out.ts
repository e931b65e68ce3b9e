/** The end of sign-ins: one, or all others of a person. */
import type { ProgramTokens } from '../programs/program-tokens.ts'
import type { Principal } from '../session/principal.ts'
import type { EndReason } from '../session/records.ts'
import type { Sessions } from '../session/sessions.ts'
import { evenUnconfirmed } from '../store/unconfirmed.ts'
import type { Caller, SignedCaller } from './caller.ts'
import type { SignInJournal } from './journal.ts'

type EndingSessions = Pick<Sessions, 'list' | 'end' | 'endAccount' | 'confirmEnd' | 'confirmEndOf'>

export class SignOut {
  readonly #sessions: EndingSessions
  readonly #tokens: Pick<ProgramTokens, 'list' | 'revoke'>
  readonly #journal: SignInJournal

  constructor(input: {
    sessions: EndingSessions
    tokens: Pick<ProgramTokens, 'list' | 'revoke'>
    journal: SignInJournal
  }) {
    this.#sessions = input.sessions
    this.#tokens = input.tokens
    this.#journal = input.journal
  }

  /** Rejects with StoreUnconfirmed if the end is not confirmed. */
  async here(by: Caller, { session }: Principal): Promise<void> {
    const unconfirmed = await evenUnconfirmed(() => this.#sessions.end(session.id, 'logout'))
    this.#journal.sessionEnd(by, 'logout', unconfirmed)
    if (unconfirmed !== null) throw unconfirmed
  }

  /** Asks again for the confirmation. Rejects as `here` does. */
  async confirm(token: string): Promise<void> {
    await this.#sessions.confirmEndOf(token)
  }

  /** `isStranger`: the person says that it is not theirs. Rejects as `here` does. */
  async listed(by: SignedCaller, id: string, isStranger: boolean): Promise<'ended' | 'absent'> {
    const { account, session } = by.principal
    const own = await this.#sessions.list(account.id)
    const listed = own.find(one => one.session.id === id)
    if (listed === undefined) return (await this.#sessions.confirmEnd(id, account.id)) ? 'ended' : 'absent'
    // A stranger's tokens would outlive the sign-in.
    if (isStranger) await this.#revokeSince(by, listed.session.createdAt)
    await this.#endOne(by, id, id === session.id ? 'logout' : isStranger ? 'not_me' : 'revoked')
    return 'ended'
  }

  async #revokeSince(by: SignedCaller, since: number): Promise<void> {
    for (const { token } of await this.#tokens.list(by.principal.account.id)) {
      if (token.createdAt < since || token.by !== null) continue
      const unconfirmed = await evenUnconfirmed(() => this.#tokens.revoke(token.id))
      this.#journal.tokenRevoked(by, token, 'not_me', unconfirmed)
    }
  }

  async #endOne(by: Caller, id: string, why: EndReason): Promise<void> {
    const unconfirmed = await evenUnconfirmed(() => this.#sessions.end(id, why))
    this.#journal.sessionEnd(by, why, unconfirmed, id)
    if (unconfirmed !== null) throw unconfirmed
  }

  /** Rejects as `here` does. */
  async others(by: Caller, principal: Principal, why: EndReason): Promise<void> {
    const { account, session } = principal
    let ended = 0
    const unconfirmed = await evenUnconfirmed(async () => {
      ended = await this.#sessions.endAccount(account.id, why, session.id)
    })
    if (unconfirmed !== null) ended = unconfirmed.ended
    if (ended > 0) this.#journal.otherSessionsEnd(by, principal, why, ended, unconfirmed)
    if (unconfirmed !== null) throw unconfirmed
  }
}
