/** What the tests of the first factors share: a store, a clock, and each room with cheap hashes. */

import { Accounts } from '../../src/identity/accounts.ts'
import type { Directory } from '../../src/identity/directory.ts'
import { Invitations } from '../../src/identity/invitations.ts'
import { LocalDirectory } from '../../src/identity/local.ts'
import type { PasswordHasher } from '../../src/identity/password/password.ts'
import { PasswordLogin } from '../../src/identity/password/password-login.ts'
import { AttemptLimiter } from '../../src/throttle/attempt-limiter.ts'
import { cheapHasher } from '../fixtures/in-process/cheap-hasher.ts'
import { MemoryStore, TestClock } from '../helpers/memory-store.ts'

export { cheap } from '../fixtures/in-process/cheap-hasher.ts'

const shared = cheapHasher()
export const rightPassword = 'correct horse battery'

export function house(options: { hasher?: PasswordHasher; directories?: (local: LocalDirectory) => Directory[] } = {}) {
  const time = new TestClock()
  const clock = time.read
  const store = new MemoryStore(clock)
  const accounts = new Accounts({ store, clock })
  const hasher = options.hasher ?? shared
  const local = new LocalDirectory({ store, clock, accounts, hasher })
  const limiter = new AttemptLimiter({ store, clock })
  const directories = options.directories?.(local) ?? [local]
  const login = new PasswordLogin({ store, clock, accounts, directories, limiter })
  const invitations = new Invitations({ store, clock })
  const enter = async (name: string) => {
    const account = await accounts.create({ name })
    await local.setPassword(account.id, rightPassword)
    return account
  }
  return { time, clock, store, accounts, hasher, local, limiter, login, invitations, enter }
}
