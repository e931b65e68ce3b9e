/** The port of a directory: whatever checks a name and a password. */
import type { HashPlace } from './password/hash-queue.ts'

export type DirectoryAnswer =
  /** Name and password are right. The account with `accountId` exists in the store. */
  | { readonly kind: 'accepted'; readonly accountId: string }
  /** The password is wrong, or nobody has that name. A person outside can tell no difference, in bytes or in time. */
  | { readonly kind: 'refused' }
  /** Too many hashes wait already. The directory has checked nothing. */
  | { readonly kind: 'busy' }

export interface Directory {
  readonly id: string
  /** Rejects only where the directory or the store cannot be reached. `place` decides about the order where work has to wait. */
  authenticate(name: string, password: string, place?: HashPlace): Promise<DirectoryAnswer>
  /** Whether a password from this place would be `busy` at once. A directory without waiting lacks this method. */
  isFullFor?(place: HashPlace): boolean
}
