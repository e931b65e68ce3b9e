/**
 * People of the bench, written into a gate's store while it runs. The gate's own code makes the accounts, sessions, passwords and
 * credentials.
 */
import { systemClock } from '../../src/clock.ts'
import { Credentials } from '../../src/factor/credential.ts'
import { Accounts } from '../../src/identity/accounts.ts'
import { LocalDirectory } from '../../src/identity/local.ts'
import { PasswordHasher } from '../../src/identity/password/password.ts'
import { newId } from '../../src/ids.ts'
import { readKeyFile } from '../../src/keyring/key-file.ts'
import { SessionCache } from '../../src/session/session-cache.ts'
import { Sessions } from '../../src/session/sessions.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { sampleTotp } from '../fixtures/in-process/sample-credential.ts'

export interface SignedIn {
  readonly accountId: string
  readonly sessionId: string
  readonly cookie: string
}

export const password = 'a bench of good oak'
/** Of the authenticator app that everybody has, base32. */
export const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'

const atOnce = 50

export class People {
  readonly #store: Store
  readonly #accounts: Accounts
  readonly #sessions: Sessions

  private constructor(store: Store) {
    this.#store = store
    this.#accounts = new Accounts({ store, clock: systemClock })
    const limits = { idleSeconds: 3600, absoluteSeconds: 86_400, maxPerUser: 1000 }
    this.#sessions = new Sessions({ store, cache: new SessionCache(store), clock: systemClock, limits })
  }

  /** Opens the store at `url`, for as long as `work` takes. */
  static async at<T>(url: string, work: (people: People) => Promise<T>): Promise<T> {
    const store = await openStore(url, { clock: systemClock })
    try {
      return await work(new People(store))
    } finally {
      await store.close()
    }
  }

  /** An account; answers its id. */
  async add(name: string): Promise<string> {
    return (await this.#accounts.create({ name, groups: ['researchers'] })).id
  }

  /** Somebody with an account, signed in on `host` with password and TOTP. */
  async signIn(accountId: string, host: string): Promise<SignedIn> {
    const at = systemClock()
    const { token, principal } = await this.#sessions.start({
      accountId,
      proof: { kind: 'password', at, userVerified: false },
      more: [{ kind: 'totp', at, userVerified: false }],
      device: { userAgent: 'Mozilla/5.0 (bench)', address: '127.0.0.1' },
      host
    })
    return { accountId, sessionId: principal.session.id, cookie: `factorgate=${token}` }
  }

  /** `count` people, each signed in on `host`. */
  async signedIn(count: number, host: string, name = 'person'): Promise<SignedIn[]> {
    return portions(count, async i => this.signIn(await this.add(`${name}${i}`), host))
  }

  /** `count` people with `password` and an authenticator app, not signed in; answers their names. */
  async enrolled(count: number, keyFile: string, name: string): Promise<string[]> {
    const keyring = await readKeyFile(keyFile)
    const credentials = new Credentials({ store: this.#store, clock: systemClock })
    const hasher = new PasswordHasher()
    const local = new LocalDirectory({ store: this.#store, accounts: this.#accounts, hasher, clock: systemClock })
    // One hash for all: what a sign-in costs is the same.
    const setPassword = await local.preparePassword(password)
    return portions(count, async i => {
      const accountId = await this.add(`${name}${i}`)
      await setPassword(accountId)
      const id = newId()
      const sealed = keyring.seal(secret, `totp:${id}`)
      await credentials.add(sampleTotp({ id, accountId, createdAt: systemClock(), secret: sealed }))
      return `${name}${i}`
    })
  }
}

async function portions<T>(count: number, make: (i: number) => Promise<T>): Promise<T[]> {
  const made: T[] = []
  while (made.length < count) {
    const from = made.length
    const size = Math.min(atOnce, count - from)
    made.push(...(await Promise.all(Array.from({ length: size }, (_, i) => make(from + i)))))
  }
  return made
}
