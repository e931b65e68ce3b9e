/** A person's own tokens for programs, made after a fresh proof, which the page requires. */
import { GateError } from '../errors.ts'
import type { ProgramToken } from '../programs/program-token.ts'
import { type ListedToken, type NewToken, type ProgramTokens, TooManyTokens } from '../programs/program-tokens.ts'
import { evenUnconfirmed } from '../store/unconfirmed.ts'
import type { SignedCaller } from './caller.ts'
import type { SignInJournal } from './journal.ts'

export class ProgramAccess {
  readonly #tokens: ProgramTokens
  readonly #journal: SignInJournal

  constructor(input: { tokens: ProgramTokens; journal: SignInJournal }) {
    this.#tokens = input.tokens
    this.#journal = input.journal
  }

  /** The text is for the person alone. Throws if the journal takes no line. */
  async issue(
    by: SignedCaller,
    wanted: Omit<NewToken, 'accountId' | 'by'>
  ): Promise<
    { readonly kind: 'issued'; readonly token: ProgramToken; readonly text: string } | { readonly kind: 'too_many' }
  > {
    if (!this.#journal.isWritable) throw new GateError('journal_unwritable', { retryAfterSeconds: 2 })
    try {
      const made = await this.#tokens.issue({ ...wanted, accountId: by.principal.account.id, by: null })
      await this.#journal.tokenIssued(by, made.token).catch(async error => {
        await this.#tokens.revoke(made.token.id)
        throw error
      })
      return { kind: 'issued', ...made }
    } catch (error) {
      if (error instanceof TooManyTokens) return { kind: 'too_many' }
      throw error
    }
  }

  list({ principal }: SignedCaller): Promise<ListedToken[]> {
    return this.#tokens.list(principal.account.id)
  }

  /** Null if the person has no such token. Rejects with StoreUnconfirmed, although the token is revoked. */
  async revoke(by: SignedCaller, id: string): Promise<ProgramToken | null> {
    const token = await this.#tokens.byId(id)
    if (token === null || token.accountId !== by.principal.account.id) return null
    const unconfirmed = await evenUnconfirmed(() => this.#tokens.revoke(id))
    this.#journal.tokenRevoked(by, token, 'owner', unconfirmed)
    if (unconfirmed !== null) throw unconfirmed
    return token
  }
}
