/** A signed-in person's recovery codes. `second-factor.ts` spends them. */
import { factorKinds, newestProof } from '../factor/proof.ts'
import type { RecoveryCodes } from '../factor/recovery-code.ts'
import type { Principal } from '../session/principal.ts'
import type { SignedCaller } from './caller.ts'
import type { SignInJournal } from './journal.ts'

export class Recovery {
  readonly #recoveryCodes: Pick<RecoveryCodes, 'issue' | 'status'>
  readonly #journal: SignInJournal

  constructor(input: { recoveryCodes: Pick<RecoveryCodes, 'issue' | 'status'>; journal: SignInJournal }) {
    this.#recoveryCodes = input.recoveryCodes
    this.#journal = input.journal
  }

  /** Shown once. Older codes become void. */
  async issue(by: SignedCaller): Promise<readonly string[]> {
    await this.#journal.recoveryCodes(by)
    return this.#recoveryCodes.issue(by.principal.account.id)
  }

  async hasCodes(accountId: string): Promise<boolean> {
    const status = await this.#recoveryCodes.status(accountId)
    return status !== null && status.remaining > 0
  }

  /** Null unless a recovery code is this session's newest second factor. */
  async leftAfterSpending({ proofs, account }: Principal): Promise<number | null> {
    if (newestProof(proofs, factorKinds)?.kind !== 'recovery') return null
    return (await this.#recoveryCodes.status(account.id))?.remaining ?? 0
  }
}
