/** What the tests of the use-cases share: the real services on a store in memory, a clock that the test turns, one app, and callers. */

import { ReturnTargets } from '../../src/apps/return-targets.ts'
import type { App } from '../../src/apps/route-table.ts'
import { RouteTable } from '../../src/apps/route-table.ts'
import type { AuditEvent } from '../../src/audit/event.ts'
import { GateError } from '../../src/errors.ts'
import { Credentials } from '../../src/factor/credential.ts'
import { factorKinds } from '../../src/factor/proof.ts'
import { RecoveryCodes } from '../../src/factor/recovery-code.ts'
import { Totp } from '../../src/factor/totp.ts'
import { Webauthn } from '../../src/factor/webauthn.ts'
import type { Account } from '../../src/identity/account.ts'
import { makeKeyring, newMasterKey } from '../../src/keyring/keyring.ts'
import { compilePolicy } from '../../src/policy/compile.ts'
import type { Principal } from '../../src/session/principal.ts'
import { SessionCache } from '../../src/session/session-cache.ts'
import { Sessions } from '../../src/session/sessions.ts'
import type { Caller, SignedCaller } from '../../src/sign-in/caller.ts'
import type { Way } from '../../src/sign-in/next-step.ts'
import { makeSignIn } from '../../src/sign-in/sign-in.ts'
import { house as identityHouse } from '../identity/house.ts'
import { codeAt } from '../portal/house.ts'

export { rightPassword } from '../identity/house.ts'

export const portalOrigin = 'https://gate.example'
export const appOrigin = 'https://notebooks.example'
export const nowhere: Way = { rd: null, state: null }
/** A browser's nonce for the app's host, hashed. */
export const state = 'n'.repeat(43)

const device = { userAgent: 'Firefox', address: '192.0.2.10' }

export type SignInHouse = Awaited<ReturnType<typeof house>>

export async function house(t: { teardown(handler: () => unknown): void }) {
  const base = identityHouse()
  const { store, clock, accounts, invitations, local, login, limiter, time } = base
  const cache = new SessionCache(store)
  await cache.watch(['session:', 'token:', 'account:'])
  t.teardown(() => cache.close())
  const limits = { idleSeconds: 3600, absoluteSeconds: 86_400, maxPerUser: 5 }
  const sessions = new Sessions({ store, cache, clock, limits })
  const credentials = new Credentials({ store, clock })
  const keyring = makeKeyring([newMasterKey()])
  const shared = { store, clock, credentials, limiter, keyring: () => keyring }
  const totp = new Totp({ ...shared, issuer: 'Lab', algorithm: 'SHA1', digits: 6, period: 30, skew: 1 })
  const webauthn = new Webauthn({
    ...shared,
    rpId: 'gate.example',
    rpName: 'Lab',
    origins: [portalOrigin],
    userVerification: 'required',
    attestation: 'none'
  })
  const recoveryCodes = new RecoveryCodes({ ...shared, count: 10 })
  const services = {
    sessions,
    accounts,
    credentials,
    invitations,
    localDirectory: local,
    passwordLogin: login,
    totp,
    webauthn,
    recoveryCodes
  }

  /** The journal; while `isFull`, it takes no line. */
  const journal = { events: [] as AuditEvent[], isFull: false }
  const audit = {
    get writable() {
      return !journal.isFull
    },
    record: (event: AuditEvent) => void journal.events.push(event),
    commit: async (event: AuditEvent) => {
      if (journal.isFull) throw new GateError('journal_unwritable')
      journal.events.push(event)
    }
  }
  const apps = [notebooks]
  const routes = new RouteTable({ apps, portalOrigin })
  const targets = new ReturnTargets(routes, apps, clock)
  const signIn = makeSignIn({
    services,
    audit,
    portalOrigin,
    requirementFor: (url, principal, address, message) => targets.requirementFor(url, principal, address, message)
  })

  const nobody = (more: Partial<Caller> = {}): Caller => ({
    request: 'ref',
    now: clock(),
    address: device.address,
    browser: null,
    device,
    host: 'gate.example',
    principal: null,
    way: nowhere,
    ...more
  })
  const as = (principal: Principal, more: Partial<Caller> = {}): SignedCaller => ({ ...nobody(more), principal })

  /** After the password alone. */
  const halfWay = async (account: Account, more: Partial<Caller> = {}) => {
    const answer = await signIn.firstFactor.enter(nobody(more), account, { kind: 'password' })
    return answer.principal
  }
  /** An authenticator app of this account; answers the code that it shows now. */
  const withApp = async (account: Account) => {
    const begun = await totp.open({ id: account.id, name: account.name }, 'setup')
    await totp.finish({
      accountId: account.id,
      binding: 'setup',
      ceremony: begun.ceremony,
      code: codeAt(begun.secret, clock()),
      name: 'phone',
      address: device.address
    })
    time.advance(60)
    return () => codeAt(begun.secret, clock())
  }
  /** What the journal has heard since the last call: kind, factor, outcome. */
  const said = () =>
    journal.events.splice(0).map(({ kind, factor, outcome }) => [kind, factor, outcome].join(' ').trim())
  return { ...base, ...services, services, signIn, journal, said, nobody, as, halfWay, withApp }
}

const notebooks: App = {
  id: 'notebooks',
  title: 'Notebooks',
  description: null,
  origin: appOrigin,
  host: 'notebooks.example',
  prefix: '',
  upstreams: [{ origin: 'http://127.0.0.1:9', socketPath: null, basePath: '' }],
  policy: compilePolicy(
    [
      {
        path: '/keys/**',
        outcome: { access: 'mfa', requirement: { factors: ['webauthn'], withinSeconds: null } }
      },
      { outcome: { access: 'mfa', requirement: { factors: factorKinds, withinSeconds: null } } }
    ],
    false
  ),
  identityHeaders: { user: null, name: null, email: null, groups: null },
  addHeaders: {},
  preserveHost: true,
  assertion: false,
  allowedOrigins: [],
  connectTimeoutMs: 1000,
  responseTimeoutMs: 1000,
  maintenance: null
}
