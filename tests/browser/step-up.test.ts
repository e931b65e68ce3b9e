/** A part of an app that needs a passkey of the last five minutes: an older one is asked for again, and a person without one is told. */
import t from 'tap'
import { addAuthenticator } from '../fixtures/browser/browser.ts'
import {
  acceptInvitation,
  firstPasskey,
  nothingComplained,
  openLab,
  typeCode,
  typePassword
} from '../fixtures/browser/lab.ts'
import { resident, signedIn } from '../fixtures/browser/resident.ts'

t.test('stepping up', async t => {
  const lab = await openLab(t)
  const exports = `${lab.labOrigin}/admin/`
  const wants = 'This part of Lab portal needs a confirmation at most 5 minutes old, with your passkey or security key.'

  await t.test(
    'a passkey sign-in is fresh enough at first, and asked again once it is older than the rule says',
    async t => {
      const { page } = await lab.person()
      await addAuthenticator(page)
      await acceptInvitation(page, (await lab.invite('ada')).link)
      await firstPasskey(page)
      await page.goto(exports)
      t.equal(page.url(), exports, 'the enrolment itself is such a proof')
      lab.time.advance(5 * 60)
      await page.goto(exports)
      t.equal(page.url(), exports, 'to the very second')
      lab.time.advance(1)

      await page.goto(`${lab.labOrigin}/`)
      await page.goto(exports)
      t.match(page.url(), `${lab.gate.portal}/.factorgate/challenge?`)
      await page.getByRole('heading', { name: 'Confirm once more' }).waitFor()
      await page.getByText(wants).waitFor()
      t.equal(await page.getByText('Use a recovery code instead').count(), 0, 'nothing is offered that would not do')
      await page.getByRole('button', { name: 'Use my passkey' }).click()
      await page.waitForURL(exports)
      t.match((await lab.journal('proof')).at(-1), { factor: 'webauthn', outcome: 'verified', name: 'ada' })

      lab.time.advance(301)
      t.equal((await page.goto(`${lab.labOrigin}/you`))?.status(), 200, 'the rest of the app asks nothing')
      await page.context().close()
    }
  )

  await t.test('who has an authenticator app alone hears what is needed, adds it, and is let in', async t => {
    const { page } = await lab.person()
    const { account, secret } = await resident(lab, 'linus', { totp: true })
    await signedIn(lab, page, account, 'totp')
    await page.goto(exports)
    await page.getByRole('heading', { name: 'You need another second factor' }).waitFor()
    await page
      .getByText('This part of Lab portal needs your passkey or security key. You have not set that up yet.')
      .waitFor()
    t.equal(await page.locator('input[name=code]').count(), 0, 'no code is asked for that would not do')

    lab.time.advance(600)
    await page.goto(exports)
    await page.getByRole('link', { name: 'Add a second factor' }).click()
    await page.getByText('To change your account, you need a confirmation at most 5 minutes old.').waitFor()
    await typeCode(lab, page, secret)
    await page.waitForURL(/\/enrol\?/)
    await addAuthenticator(page)
    await page.getByRole('link', { name: 'Passkey or security key' }).click()
    await page.getByRole('button', { name: 'Create the passkey' }).click()
    await page.getByText(wants).waitFor()
    await page.getByRole('button', { name: 'Use my passkey' }).click()
    await page.waitForURL(exports)
    t.match(await page.textContent('body'), /linus/)
    await page.context().close()
  })

  await t.test('a code in place of the passkey is not enough, even as the newest proof', async t => {
    const { page } = await lab.person()
    const key = await addAuthenticator(page)
    const { secret } = await resident(lab, 'grace', { passkey: key, totp: true })
    await key.setUserVerified(false)
    await page.goto(`${lab.labOrigin}/`)
    await typePassword(page, 'grace')
    await typeCode(lab, page, secret)
    await page.waitForURL(`${lab.labOrigin}/`)
    await page.goto(exports)
    await page.getByText(wants).waitFor()
    t.equal(await page.locator('input[name=code]').count(), 0)
    await page.getByRole('button', { name: 'Use my passkey' }).click()
    await page.getByText('You did not confirm').waitFor()
    t.match(page.url(), /\/challenge\?/)
    await page.context().close()
  })

  await t.test(
    'a form of the console that came too late says so after the passkey, and works when it is sent again',
    async t => {
      const { page } = await lab.person()
      const key = await addAuthenticator(page)
      await lab.gate.account('olga', ['operators'])
      const { account } = await resident(lab, 'olga', { passkey: key })
      await signedIn(lab, page, account, 'webauthn')
      const { accounts } = lab.gate.server.runtime
      const linus = (await accounts.byName('linus'))!
      await page.goto(`${lab.portal}admin/people/${linus.id}/suspend`)
      lab.time.advance(16 * 60)
      await page.getByLabel('Reason').fill('left the lab')
      await page.getByRole('button', { name: 'Suspend now' }).click()
      await page.getByRole('button', { name: 'Use my passkey' }).click()
      await page.getByRole('alert').filter({ hasText: 'so nothing was done' }).waitFor()
      t.equal((await accounts.byId(linus.id))?.suspended, null)
      t.equal(page.url(), `${lab.portal}admin/people/${linus.id}/suspend`)
      await page.getByLabel('Reason').fill('left the lab')
      await page.getByRole('button', { name: 'Suspend now' }).click()
      await page.getByText(/linus is suspended/).waitFor()
      t.match((await accounts.byId(linus.id))?.suspended, { why: 'left the lab' })
      await page.context().close()
    }
  )

  t.test('nothing complained, and nobody else was asked', async t => nothingComplained(t, lab))
})
