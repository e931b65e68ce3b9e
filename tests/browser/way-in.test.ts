/** From a stranger's first click to an app: by invitation, by passkey alone, by password and code without any script. */
import { createHash } from 'node:crypto'
import t from 'tap'
import { rawFileBytes } from '../../src/demo/samples.ts'
import { addAuthenticator, contentOf } from '../fixtures/browser/browser.ts'
import {
  acceptInvitation,
  firstPasskey,
  firstTotp,
  nothingComplained,
  openLab,
  password,
  signOut,
  typeCode,
  typePassword
} from '../fixtures/browser/lab.ts'
import { resident } from '../fixtures/browser/resident.ts'

t.test('the way in', async t => {
  const lab = await openLab(t)
  const ada = await lab.person()
  const { page } = ada
  const key = await addAuthenticator(page)

  await t.test('an invitation leads over a password and a passkey to recovery codes, and to the apps', async t => {
    const { link, account } = await lab.invite('ada')
    await page.goto(link)
    await page.getByLabel('New password').fill('password')
    await page.getByRole('button', { name: 'Set password and continue' }).click()
    await page.getByText('Many people use that password').waitFor()
    await acceptInvitation(page, link)
    t.equal(await page.getByRole('heading', { name: 'Set up your second factor' }).count(), 1)

    const codes = await firstPasskey(page)
    t.equal(new Set(codes).size, 10)
    t.same(await page.locator('.apps a').allTextContents(), ['Lab portal', 'Raw data'])
    const [credential, ...others] = await lab.gate.server.runtime.credentials.list(account.id)
    t.same(others, [])
    t.match(credential, { kind: 'webauthn', name: 'Passkey on Linux' })
    t.match(await key.credentials(), [{ isResidentCredential: true }], 'one that can sign in without a name')

    await page.goto(link)
    await page.getByRole('heading', { name: 'This invitation does not work any more' }).waitFor()
  })

  await t.test('the list leads into an app without another question', async t => {
    await page.goto(lab.portal)
    await page.getByRole('link', { name: 'Lab portal' }).click()
    await page.waitForURL(`${lab.labOrigin}/`)
    t.match(await page.textContent('body'), /ada/, 'and the app knows who it is')
    t.notMatch(await page.evaluate('document.cookie'), /factorgate/, 'no script of an app sees our cookie')
  })

  await t.test('what is live in an app stays so: event stream, socket, upload, download', async t => {
    await page.goto(`${lab.labOrigin}/instruments/orbit-2/`)
    await page.getByText('Live', { exact: true }).waitFor()
    await page.getByText('Hello, ada.').waitFor()
    await page.getByLabel('Command').fill('whoami')
    await page.getByLabel('Command').press('Enter')
    await page.locator('#output pre', { hasText: /^ada$/ }).waitFor()

    await page.goto(`${lab.labOrigin}/deposit`)
    const bytes = Buffer.alloc(3_000_000, 'factorgate ')
    await page
      .getByLabel('File')
      .setInputFiles({ name: 'run.raw', mimeType: 'application/octet-stream', buffer: bytes })
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByText(createHash('sha256').update(bytes).digest('hex')).waitFor()

    await page.goto(`${lab.labOrigin}/samples/AM-26-0126`)
    const saved = page.waitForEvent('download')
    await page.locator('a[href$="run.raw"]').click()
    t.equal((await contentOf(await saved)).length, rawFileBytes)
  })

  await t.test('the passkey alone is a whole sign-in, on the way to an app on another host', async t => {
    await signOut(lab, page)
    const goal = `${lab.filesOrigin}/runs/caf%C3%A9?of=2026&of=2027#peak`
    await page.goto(goal)
    await page.getByRole('heading', { name: 'Sign in to Raw data' }).waitFor()
    t.equal(new URL(page.url()).origin, lab.gate.portal)
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    await page.waitForURL(url => url.origin === lab.filesOrigin && url.pathname === '/runs/caf%C3%A9')
    t.equal(await page.textContent('h1'), 'asked for /runs/caf%C3%A9?of=2026&of=2027')
    await page.goto(`${lab.labOrigin}/you`)
    t.equal(page.url(), `${lab.labOrigin}/you`, 'the other app asks nothing more')
    const login = (await lab.journal('login')).at(-1)
    t.match(login, { factor: 'webauthn', outcome: 'accepted', name: 'ada' })
  })

  await t.test('or picked from the suggestions of the name field', async t => {
    const { page } = await lab.person({ suggestsPasskeys: true })
    await addAuthenticator(page)
    const { link } = await lab.invite('grace')
    await acceptInvitation(page, link)
    await firstPasskey(page)
    await page.goto(lab.portal)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.waitForURL(/\/signed-out$/)
    // The virtual authenticator takes at once what a person would pick from the list.
    await page.goto(`${lab.filesOrigin}/suggested`)
    await page.waitForURL(`${lab.filesOrigin}/suggested`)
    t.match((await lab.journal('login')).at(-1), { factor: 'webauthn', outcome: 'accepted', name: 'grace' })
    await page.context().close()
  })

  await t.test('a passkey whose finger or PIN is wrong opens nothing, and the page says so', async t => {
    await signOut(lab, page)
    await key.setUserVerified(false)
    await page.goto(lab.portal)
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    await page.getByText('You did not confirm').waitFor()
    t.match(page.url(), /\/login/)
    await key.setUserVerified(true)
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    await page.waitForURL(lab.portal)
  })

  await t.test(
    'where the browser refuses passkeys because of the certificate, nobody is said to have refused',
    async t => {
      const { page } = await lab.person()
      const refusals = [
        // As Firefox and Chromium do behind a certificate that the person has accepted by hand.
        ['SecurityError', 'The operation is insecure.'],
        ['NotAllowedError', 'WebAuthn is not supported on sites with TLS certificate errors.']
      ]
      for (const [name, message] of refusals) {
        await page.addInitScript(
          `navigator.credentials.get = async () => { throw new DOMException('${message}', '${name}') }`
        )
        await page.goto(lab.portal)
        await page.getByRole('button', { name: 'Use a passkey' }).click()
        await page.getByText('That did not work. Try again, or choose another way.').waitFor({ timeout: 10_000 })
      }
      await page.context().close()
      t.pass('for each of them')
    }
  )

  await t.test('with scripts off, password and code lead all the way to the app', async t => {
    const { page } = await lab.person({ javaScriptEnabled: false })
    const { link } = await lab.invite('linus')
    await acceptInvitation(page, link)
    const { secret } = await firstTotp(lab, page)
    await signOut(lab, page)

    const goal = `${lab.labOrigin}/samples/AM-26-0126?from=mail`
    await page.goto(goal)
    t.equal(
      await page.getByRole('button', { name: 'Use a passkey' }).count(),
      0,
      'nothing is offered that needs a script'
    )
    await page.getByLabel('User name').fill('linus')
    await page.getByLabel('Password', { exact: true }).fill('not this one')
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByText('User name and password do not match').waitFor()
    t.equal(await page.getByLabel('User name').inputValue(), 'linus', 'the name need not be typed twice')
    await typePassword(page, 'linus')
    await page.getByText('This is the last step before Lab portal opens.').waitFor()
    await page.getByLabel('Code from your authenticator app').fill('000 000')
    await page.getByRole('button', { name: 'Confirm' }).first().click()
    await page.getByText('That code did not work').waitFor()
    await typeCode(lab, page, secret, 'Enter')
    await page.waitForURL(goal)
    t.match(await page.textContent('body'), /AM-26-0126/)
    await page.goto(`${lab.filesOrigin}/second`)
    t.equal(page.url(), `${lab.filesOrigin}/second`, 'and to the other app without a word')
    await page.context().close()
  })

  await t.test('a code goes off by itself where scripts are on', async t => {
    const { page } = await lab.person()
    const { secret } = await resident(lab, 'mary', { totp: true })
    await page.goto(`${lab.filesOrigin}/by-itself`)
    await typePassword(page, 'mary')
    await typeCode(lab, page, secret)
    await page.waitForURL(`${lab.filesOrigin}/by-itself`)
    const { accounts, sessions } = lab.gate.server.runtime
    const mary = await accounts.byName('mary')
    t.equal((await sessions.list(mary?.id ?? '')).length, 1, 'one sign-in, whatever the number of hosts')
    await page.context().close()
  })

  await t.test('a password alone opens nothing, in any app', async t => {
    const { page } = await lab.person()
    await page.goto(lab.portal)
    await page.getByLabel('User name').fill('ada')
    await page.getByLabel('Password', { exact: true }).fill(password)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.waitForURL(/\/challenge/)
    for (const goal of [`${lab.labOrigin}/`, `${lab.filesOrigin}/x`, `${lab.portal}account`]) {
      await page.goto(goal)
      t.match(page.url(), /\/\.factorgate\/challenge\?/, goal)
    }
    await page.context().close()
  })

  t.test('nothing complained, and nobody else was asked', async t => nothingComplained(t, lab))
})
