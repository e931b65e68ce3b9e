/**
 * The port of first factors. Local users fill it today; LDAP, OIDC and header logins fill it with files of their own.
 */
import type { HashPlace } from './password/hash-queue.ts'

export type DirectoryAnswer =
  /** Name and password (or whatever the directory asks) are right. `accountId` exists in the store. */
  | { readonly kind: 'accepted'; readonly accountId: string }
  /** They are not, or nobody has that name: the same to the person outside, in bytes and in time. */
  | { readonly kind: 'refused' }
  /** Too many hashes wait already. Nothing was checked. */
  | { readonly kind: 'busy' }

export interface Directory {
  /** As in the configuration: `identity[].id`. */
  readonly id: string
  /** Rejects only where the directory or the store cannot be reached. `place` says whose turn it is where work has to wait. */
  authenticate(name: string, password: string, place?: HashPlace): Promise<DirectoryAnswer>
  /** Whether a password from there would be `busy` at once. Absent where nobody ever waits. */
  isFullFor?(place: HashPlace): boolean
}
