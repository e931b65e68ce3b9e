/** A person's account page: a second factor, its name, its removal, the last one, and an unknown sign-in. */
import t from 'tap'
import { addAuthenticator } from '../fixtures/browser/browser.ts'
import { addTotp, nothingComplained, openLab, typeCode, typePassword } from '../fixtures/browser/lab.ts'
import { resident, signedIn } from '../fixtures/browser/resident.ts'

t.test('the account', async t => {
  const lab = await openLab(t)
  const { page, witness } = await lab.person()
  const { account } = await resident(lab, 'ada', { passkey: await addAuthenticator(page) })
  await signedIn(lab, page, account, 'webauthn')
  const factors = async () => (await lab.gate.server.runtime.credentials.list(account.id)).map(({ name }) => name)
  let secret = ''

  await t.test('the only second factor stays, and the page says why', async t => {
    await page.goto(`${lab.portal}account`)
    await page.getByRole('link', { name: 'Remove “Passkey on Linux”' }).click()
    await page.getByText('This is your only second factor').waitFor()
    t.equal(await page.getByRole('button', { name: /^Remove “/ }).count(), 0)
    await page.getByRole('link', { name: 'Keep it' }).click()
    await page.waitForURL(`${lab.portal}account`)
    t.same(await factors(), ['Passkey on Linux'])
  })

  await t.test('a second one is added after a fresh confirmation, with a name of the person’s own', async t => {
    lab.time.advance(301)
    await page.getByRole('link', { name: 'Add another' }).click()
    await page.getByText('To change your account, you need a confirmation at most 5 minutes old.').waitFor()
    await page.getByRole('button', { name: 'Use my passkey' }).click()
    await page.waitForURL(/\/enrol$/)
    await page.getByRole('link', { name: 'Authenticator app' }).click()
    t.equal(await page.getByRole('img', { name: /^QR code/ }).count(), 1)
    await page.getByLabel('Name').fill('Telephone in the lab')
    secret = await addTotp(lab, page)
    await page.getByText('“Telephone in the lab” is added.').waitFor()
    t.same(await factors(), ['Passkey on Linux', 'Telephone in the lab'])
    await page.getByRole('heading', { name: 'Telephone in the lab' }).waitFor()
  })

  await t.test('it is renamed', async t => {
    await page.getByLabel('Rename “Telephone in the lab”').click()
    await page.getByLabel('New name for “Telephone in the lab”').fill('Telephone on my desk')
    await page.getByLabel('New name for “Telephone in the lab”').press('Enter')
    await page.getByText('The new name is “Telephone on my desk”.').waitFor()
    t.same(await factors(), ['Passkey on Linux', 'Telephone on my desk'])
  })

  await t.test('"That was not me" ends the other sign-in, and says what to do next', async t => {
    const stranger = await lab.person({
      userAgent: 'Mozilla/5.0 (Windows NT 10.0; rv:128.0) Gecko/20100101 Firefox/128.0'
    })
    await stranger.page.goto(`${lab.filesOrigin}/secrets`)
    await typePassword(stranger.page, 'ada')
    await typeCode(lab, stranger.page, secret)
    await stranger.page.waitForURL(`${lab.filesOrigin}/secrets`)

    await page.goto(`${lab.portal}account`)
    await page.getByRole('button', { name: /^That was not me: Firefox on Windows/ }).click()
    await page.getByRole('heading', { name: 'That sign-in is ended' }).waitFor()
    // The first one is a new password (FIELD N6).
    t.equal(await page.locator('.steps li').count(), 4)
    await page.getByRole('link', { name: 'Go to my account' }).click()
    t.equal(await page.getByText('Firefox on Windows').count(), 0)

    await stranger.page.reload()
    t.match(stranger.page.url(), /\/login\?/)
    await stranger.page.getByText('Somebody with your account marked this sign-in').waitFor()
    await stranger.page.context().close()
  })

  await t.test('a removed factor opens nothing, and what is left is the last again', async t => {
    await page.goto(`${lab.portal}account`)
    await page.getByRole('link', { name: 'Remove “Telephone on my desk”' }).click()
    await page.getByRole('button', { name: /^Remove “/ }).click()
    await page.getByText('“Telephone on my desk” is removed. It does not work any more.').waitFor()
    t.same(await factors(), ['Passkey on Linux'])
    await page.getByRole('link', { name: 'Remove “Passkey on Linux”' }).click()
    await page.getByText('This is your only second factor').waitFor()

    const other = await lab.person()
    await other.page.goto(lab.portal)
    await typePassword(other.page, 'ada')
    t.equal(
      await other.page.getByLabel('Code from your authenticator app').count(),
      0,
      'the removed one is not offered'
    )
    await other.page.context().close()
  })

  await t.test(
    'a part of the script that does not come, as in Firefox on a page that is left at once, is no error',
    async t => {
      const cut = witness.expect(/^console: Failed to load resource: net::ERR_FAILED .*session\.js$/)
      await page.route('**/assets/session.js', route => route.abort())
      await page.goto(`${lab.portal}account`)
      await page.waitForLoadState('networkidle')
      t.equal(cut(), 1)
    }
  )

  t.test('nothing complained, and nobody else was asked', async t => nothingComplained(t, lab))
})
