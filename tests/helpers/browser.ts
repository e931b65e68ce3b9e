/**
 * A real Chromium for tests of pages and ceremonies. Owns its start, its end (with the test) and the virtual authenticator; one browser
 * a test file, a context for each person.
 */
import { existsSync } from 'node:fs'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Download,
  type Page
} from 'playwright-core'
import { args, executablePath, shared } from '../setup/chromium.mjs'

interface Teardown {
  teardown(handler: () => unknown): void
}

/** Starts Chromium and closes it with the test; where one serves the whole run (tests/setup/run.mjs), it is joined and left. */
export async function openBrowser(t: Teardown): Promise<Browser> {
  if (!existsSync(executablePath))
    throw new Error(`no Chromium at ${executablePath}: install the Debian package "chromium", or set CHROMIUM_PATH`)
  const endpoint = process.env[shared]
  const browser = await (endpoint === undefined
    ? chromium.launch({ executablePath, args })
    : chromium.connect(endpoint))
  t.teardown(() => browser.close())
  return browser
}

/** One person's browser: cookies of its own. */
export async function openContext(browser: Browser, options: BrowserContextOptions = {}): Promise<BrowserContext> {
  const context = await browser.newContext({ locale: 'en-GB', ...options })
  context.setDefaultTimeout(20_000)
  return context
}

/** What was downloaded; the browser may be another process's, so that its file is nobody's business here. */
export async function contentOf(download: Download): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of await download.createReadStream()) parts.push(part)
  return Buffer.concat(parts)
}

export interface VirtualAuthenticator {
  readonly id: string
  credentials(): Promise<{ credentialId: string; isResidentCredential: boolean }[]>
  /** Whether the person's finger or PIN is right from now on. */
  setUserVerified(isVerified: boolean): Promise<void>
  remove(): Promise<void>
}

/** A platform authenticator that touches and verifies by itself: ceremonies run without hands. */
export async function addAuthenticator(
  page: Page,
  options: { transport?: 'internal' | 'usb'; isUserVerified?: boolean } = {}
): Promise<VirtualAuthenticator> {
  const session = await page.context().newCDPSession(page)
  await session.send('WebAuthn.enable')
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: options.transport ?? 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: options.isUserVerified ?? true,
      automaticPresenceSimulation: true
    }
  })
  return {
    id: authenticatorId,
    async credentials() {
      const { credentials } = await session.send('WebAuthn.getCredentials', { authenticatorId })
      return credentials
    },
    async setUserVerified(isUserVerified) {
      await session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified })
    },
    async remove() {
      await session.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId })
    }
  }
}
