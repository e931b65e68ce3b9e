/** Renaming and removal of a person's second factor. The last usable one stays (THREATS M23); what a removed one has opened ends. */
import type { Credential, Credentials } from '../factor/credential.ts'
import type { Sessions } from '../session/sessions.ts'
import { evenUnconfirmed } from '../store/unconfirmed.ts'
import type { SignedCaller } from './caller.ts'
import type { SignInJournal } from './journal.ts'
import { type Denied, denied } from './outcome.ts'
import type { UsableFactors } from './usable-factors.ts'

type FactorRemoval =
  | { readonly kind: 'removed'; readonly credential: Credential }
  /** The factor was removed before, and this call has confirmed it. */
  | { readonly kind: 'confirmed' }
  | Denied

export class FactorChange {
  readonly #credentials: Pick<Credentials, 'get' | 'rename' | 'removeUnlessLast' | 'confirmRemoval'>
  readonly #factors: UsableFactors
  readonly #sessions: Pick<Sessions, 'endProvedBy'>
  readonly #journal: SignInJournal

  constructor(input: {
    credentials: Pick<Credentials, 'get' | 'rename' | 'removeUnlessLast' | 'confirmRemoval'>
    factors: UsableFactors
    sessions: Pick<Sessions, 'endProvedBy'>
    journal: SignInJournal
  }) {
    this.#factors = input.factors
    this.#sessions = input.sessions
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
    if (credential === null) {
      if (!(await this.#credentials.confirmRemoval(accountId, id))) return denied('not_found')
      await this.#endSessions(by, id)
      return { kind: 'confirmed' }
    }
    let outcome = 'removed' as 'removed' | 'last' | 'absent'
    const unconfirmed = await evenUnconfirmed(async () => {
      outcome = await this.#credentials.removeUnlessLast(
        accountId,
        id,
        () => this.#journal.factorRemoved(by, credential),
        other => this.#factors.isUsable(other)
      )
    })
    if (outcome === 'removed') await this.#endSessions(by, id)
    if (unconfirmed !== null) throw unconfirmed
    return outcome === 'last' ? denied('last_factor') : { kind: 'removed', credential }
  }

  /** This session goes on if it has shown another factor. */
  async #endSessions(by: SignedCaller, credentialId: string): Promise<void> {
    const { principal } = by
    let ended = 0
    const unconfirmed = await evenUnconfirmed(async () => {
      ended = await this.#sessions.endProvedBy(principal.account.id, credentialId, principal.session.id)
    })
    if (unconfirmed !== null) ended = unconfirmed.ended
    if (ended > 0) this.#journal.otherSessionsEnd(by, principal, 'factors_changed', ended, unconfirmed)
    if (unconfirmed !== null) throw unconfirmed
  }
}
