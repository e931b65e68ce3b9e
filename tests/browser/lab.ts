/**
 * Where the journeys take place: the whole gate in this process with its portal and two apps on hosts of their own, a clock that the
 * test turns, and one Chromium. Owns what a person does more than once; the journeys themselves stand in the tests.
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { BrowserContextOptions, Page } from 'playwright-core'
import type { Test } from 'tap'
import { startSampleLab } from '../../src/demo/sample-lab.ts'
import type { Account } from '../../src/identity/account.ts'
import { openBrowser, openContext } from '../helpers/browser.ts'
import { echoApp, type Running, startGateway } from '../helpers/gateway.ts'
import { TestClock } from '../helpers/memory-store.ts'
import { totpCode } from '../helpers/person.ts'
import { type Witness, watch } from './witness.ts'

export const password = 'correct horse battery'

export interface Lab {
  readonly gate: Running
  /** Stands still until it is turned. */
  readonly time: TestClock
  /** The sample lab: pages, a live trace, a console, downloads. `/admin/**` wants a passkey of the last five minutes. */
  readonly labOrigin: string
  /** An app on another host that says which path it was asked for. */
  readonly filesOrigin: string
  readonly portal: string
  invite(name: string): Promise<{ account: Account; link: string }>
  /** Somebody's browser, with cookies of its own, watched; closed with the lab. */
  person(options?: PersonOptions): Promise<{ page: Page; witness: Witness }>
  /** Complaints of all browsers together. */
  complaints(): string[]
  /** The journal's lines of one kind, oldest first. */
  journal(kind: string): Promise<Record<string, unknown>[]>
}

export interface PersonOptions extends BrowserContextOptions {
  /** Whether this browser lists passkeys in the name field; a virtual authenticator picks from such a list at once. Default: no. */
  readonly suggestsPasskeys?: boolean
}

const apps = (lab: string, files: string) => `
  - id: lab
    title: Lab portal
    url: "http://lab.localhost:PORT"
    upstream: "${lab}"
    rules:
      - { path: /admin/**, access: mfa, factors: [webauthn], within: 5m }
      - { groups: [researchers], access: mfa }
  - id: files
    title: Raw data
    url: "http://files.localhost:PORT"
    upstream: "${files}"
`

/** Starts all of it; everything ends with `t`. */
export async function openLab(t: Test): Promise<Lab> {
  const time = new TestClock(Date.now())
  const sample = await startSampleLab({ port: 0 })
  t.teardown(() => sample.close())
  const files = await echoApp(t, (request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end(
      `<!doctype html><title>Raw data</title><link rel="icon" href="data:,"><h1>asked for ${request.url}</h1>`
    )
  })
  const gate = await startGateway(t, { apps: apps(sample.url, files.url), clock: time.read })
  const browser = await openBrowser(t)
  const witnesses: Witness[] = []
  const { accounts, invitations } = gate.server.runtime
  return {
    gate,
    time,
    labOrigin: gate.origin('lab'),
    filesOrigin: gate.origin('files'),
    portal: `${gate.portal}/.factorgate/`,
    async invite(name) {
      const account = (await accounts.byName(name)) ?? (await gate.account(name))
      return { account, link: `${gate.portal}/.factorgate/invite/${await invitations.issue(account.id)}` }
    },
    async person({ suggestsPasskeys = false, ...options } = {}) {
      const context = await openContext(browser, options)
      if (!suggestsPasskeys)
        await context.addInitScript(
          'if (globalThis.PublicKeyCredential) PublicKeyCredential.isConditionalMediationAvailable = async () => false'
        )
      const witness = await watch(context, gate.port)
      witnesses.push(witness)
      return { page: await context.newPage(), witness }
    },
    complaints: () => witnesses.flatMap(witness => witness.complaints),
    async journal(kind) {
      const text = await readFile(path.join(gate.folder, 'journal.jsonl'), 'utf8')
      const lines: Record<string, unknown>[] = text
        .split('\n')
        .filter(Boolean)
        .map(line => JSON.parse(line))
      return lines.filter(line => line.kind === kind)
    }
  }
}

/** From the link to the choice of a second factor. */
export async function acceptInvitation(page: Page, link: string): Promise<void> {
  await page.goto(link)
  await page.getByLabel('New password').fill(password)
  await page.getByRole('button', { name: 'Set password and go on' }).click()
  await page.waitForURL(/\/enrol$/)
}

/** From the choice to the recovery codes, which it answers; the box is ticked and the person stands at their apps. */
export async function firstPasskey(page: Page): Promise<string[]> {
  await page.getByRole('link', { name: 'Passkey or security key' }).click()
  await page.getByRole('button', { name: 'Create the passkey' }).click()
  return putCodesAway(page)
}

/** The same with an authenticator app; answers its secret too. */
export async function firstTotp(lab: Lab, page: Page): Promise<{ secret: string; codes: string[] }> {
  await page.getByRole('link', { name: 'Authenticator app' }).click()
  const secret = await addTotp(lab, page)
  return { secret, codes: await putCodesAway(page) }
}

/** On the page with the QR code: reads the secret and types the code it makes. That code is spent, and the clock turned past it. */
export async function addTotp(lab: Lab, page: Page): Promise<string> {
  const secret = ((await page.locator('#totp-secret').textContent()) ?? '').replace(/\s/g, '')
  await page.getByLabel('Code', { exact: true }).fill(totpCode(secret, lab.time.now))
  await page.getByRole('button', { name: 'Add it' }).click()
  await page.locator('#totp-secret').waitFor({ state: 'detached' })
  lab.time.advance(30)
  return secret
}

async function putCodesAway(page: Page): Promise<string[]> {
  await page.waitForURL(/\/enrol\/recovery/)
  const codes = await page.locator('.codes li').allTextContents()
  await page.getByLabel('I have saved them').check()
  await page.getByRole('button', { name: 'Go on' }).click()
  await page.waitForURL(/\/\.factorgate\/$/)
  return codes
}

/** Fills the sign-in form that is open; what follows is the challenge. */
export async function typePassword(page: Page, name: string): Promise<void> {
  await page.getByLabel('User name').fill(name)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.waitForURL(/\/challenge/)
}

/**
 * Types the code of now, choosing it first where another factor is offered on top, and turns the clock past it. Where scripts are on
 * it goes off by itself; elsewhere Enter sends it.
 */
export async function typeCode(lab: Lab, page: Page, secret: string, how: 'by itself' | 'Enter' = 'by itself') {
  const field = page.getByLabel('Code from your authenticator app')
  if (!(await field.isVisible())) await page.getByText('Use a code from your authenticator app instead').click()
  await field.fill(totpCode(secret, lab.time.now))
  if (how === 'Enter') await field.press('Enter')
  await field.waitFor({ state: 'detached' })
  lab.time.advance(30)
}

/** Ends the sign-in of this browser. */
export async function signOut(lab: Lab, page: Page): Promise<void> {
  await page.goto(lab.portal)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.waitForURL(/\/signed-out$/)
}

/** The last subtest of every file. */
export function nothingComplained(t: Test, lab: Lab): void {
  t.same(lab.complaints(), [])
}
