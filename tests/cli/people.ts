/** An account with everything an account can have, written into the store. */
import { Credentials } from '../../src/factor/credential.ts'
import { RecoveryCodes } from '../../src/factor/recovery-code.ts'
import { contextOf } from '../../src/factor/totp.ts'
import type { Account } from '../../src/identity/account.ts'
import { Accounts } from '../../src/identity/accounts.ts'
import { newId } from '../../src/ids.ts'
import type { Keyring } from '../../src/keyring/keyring.ts'
import { SessionCache } from '../../src/session/session-cache.ts'
import { Sessions } from '../../src/session/sessions.ts'
import type { Store } from '../../src/store/store.ts'
import { AttemptBuckets } from '../../src/throttle/attempt-buckets.ts'
import { AttemptLimiter } from '../../src/throttle/attempt-limiter.ts'
import type { TestClock } from '../fixtures/in-process/memory-store.ts'
import { sampleCredential, sampleTotp } from '../fixtures/in-process/sample-credential.ts'

export const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
export const host = 'gate.lab.example'

export function gateOn(store: Store, time: TestClock) {
  const clock = time.read
  const limits = { idleSeconds: 3600, absoluteSeconds: 86_400, maxPerUser: 10 }
  const sessions = new Sessions({ store, cache: new SessionCache(store), clock, limits })
  const accounts = new Accounts({ store, clock })
  const credentials = new Credentials({ store, clock })
  const guesses = new AttemptBuckets(store)

  /** A sign-in with password and TOTP; answers the session's id and the token of its browser. */
  async function signIn(account: Account, address = '192.0.2.7', userAgent = firefox) {
    const at = clock()
    const entered = await sessions.start({
      accountId: account.id,
      proof: { kind: 'password', at, userVerified: false },
      more: [{ kind: 'totp', at, userVerified: false }],
      device: { userAgent, address },
      host
    })
    return { id: entered.principal.session.id, token: entered.token }
  }

  /** Password, TOTP, passkey, recovery codes, a known address. */
  async function enrol(account: Account, keyring: Keyring): Promise<{ codes: string[]; secret: string; totp: string }> {
    const base = {
      accountId: account.id,
      createdAt: clock(),
      lastUsedAt: null,
      lastUsedFrom: null,
      disabledAt: null
    }
    const totp = newId()
    const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
    await credentials.add(sampleTotp({ ...base, id: totp, secret: keyring.seal(secret, contextOf(totp)) }))
    await credentials.add(sampleCredential(base))
    await store.put(
      `password:${account.id}`,
      JSON.stringify({ hash: '$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA', setAt: clock() })
    )
    await guesses.remember(account.id, { address: '192.0.2.7' })
    const limiter = new AttemptLimiter({ store, clock })
    const codes = new RecoveryCodes({ store, clock, keyring: () => keyring, limiter, count: 10, cost: 2 })
    return { codes: await codes.issue(account.id), secret, totp }
  }

  return { accounts, credentials, sessions, signIn, enrol }
}

/** Every key and index that says anything of this account. */
export async function tracesOf(store: Store, account: Account): Promise<string[]> {
  const found: string[] = []
  for await (const { key, value } of store.scan(''))
    if (`${key} ${value}`.includes(account.id) || key.endsWith(`:${account.name}`)) found.push(key)
  for await (const { key, members } of store.scanIndexes(''))
    if (key.includes(account.id) || members.some(({ member }) => member === account.id)) found.push(key)
  return found
}
