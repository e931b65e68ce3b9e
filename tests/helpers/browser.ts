/**
 * A real Chromium for tests of pages and ceremonies. Owns its start, its end (with the test) and the virtual authenticator; one browser
 * a test file, a context for each person.
 */
import { existsSync } from 'node:fs'
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
]

interface Teardown {
  teardown(handler: () => unknown): void
}

/** Starts Chromium and closes it with the test. */
export async function openBrowser(t: Teardown): Promise<Browser> {
  if (!existsSync(executablePath))
    throw new Error(`no Chromium at ${executablePath}: install the Debian package "chromium", or set CHROMIUM_PATH`)
  const browser = await chromium.launch({ executablePath, args })
  t.teardown(() => browser.close())
  return browser
}

/** One person's browser: cookies of its own. */
export async function openContext(browser: Browser, options: BrowserContextOptions = {}): Promise<BrowserContext> {
  const context = await browser.newContext({ locale: 'en-GB', ...options })
  context.setDefaultTimeout(20_000)
  return context
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
