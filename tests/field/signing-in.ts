/** People for the tests of the way through sign-in: a gate in this process, accounts with any set of factors, and their browsers at any stage of it. */
import { randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import type { FactorKind, ProofKind } from '../../src/factor/proof.ts'
import { RecoveryCodes } from '../../src/factor/recovery-code.ts'
import { Totp } from '../../src/factor/totp.ts'
import type { Account } from '../../src/identity/account.ts'
import type { Entered } from '../../src/session/sessions.ts'
import { echoApp, startGateway } from '../helpers/gateway.ts'
import { TestClock } from '../helpers/memory-store.ts'
import { type Page, Person, totpCode } from '../helpers/person.ts'

export const password = 'correct horse battery'

export type Town = Awaited<ReturnType<typeof openTown>>

/** The gate, its clock, and an app that says what it was asked for. `UPSTREAM` in `apps` is that app. */
export async function openTown(t: Test, apps: string, extra = '') {
  const time = new TestClock(Date.now())
  const app = await echoApp(t, (request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8')
    request
      .resume()
      .on('end', () =>
        response.end(`<!doctype html><title>app</title><link rel="icon" href="data:,"><h1>app: ${request.url}</h1>`)
      )
  })
  const gate = await startGateway(t, { apps: apps.replaceAll('UPSTREAM', app.url), extra, clock: time.read })
  const { runtime } = gate.server
  const { store, clock, credentials, limiter } = runtime
  const shared = { store, clock, limiter, keyring: () => runtime.keyring }
  const totp = new Totp({
    ...shared,
    credentials,
    issuer: 'Test Lab',
    algorithm: 'SHA1',
    digits: 6,
    period: 30,
    skew: 1
  })
  const recoveryCodes = new RecoveryCodes({ ...shared, count: 10 })
  let people = 0
  // Hashed once: that is what costs.
  const keepPassword = runtime.local.preparePassword(password)

  /** An account with a password and these factors. A passkey is a record that no device has: nobody can answer with it. */
  async function resident(factors: readonly FactorKind[], groups?: readonly string[]) {
    const account = await gate.account(`person${people++}`, groups)
    const secret = factors.includes('totp') ? await enrolTotp(account) : ''
    if (factors.includes('webauthn')) await credentials.add(passkeyOf(account, time.now))
    const codes = factors.includes('recovery') ? await recoveryCodes.issue(account.id) : []
    return { account, secret, codes }
  }

  /** The same, and the password can be typed. */
  async function withPassword(factors: readonly FactorKind[]) {
    const who = await resident(factors)
    await (await keepPassword)(who.account.id)
    return who
  }

  async function enrolTotp({ id, name }: Account): Promise<string> {
    const { ceremony, secret } = await totp.begin({ id, name }, 'town')
    const code = totpCode(secret, time.now)
    await totp.finish({ accountId: id, binding: 'town', ceremony, code, name: 'phone', address: '127.0.0.1' })
    time.advance(30)
    return secret
  }

  /** A browser in which `account` has shown these proofs, one after the other, `ago` seconds before now. */
  async function browserOf(account: Account, proofs: readonly ProofKind[], ago = 0): Promise<Person> {
    const device = { userAgent: 'Mozilla/5.0 (X11; Linux x86_64)', address: '127.0.0.1' }
    const host = new URL(gate.portal).host
    const at = time.now - ago * 1000
    let entered: Entered | null = null
    for (const kind of proofs) {
      const proof = { kind, at, userVerified: kind === 'webauthn' }
      entered = await (entered === null
        ? runtime.sessions.start({ accountId: account.id, proof, device, host })
        : runtime.sessions.prove(entered.principal, proof))
    }
    const person = new Person(gate.port)
    person.stay()
    t.teardown(() => person.leave())
    if (entered !== null) person.hold(host, `factorgate=${entered.token}`)
    return person
  }

  return { gate, time, runtime, resident, withPassword, browserOf, enrolTotp, host: new URL(gate.portal).host }
}

function passkeyOf(account: Account, now: number) {
  return {
    id: randomBytes(16).toString('base64url'),
    accountId: account.id,
    kind: 'webauthn' as const,
    name: 'key',
    createdAt: now,
    lastUsedAt: null,
    lastUsedFrom: null,
    disabledAt: null,
    credentialId: randomBytes(16).toString('base64url'),
    publicKey: randomBytes(64).toString('base64url'),
    counter: 0,
    transports: [],
    aaguid: '00000000-0000-0000-0000-000000000000',
    backupEligible: false,
    backedUp: false,
    uvInitialized: true
  }
}

/** What a person reads on a page. */
export function read(page: Page): string {
  return page.body
    .replace(/<(script|style)[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/&#39;/g, '’')
    .replace(/\s+/g, ' ')
}
