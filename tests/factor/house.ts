/** What the tests of the factors share: a store, a clock, a keyring, and each factor with the defaults of the configuration. */

import { Credentials } from '../../src/factor/credential.ts'
import type { FactorNotice, Verification } from '../../src/factor/factor.ts'
import { RecoveryCodes } from '../../src/factor/recovery-code.ts'
import { Totp, type TotpOptions } from '../../src/factor/totp.ts'
import { Webauthn, type WebauthnOptions } from '../../src/factor/webauthn.ts'
import { newId } from '../../src/ids.ts'
import { makeKeyring, masterKey } from '../../src/keyring/keyring.ts'
import { AttemptLimiter } from '../../src/throttle/attempt-limiter.ts'
import { MemoryStore, TestClock } from '../helpers/memory-store.ts'

export const alice = { id: newId(), name: 'alice', displayName: 'Alice' }
export const bob = { id: newId(), name: 'bob', displayName: 'Bob' }
export const home = '192.0.2.10'

/** Another stranger's address each time. */
let strangers = 0
export const stranger = () => `198.51.${(strangers >> 8) & 255}.${strangers++ & 255}`

export function house(
  options: { totp?: Partial<TotpOptions>; webauthn?: Partial<WebauthnOptions>; now?: number } = {}
) {
  const time = new TestClock(options.now)
  const clock = time.read
  const store = new MemoryStore(clock)
  const ring = { keyring: makeKeyring([masterKey(Buffer.alloc(32, 7))]) }
  const keyring = () => ring.keyring
  const disabled: FactorNotice[] = []
  const regressed: FactorNotice[] = []
  const credentials = new Credentials({ store, clock, onDisabled: notice => disabled.push(notice) })
  const limiter = new AttemptLimiter({ store, clock })
  const shared = { store, clock, credentials, limiter }
  const totp = new Totp({
    ...shared,
    keyring,
    issuer: 'Example Lab',
    algorithm: 'SHA1',
    digits: 6,
    period: 30,
    skew: 1,
    ...options.totp
  })
  const webauthn = new Webauthn({
    ...shared,
    keyring,
    rpId: 'gate.example',
    rpName: 'Example Lab',
    origins: ['https://gate.example'],
    userVerification: 'required',
    attestation: 'none',
    onCounterRegress: notice => regressed.push(notice),
    ...options.webauthn
  })
  const recovery = new RecoveryCodes({
    store,
    clock,
    keyring,
    limiter,
    count: 10,
    onDisabled: notice => disabled.push(notice)
  })
  return { time, clock, store, ring, credentials, limiter, totp, webauthn, recovery, disabled, regressed }
}

/** Lets every wait end. */
export const waitOut = (time: TestClock) => time.advance(301)

/** How many of these were let through to a check: not throttled. */
export const checked = (verdicts: readonly Verification[]) => verdicts.filter(({ kind }) => kind !== 'throttled').length

/** The first `count` readers of `key` all read before any of them goes on: the worst moment for check-then-act. */
export function meetAt(store: MemoryStore, key: string, count: number): void {
  const read = store.get.bind(store)
  const waiting: (() => void)[] = []
  let met = 0
  store.get = async asked => {
    const value = await read(asked)
    if (asked !== key || met === count) return value
    met++
    if (met === count) for (const go of waiting) go()
    else await new Promise<void>(resolve => waiting.push(resolve))
    return value
  }
}
