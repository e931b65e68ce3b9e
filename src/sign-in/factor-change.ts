/** Changes of a person's second factor: renaming and removal. The last usable one stays (THREATS M23). */
import type { Credential, Credentials } from '../factor/credential.ts'
import type { SignedCaller } from './caller.ts'
import type { SignInJournal } from './journal.ts'
import { type Denied, denied } from './outcome.ts'
import type { UsableFactors } from './usable-factors.ts'

export type FactorRemoval =
  | { readonly kind: 'removed'; readonly credential: Credential }
  /** The factor was removed before, and this call has confirmed it. */
  | { readonly kind: 'confirmed' }
  | Denied

export class FactorChange {
  readonly #credentials: Pick<Credentials, 'get' | 'rename' | 'removeUnlessLast' | 'confirmRemoval'>
  readonly #factors: UsableFactors
  readonly #journal: SignInJournal

  constructor(input: {
    credentials: Pick<Credentials, 'get' | 'rename' | 'removeUnlessLast' | 'confirmRemoval'>
    factors: UsableFactors
    journal: SignInJournal
  }) {
    this.#factors = input.factors
    this.#credentials = input.credentials
    this.#journal = input.journal
  }

  /** False if this account has no such credential. */
  rename({ principal }: SignedCaller, id: string, name: string): Promise<boolean> {
    return this.#credentials.rename(principal.account.id, id, name)
  }

  async remove(by: SignedCaller, id: string): Promise<FactorRemoval> {
    const accountId = by.principal.account.id
    const credential = await this.#credentials.get(accountId, id)
    // The person tries again after an unconfirmed removal.
    if (credential === null)
      return (await this.#credentials.confirmRemoval(accountId, id)) ? { kind: 'confirmed' } : denied('not_found')
    const outcome = await this.#credentials.removeUnlessLast(
      accountId,
      id,
      () => this.#journal.factorRemoved(by, credential),
      other => this.#factors.isUsable(other)
    )
    return outcome === 'last' ? denied('last_factor') : { kind: 'removed', credential }
  }
}
