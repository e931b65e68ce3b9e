/** A lost password in a browser: the link by mail, a passkey as the second factor, and the new password. */
import t from 'tap'
import { addAuthenticator } from '../fixtures/browser/browser.ts'
import { nothingComplained, openLab, password, signOut } from '../fixtures/browser/lab.ts'
import { resident } from '../fixtures/browser/resident.ts'
import { startSmtp } from '../fixtures/in-process/smtp-server.ts'

t.test('a lost password, with a passkey', async t => {
  const { mails, port } = await startSmtp(t)
  const lab = await openLab(
    t,
    `notify: { mail: { server: "smtp://127.0.0.1:${port}", unsafePlain: true, from: gate@lab.example } }`
  )
  const { page } = await lab.person()
  await resident(lab, 'ada', { passkey: await addAuthenticator(page) })

  const before = mails.length
  await page.goto(lab.portal)
  await page.getByRole('link', { name: 'Forgotten your password?' }).click()
  await page.getByLabel('User name').fill('ada@lab.example')
  await page.getByRole('button', { name: 'Send me the link' }).click()
  await page.getByRole('heading', { name: 'Look at your mail' }).waitFor()
  const reset = /http:\/\/\S+\/\.factorgate\/reset\/\S+/
  const written = () =>
    mails
      .slice(before)
      .map(({ content }) => reset.exec(content.replaceAll('=\r\n', '').replaceAll('=3D', '='))?.[0])
      .find(Boolean)
  await t.resolves(
    (async () => {
      while (written() === undefined) await page.waitForTimeout(20)
    })()
  )
  await page.goto(written() as string)
  await page.getByText('Next, the gate asks for your second factor').waitFor()
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('heading', { name: 'Confirm it is you' }).waitFor()
  await page.goto(`${lab.portal}account`)
  t.match(page.url(), /\/challenge/, 'the link alone opens nothing')
  await page.goto(`${lab.portal}challenge`)
  await page.getByRole('button', { name: 'Use my passkey' }).click()
  await page.waitForURL(/\/reset\/password/)
  await page.getByLabel('New password').fill('quite another staple')
  await page.getByText('Long enough.').waitFor()
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.waitForURL(lab.portal)

  await signOut(lab, page)
  for (const [typed, url] of [
    [password, /\/login/],
    ['quite another staple', /\/challenge/]
  ] as const) {
    await page.goto(lab.portal)
    await page.getByLabel('User name').fill('ada')
    await page.getByLabel('Password', { exact: true }).fill(typed)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.waitForURL(url)
    t.match(page.url(), url, typed)
  }
  nothingComplained(t, lab)
})
