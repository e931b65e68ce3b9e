/** A policy for passkeys as a person meets it in a browser, with the browser's own virtual authenticators. */
import t from 'tap'
import { addAuthenticator } from '../fixtures/browser/browser.ts'
import { acceptInvitation, firstPasskey, openLab } from '../fixtures/browser/lab.ts'
import { Maker } from '../fixtures/in-process/maker.ts'

t.test('a synced passkey is refused in words, and one that stays on its device is taken', async t => {
  const lab = await openLab(t, 'factors: { webauthn: { policy: { syncedPasskeys: refuse } } }')
  const { page } = await lab.person()
  const { link, account } = await lab.invite('ada')
  await acceptInvitation(page, link)
  const synced = await addAuthenticator(page, { isSynced: true })
  await page.getByRole('link', { name: 'Passkey or security key' }).click()
  await page.getByRole('button', { name: 'Create the passkey' }).click()
  await page.getByText('This passkey can be copied to other devices').waitFor()
  t.ok(await page.getByRole('link', { name: 'Use an authenticator app instead' }).isVisible(), 'with another way')
  t.same(await lab.gate.server.runtime.credentials.list(account.id), [])
  await synced.remove()
  await addAuthenticator(page, { transport: 'usb' })
  await page.goto(`${lab.portal}enrol`)
  t.equal((await firstPasskey(page)).length, 10)
  t.match(await lab.journal('enrol'), [{ outcome: 'unfit', why: 'synced' }, { outcome: 'enrolled' }])
})

t.test('with trust anchors a browser shows the make, and another maker’s key is refused in words', async t => {
  const root = await new Maker(t).root()
  const lab = await openLab(t, `factors: { webauthn: { policy: { trustAnchors: ["${root.file}"] } } }`)
  const { page } = await lab.person()
  const { link, account } = await lab.invite('ada')
  await acceptInvitation(page, link)
  await addAuthenticator(page, { transport: 'usb' })
  await page.getByRole('link', { name: 'Passkey or security key' }).click()
  await page.getByRole('button', { name: 'Create the passkey' }).click()
  await page.getByText('This gate takes only security keys for which a maker vouches').waitFor()
  t.same(await lab.gate.server.runtime.credentials.list(account.id), [])
  // Behind it in the file, so that it is on disk.
  await lab.gate.server.runtime.journal.commit({ kind: 'gate.reload', at: lab.time.now })
  t.match(await lab.journal('enrol'), [{ outcome: 'unfit', why: 'unattested' }])
})
