/** What an open page says when its session ends, and that the keyboard can prevent it. */
import t from 'tap'
import { nothingComplained, openLab, typeCode, typePassword } from '../fixtures/browser/lab.ts'
import { resident } from '../fixtures/browser/resident.ts'

t.test('a page that is open when the session ends', async t => {
  const lab = await openLab(t, 'session: { idle: 1h }\n')
  const { page } = await lab.person()
  const { secret } = await resident(lab, 'lisa', { totp: true })
  await page.goto(`${lab.portal}account`)
  await typePassword(page, 'lisa')
  await typeCode(lab, page, secret)
  await page.waitForURL(/\/account$/)
  const notice = page.getByRole('alert')
  // As when the person comes back to the tab: the page asks at once.
  const look = () => page.evaluate("void document.dispatchEvent(new Event('visibilitychange'))")

  lab.time.advance(3600 - 90)
  await look()
  await notice.filter({ hasText: 'Your session ends in' }).waitFor()
  const stay = notice.getByRole('button', { name: 'Stay signed in' })
  await stay.focus()
  const before = await notice.textContent()
  lab.time.advance(20)
  await look()
  await notice.filter({ hasNotText: before ?? '' }).waitFor()
  t.match(await notice.textContent(), /Your session ends in/, 'it counts down')
  t.equal(await page.evaluate('document.activeElement.textContent'), 'Stay signed in', 'and the focus stays')
  await page.keyboard.press('Enter')
  await notice.waitFor({ state: 'detached' })

  lab.time.advance(3600 - 30)
  await look()
  await stay.waitFor()
  lab.time.advance(60)
  await look()
  await notice.filter({ hasText: 'Your session has ended' }).waitFor()
  t.equal(await stay.count(), 0)
  t.match(await page.title(), /^● /)
  nothingComplained(t, lab)
})
