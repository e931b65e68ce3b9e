/**
 * The port of directories that check a name and a password: local users and LDAP. institution.ts is the port of logins that are checked
 * elsewhere.
 */
import type { Account } from './account.ts'
import type { Source } from './arrival.ts'
import type { HashPlace } from './password/hash-queue.ts'

export type DirectoryAnswer =
  /** The account exists in the store. */
  | { readonly kind: 'accepted'; readonly accountId: string }
  /**
   * An unknown name is refused as a wrong password is, in the same bytes and time. `why`: the password is right, but this prevents the
   * sign-in.
   */
  | { readonly kind: 'refused'; readonly why?: DirectoryRefusal }
  /** Nothing was checked. */
  | { readonly kind: 'busy' }
  /** Nothing was checked, and the directory cannot be asked now. */
  | { readonly kind: 'unreachable' }

/** Only a person who typed the right password hears it. */
export type DirectoryRefusal = 'locked' | 'disabled' | 'expired' | 'must_change' | 'name_invalid' | 'name_taken'

export interface Directory {
  readonly id: string
  /** Absent where its people are accounts already. */
  readonly source?: Source
  /** Rejects only where the store cannot be reached. `place` decides whose turn comes first. */
  authenticate(name: string, password: string, place?: HashPlace): Promise<DirectoryAnswer>
  /**
   * Takes as long as `authenticate` and checks nobody; for people whose password another directory checks. Where it is absent, `authenticate` is called with a
   * password that fits nobody.
   */
  pretend?(name: string, password: string): Promise<Exclude<DirectoryAnswer, { kind: 'accepted' }>>
  /** Whether a password from this place would be `busy` at once. Absent without a queue. */
  isFullFor?(place: HashPlace): boolean
  /**
   * False where the account's person is gone, locked or disabled there; otherwise the account is in step with the directory. Rejects with GateError
   * `institution_unreachable`. Absent where the account itself says it, and where nobody can be looked up without their password.
   */
  stands?(account: Account): Promise<boolean>
  /** How long somebody who does not stand any more may keep their access; absent where nobody is looked up. */
  readonly refreshSeconds?: number
  /** Says in the log where the directory does not work. Never rejects. */
  check?(): Promise<void>
  close?(): void | Promise<void>
}
