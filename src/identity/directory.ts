/** The port of directories that check a name and a password: local users and LDAP. institution.ts has the port of all other logins. */

import type { Lockout } from '../throttle/limits.ts'
import type { Account } from './account.ts'
import type { Source } from './arrival.ts'
import type { HashPlace } from './password/hash-queue.ts'

export type DirectoryAnswer =
  | { readonly kind: 'accepted'; readonly accountId: string }
  /**
   * An unknown name is refused as a wrong password is, in the same bytes and time. `why`: the password is right, but this prevents the
   * sign-in.
   */
  | { readonly kind: 'refused'; readonly why?: DirectoryRefusal }
  /** Nothing was checked. */
  | { readonly kind: 'busy' }
  | { readonly kind: 'unreachable' }

/** Only a person who typed the right password sees it. */
export type DirectoryRefusal = 'locked' | 'disabled' | 'expired' | 'must_change' | 'name_invalid' | 'name_taken'

export interface AccountReview {
  /** The answers of `stands`, in the same order; it updates the accounts too. Never rejects because of the directory. */
  look(accounts: readonly Account[]): Promise<readonly PromiseSettledResult<boolean>[]>
}

/**
 * Counts a guess at a person, by the permanent id (null for an unknown name), before the directory checks it. False if strangers have spent
 * their guesses at this person.
 */
export type MayCheck = (person: string | null) => Promise<boolean>

export interface Directory {
  readonly id: string
  /** Absent if its people are accounts already. */
  readonly source?: Source
  /**
   * Rejects only if the store cannot be reached. `place` decides the order of service. A directory with `lockout` asks `mayCheck` where it
   * finds people by several names.
   */
  authenticate(name: string, password: string, place?: HashPlace, mayCheck?: MayCheck): Promise<DirectoryAnswer>
  /** Takes as long as `authenticate` and checks nobody, for people of another directory. Without it, `authenticate` gets a password that fits nobody. */
  pretend?(name: string, password: string, mayCheck?: MayCheck): Promise<Exclude<DirectoryAnswer, { kind: 'accepted' }>>
  /** True if a password from this place would be `busy` at once. Absent without a queue. */
  isFullFor?(place: HashPlace): boolean
  /** How it locks accounts after wrong passwords; null or absent if it does not matter here. */
  readonly lockout?: Lockout | null
  /** People there may type `DOMAIN\name`. */
  readonly takesDomain?: boolean
  /**
   * False if the person is gone, locked or disabled there; otherwise the account is updated. Rejects with GateError
   * `institution_unreachable`. Absent if the account itself tells, or if a look-up needs the password.
   */
  stands?(account: Account): Promise<boolean>
  /** Asks about many accounts with few questions. Absent if `stands` alone can tell. */
  review?(): AccountReview
  /** Differs where `stands` may answer differently: another filter, other groups. */
  readonly mark?: string
  /** How long a person keeps access after `stands` would be false; absent without look-ups. */
  readonly refreshSeconds?: number
  /** Why it could not be asked the last time, in words without secrets; null where it could, or has not been asked. */
  readonly trouble?: string | null
  /** The same of some of its servers, where another one works. */
  readonly serverTrouble?: string | null
  /** Logs a directory that does not work. Never rejects. */
  check?(): Promise<void>
  close?(): void | Promise<void>
}
