/** Passkeys in a real Chromium with a virtual authenticator: enrolment, sign-in, step-up and refusals. */
import type { Page } from 'playwright-core'
import t from 'tap'
import { addAuthenticator, openBrowser, openContext } from '../fixtures/browser/browser.ts'
import { wrongCode } from '../fixtures/in-process/person.ts'
import { password } from '../fixtures/pipeline/people.ts'
import { codeAt, openFixture } from '../fixtures/pipeline/portal.ts'
import { freePort } from '../fixtures/process/free-port.ts'

t.test('with a real Chromium', async t => {
  const fixture = await openFixture(t, { port: await freePort() })
  const browser = await openBrowser(t)
  const notebooks = fixture.apps[0]!.origin
  const portal = (path: string) => `${fixture.portalOrigin}/.factorgate/${path}`

  const context = await openContext(browser)
  const page = await context.newPage()
  const authenticator = await addAuthenticator(page)

  await t.test('an invited person creates a passkey and stands at their apps', async t => {
    await page.goto(await fixture.invite())
    await page.getByLabel('New password').fill(password)
    await page.getByRole('button', { name: 'Set password and continue' }).click()
    await page.getByRole('link', { name: 'Passkey or security key' }).click()
    t.equal(await page.getByLabel('Name').inputValue(), 'Passkey on Linux')
    await page.getByRole('button', { name: 'Create the passkey' }).click()
    await page.waitForURL(/enrol\/recovery/)
    t.equal(await page.locator('.codes li').count(), 10)
    await page.getByLabel('I have saved the codes').check()
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByRole('link', { name: 'Later' }).click()
    await page.getByRole('link', { name: 'Go to your apps' }).click()
    await page.waitForURL(portal(''))
    t.ok(await page.getByRole('link', { name: 'Notebooks' }).isVisible())
    t.equal((await authenticator.credentials()).length, 1)
    const [credential] = await fixture.credentials.list(fixture.ada.id)
    t.match(credential, { kind: 'webauthn', name: 'Passkey on Linux' })
  })

  await t.test('the list leads into an app without another question', async t => {
    await page.getByRole('link', { name: 'Notebooks' }).click()
    await page.waitForURL(`${notebooks}/`)
    t.match(await page.textContent('body'), /app: \//)
  })

  await t.test('the passkey alone is a whole sign-in, picked among the suggestions of the name field', async t => {
    await page.goto(portal('account'))
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.waitForURL(portal('signed-out'))
    // The virtual authenticator picks at once what a person would pick from the list.
    await page.goto(`${notebooks}/tree?x=1`)
    await page.waitForURL(`${notebooks}/tree?x=1`)
    const login = fixture.events.findLast(event => event.kind === 'login')
    t.match(login, { factor: 'webauthn', outcome: 'accepted', name: 'ada' })
  })

  await t.test('or by the button, where the browser has no such suggestions', async t => {
    await page.addInitScript('PublicKeyCredential.isConditionalMediationAvailable = async () => false')
    await page.goto(portal('account'))
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.waitForURL(portal('signed-out'))
    await page.goto(`${notebooks}/tree?x=2`)
    t.ok(await page.getByRole('heading', { name: 'Sign in to Notebooks' }).isVisible())
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    await page.waitForURL(`${notebooks}/tree?x=2`)
  })

  await t.test('as a second factor after the password, and a code goes off by itself', async t => {
    const other = await openContext(browser)
    const second = await other.newPage()
    await addAuthenticator(second, { isUserVerified: false })
    await second.goto(portal('login'))
    await signInWithPassword(second)
    t.ok(await second.getByRole('button', { name: 'Use my passkey' }).isVisible())
    t.ok(await second.getByText('Use a recovery code instead').isVisible())
    await second.getByRole('button', { name: 'Use my passkey' }).click()
    await second.getByText(/You did not confirm|That did not work/).waitFor()
    t.equal(
      await second.getByRole('button', { name: 'Use my passkey' }).isEnabled(),
      true,
      'a browser without the key may try again'
    )
    await other.close()

    await page.goto(portal('enrol/totp'))
    const secret = ((await page.locator('#totp-secret').textContent()) ?? '').replace(/\s/g, '')
    await page.locator('#code').fill(wrongCode(secret, Date.now()))
    await page.getByRole('button', { name: 'Add it' }).click()
    const notice = page.getByText('That code did not work')
    await notice.waitFor()
    const box = await notice.boundingBox()
    const height = page.viewportSize()?.height ?? 0
    t.ok(
      box !== null && box.y >= 0 && box.y + box.height <= height,
      `what went wrong is in sight: ${box?.y} of ${height}`
    )
    await page.locator('#code').fill(codeAt(secret, Date.now()))
    await page.getByRole('button', { name: 'Add it' }).click()
    await page.getByText('“Authenticator on my phone” is added.').waitFor()

    const third = await openContext(browser)
    const codes = await third.newPage()
    await codes.goto(`${notebooks}/deep/down`)
    await signInWithPassword(codes)
    const code = codeAt(secret, Date.now(), 1)
    await codes.getByLabel('Code from your authenticator app').pressSequentially(`${code.slice(0, 3)} ${code.slice(3)}`)
    await codes.waitForURL(`${notebooks}/deep/down`)
    t.pass('through, without a click')
    await third.close()

    const fourth = await openContext(browser)
    const tab = await fourth.newPage()
    await tab.goto(`${notebooks}/elsewhere`)
    await signInWithPassword(tab)
    await tab.getByText('Use a recovery code instead').click()
    const [spare = ''] = await fixture.services.recoveryCodes.issue(fixture.ada.id)
    await tab.getByLabel('Recovery code').fill(spare)
    await tab.locator('form[action*=recovery] button').click()
    await tab.waitForURL('http://third.localhost:*/')
    t.pass('even where the app leads on to a third site at once')
    await fourth.close()
  })

  await t.test('steps up with the passkey where a rule wants one', async t => {
    const stepping = await openContext(browser)
    const tab = await stepping.newPage()
    const key = await addAuthenticator(tab, { transport: 'usb' })
    await tab.goto(portal('login'))
    await signInWithPassword(tab)
    await tab.getByText('Use a recovery code instead').click()
    const issued = await fixture.services.recoveryCodes.issue(fixture.ada.id)
    await tab.getByLabel('Recovery code').fill(issued[0] ?? '')
    await tab.locator('form[action*=recovery] button').click()
    await tab.waitForURL(portal(''))
    await tab.goto(portal('enrol/webauthn'))
    await tab.getByLabel('Name').fill('Key in the drawer')
    await tab.getByRole('button', { name: 'Create the passkey' }).click()
    await tab.waitForURL(/account/)
    t.ok(await tab.getByText('Key in the drawer').first().isVisible())
    await tab.goto(`${notebooks}/keys/1`)
    t.ok(await tab.getByText('This part of Notebooks needs your passkey or security key').isVisible())
    t.equal(await tab.getByLabel('Code from your authenticator app').count(), 0)
    await tab.getByRole('button', { name: 'Use my passkey' }).click()
    await tab.waitForURL(`${notebooks}/keys/1`)
    t.equal((await key.credentials()).length, 1)
    await stepping.close()
  })

  await t.test('a revoked session is out at the next click', async t => {
    await page.goto(portal('account'))
    await fixture.sessions.endAccount(fixture.ada.id, 'revoked')
    await page.goto(`${notebooks}/tree`)
    t.match(page.url(), /\/\.factorgate\/login\?/)
    t.ok(await page.getByText('Your sign-in was ended: by you on another device').isVisible())
  })

  await context.close()
})

async function signInWithPassword(page: Page): Promise<void> {
  await page.getByLabel('User name').fill('ada')
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.waitForURL(/\/challenge/)
}
