/** The port of directories that check a name and a password: local users and LDAP. What is checked elsewhere has a port of its own (institution.ts). */
import type { Account } from './account.ts'
import type { Source } from './arrival.ts'
import type { HashPlace } from './password/hash-queue.ts'

export type DirectoryAnswer =
  /** Name and password are right. The account with `accountId` exists in the store. */
  | { readonly kind: 'accepted'; readonly accountId: string }
  /** They are not, or nobody has that name: the same to the person outside, in bytes and in time. `why`: the password is right, and something else stands in the way. */
  | { readonly kind: 'refused'; readonly why?: DirectoryRefusal }
  /** Too many hashes wait already. Nothing was checked. */
  | { readonly kind: 'busy' }
  /** The directory cannot be asked now. Nothing was checked. */
  | { readonly kind: 'unreachable' }

/** Said to whoever typed the right password, and to nobody else. */
export type DirectoryRefusal = 'locked' | 'disabled' | 'expired' | 'must_change' | 'name_invalid' | 'name_taken'

export interface Directory {
  readonly id: string
  /** How its people become accounts; absent where they are ours already. */
  readonly source?: Source
  /** Rejects only where the store cannot be reached. `place` says whose turn it is where work has to wait. */
  authenticate(name: string, password: string, place?: HashPlace): Promise<DirectoryAnswer>
  /**
   * Takes as long as `authenticate` and checks nobody; for people whose password another directory checks. Where it is absent, `authenticate` is called with a
   * password that fits nobody. Never rejects for a directory that cannot be reached.
   */
  pretend?(name: string, password: string): Promise<void>
  /** Whether a password from this place would be `busy` at once. A directory without waiting lacks this method. */
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
  /** Ends what it keeps open. */
  close?(): void | Promise<void>
}
