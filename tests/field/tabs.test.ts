/** FIELD F2, F7, G6 in a real Chromium: tabs that are opened at once, fragments of deep links, and buttons that are pressed twice. */
import t from 'tap'
import { addAuthenticator } from '../fixtures/browser/browser.ts'
import { addTotp, openLab, signOut, typeCode, typePassword } from '../fixtures/browser/lab.ts'
import { resident, signedIn } from '../fixtures/browser/resident.ts'

t.test('in a real Chromium', async t => {
  const lab = await openLab(t)
  const { page } = await lab.person()
  const { account, secret } = await resident(lab, 'ada', { passkey: await addAuthenticator(page), totp: true })
  await signedIn(lab, page, account, 'webauthn')

  await t.test('FIELD F2 F7 three tabs of a fresh browser end at their own addresses, fragments and all', async t => {
    const { page: first } = await lab.person()
    const tabs = [first, await first.context().newPage(), await first.context().newPage()]
    const goals = tabs.map((_, i) => `${lab.filesOrigin}/tab${i}?x=%2F#part-${i}`)
    await Promise.all(tabs.map((tab, i) => tab.goto(goals[i] as string)))
    await typePassword(first, 'ada')
    await typeCode(lab, first, secret)
    await first.waitForURL(goals[0] as string)
    await tabs[1]?.getByLabel('User name').fill('ada')
    await tabs[1]?.getByLabel('Password', { exact: true }).fill('whatever')
    await tabs[1]?.getByRole('button', { name: 'Continue' }).click()
    await tabs[1]?.waitForURL(goals[1] as string)
    await tabs[2]?.reload()
    await tabs[2]?.waitForURL(goals[2] as string)
    t.same(
      tabs.map(tab => tab.url()),
      goals
    )
    await first.context().close()
  })

  await t.test('FIELD F7 a passkey keeps the fragment', async t => {
    await signOut(lab, page)
    const goal = `${lab.filesOrigin}/runs#peak?//evil.test@x`
    await page.goto(goal)
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    await page.waitForURL(goal)
    t.equal(page.url(), goal)
  })

  await t.test('FIELD F7 a step-up keeps the fragment', async t => {
    lab.time.advance(301)
    const goal = `${lab.labOrigin}/admin/#queue/7?x=1`
    await page.goto(goal)
    await page.getByRole('button', { name: 'Use my passkey' }).click()
    await page.waitForURL(goal)
    t.equal(page.url(), goal)
  })

  await t.test('FIELD F7 an enrolment keeps the fragment, also where a step-up comes first', async t => {
    for (const [agoSeconds, goal] of [
      [0, `${lab.portal}enrol/totp?rd=${encodeURIComponent(`${lab.filesOrigin}/after`)}#part?/2`],
      [301, `${lab.portal}enrol?rd=${encodeURIComponent(`${lab.filesOrigin}/after`)}#/deep?x=1&y`]
    ] as const) {
      lab.time.advance(agoSeconds)
      await page.goto(goal)
      if (agoSeconds > 0) {
        t.match(page.url(), /\/challenge\?/, 'the step-up comes first')
        await page.getByRole('button', { name: 'Use my passkey' }).click()
        await page.waitForURL(goal)
        await page.getByRole('link', { name: 'Authenticator app' }).click()
        await page.locator('#totp-secret').waitFor({ state: 'attached' })
      }
      await addTotp(lab, page)
      const after = `${lab.filesOrigin}/after${new URL(goal).hash}`
      await page.waitForURL(after)
      t.equal(page.url(), after)
    }
  })

  await t.test(
    'FIELD G6 a form goes off once, however long its answer takes, and is free again afterwards',
    async t => {
      await signOut(lab, page)
      await page.goto(`${lab.filesOrigin}/slow`)
      let sent = 0
      await page.route('**/.factorgate/login**', async route => {
        if (route.request().method() !== 'POST') return route.continue()
        sent++
        if (sent === 1) return route.abort('aborted')
        return route.continue()
      })
      await page.getByLabel('User name').fill('ada')
      await page.getByLabel('Password', { exact: true }).fill('x')
      const pressed = await page.evaluate(`(() => {
      const form = document.querySelector('form[method=post]')
      let stopped = 0
      form.addEventListener('submit', event => { if (event.defaultPrevented) stopped++ })
      for (let i = 0; i < 4; i++) form.requestSubmit()
      return stopped
    })()`)
      t.equal(pressed, 3)
      await page.keyboard.press('Escape')
      t.equal(await page.evaluate(`document.querySelector('form[method=post]').dataset.sent`), undefined)
      await page.context().close()
    }
  )
})
