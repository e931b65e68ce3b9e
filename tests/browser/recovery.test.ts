/** Recovery codes in a browser: each code signs in once, the others stay valid, and a new list replaces the old one. */
import t from 'tap'
import { nothingComplained, openLab, signOut, typePassword } from '../fixtures/browser/lab.ts'
import { resident } from '../fixtures/browser/resident.ts'

t.test('recovery codes', async t => {
  const lab = await openLab(t)
  const { page } = await lab.person()
  const { account, codes } = await resident(lab, 'ada', { totp: true })
  const [first = '', second = ''] = codes

  const spend = async (code: string) => {
    await page.getByText('Use a recovery code instead').click()
    await page.getByLabel('Recovery code').fill(code)
    await page.getByLabel('Recovery code').press('Enter')
  }

  await t.test('one lets in, typed as people type: upper case, spaces for dashes', async t => {
    await page.goto(`${lab.filesOrigin}/lost-my-phone`)
    await typePassword(page, 'ada')
    await spend(` ${first.toUpperCase().replaceAll('-', ' ')} `)
    await page.waitForURL(`${lab.filesOrigin}/lost-my-phone`)
    await page.goto(lab.portal)
    await page.getByText('You have 9 left.').waitFor()
    t.equal(await page.getByRole('link', { name: 'Make new codes' }).count(), 0)
    await page.goto(`${lab.portal}account`)
    await page.getByText('9 of 10 left').waitFor()
    t.match((await lab.journal('proof')).at(-1), { factor: 'recovery', outcome: 'verified' })
  })

  await t.test('the same one a second time does not, and the next one does', async t => {
    await signOut(lab, page)
    await page.goto(lab.portal)
    await typePassword(page, 'ada')
    await spend(first)
    await page.getByText('That recovery code did not work. Perhaps you used it before.').waitFor()
    t.equal(await page.evaluate('document.activeElement.name'), 'code', 'the field keeps the focus')
    await page.getByLabel('Recovery code').fill(second)
    await page.getByLabel('Recovery code').press('Enter')
    await page.waitForURL(lab.portal)
    await page.getByText('You have 8 left.').waitFor()
  })

  await t.test('a new list is shown once, and ends the old one', async t => {
    await page.goto(`${lab.portal}account`)
    await page.getByText('8 of 10 left').waitFor()
    await page.getByRole('link', { name: 'Make new codes' }).click()
    await page.getByRole('button', { name: 'Make new codes' }).click()
    const fresh = await page.locator('.codes li').allTextContents()
    t.equal(fresh.length, 10)
    t.same(
      fresh.filter(code => codes.includes(code)),
      []
    )
    await page.reload()
    t.same(await page.locator('.codes li').allTextContents(), fresh, 'a reload loses nothing')
    await page.getByLabel('I have saved the codes').check()
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByText('10 of 10 left').waitFor()
    await page.goBack()
    await page.goto(`${lab.portal}enrol/recovery`)
    t.equal(await page.locator('.codes li').count(), 0, 'put away, they are not shown again')

    await signOut(lab, page)
    await page.goto(lab.portal)
    await typePassword(page, 'ada')
    await spend(codes[2] ?? '')
    await page.getByText('That recovery code did not work').waitFor()
    t.same(
      await lab.gate.server.runtime.sessions
        .list(account.id)
        .then(list => list.map(one => one.session.proofs.map(proof => proof.kind))),
      [['password']]
    )
    await page.getByLabel('Recovery code').fill(fresh[0] ?? '')
    await page.getByLabel('Recovery code').press('Enter')
    await page.waitForURL(lab.portal)
  })

  t.test('nothing complained, and nobody else was asked', async t => nothingComplained(t, lab))
})
