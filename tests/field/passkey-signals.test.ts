/** FIELD G17: a real Chromium and its authenticator forget a passkey that the gate does not know any more. */
import t from 'tap'
import { addAuthenticator } from '../fixtures/browser/browser.ts'
import { acceptInvitation, addTotp, firstPasskey, openLab, typeCode } from '../fixtures/browser/lab.ts'
import { resident } from '../fixtures/browser/resident.ts'

t.test('FIELD G17 the browser hears which passkeys are good, and what the person is called', async t => {
  const lab = await openLab(t)
  const { page } = await lab.person()
  const authenticator = await addAuthenticator(page)
  // What the page tells the browser, and then the browser's own deed.
  await page.context().addInitScript(() => {
    const told: unknown[] = []
    Object.assign(globalThis, { told })
    for (const name of ['signalUnknownCredential', 'signalAllAcceptedCredentials', 'signalCurrentUserDetails']) {
      const own = (PublicKeyCredential as unknown as Record<string, (about: object) => Promise<void>>)[name]
      if (own === undefined) continue
      Object.assign(PublicKeyCredential, {
        [name]: async (about: object) => {
          await own.call(PublicKeyCredential, about)
          told.push([name, about])
        }
      })
    }
  })
  const told = (name: string) =>
    page.waitForFunction(
      wanted => (globalThis as unknown as { told: [string, object][] }).told.find(([what]) => what === wanted)?.[1],
      name
    )
  const { link, account } = await lab.invite('ada')
  const { credentials, accounts } = lab.gate.server.runtime
  await acceptInvitation(page, link)
  await firstPasskey(page)
  const [first] = await credentials.list(account.id)
  const id = first?.kind === 'webauthn' ? first.credentialId : ''

  await page.goto(`${lab.portal}account`)
  t.match(await (await told('signalAllAcceptedCredentials')).jsonValue(), {
    userId: account.id,
    allAcceptedCredentialIds: [id]
  })
  t.equal((await authenticator.credentials()).length, 1, 'a good one stays')
  await accounts.update(account.id, { displayName: 'Ada King' })
  await page.reload()
  t.match(await (await told('signalCurrentUserDetails')).jsonValue(), {
    userId: account.id,
    name: 'ada',
    displayName: 'Ada King'
  })

  await page.goto(`${lab.portal}enrol/totp`)
  const secret = await addTotp(lab, page)
  await page.goto(`${lab.portal}account`)
  await page.getByRole('link', { name: /^Remove .*Passkey on Linux/ }).click()
  await page.getByRole('button', { name: /^Remove “/ }).click()
  await page.waitForURL(/\/challenge\?/)
  await page.getByText(/Passkey on Linux.* is removed/).waitFor()
  await typeCode(lab, page, secret)
  await page.waitForURL(/\/account$/)
  t.match(await (await told('signalAllAcceptedCredentials')).jsonValue(), { allAcceptedCredentialIds: [] })
  t.same(await authenticator.credentials(), [], 'the authenticator has forgotten it')
})

t.test('FIELD G17 a passkey that nobody has is forgotten when it is tried', async t => {
  const lab = await openLab(t)
  const { page } = await lab.person()
  const authenticator = await addAuthenticator(page)
  const { account } = await resident(lab, 'ada', { passkey: authenticator })
  const { credentials } = lab.gate.server.runtime
  await page.goto(lab.portal)
  const [first] = await credentials.list(account.id)
  await credentials.disable(account.id, first!.id)
  const trying = async () => {
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    await page.getByText('That passkey did not work here').waitFor()
  }
  await trying()
  t.equal((await authenticator.credentials()).length, 1, 'one that is refused for another reason stays')
  await credentials.remove(account.id, first!.id)
  await page.reload()
  await trying()
  for (let tries = 0; tries < 100 && (await authenticator.credentials()).length > 0; tries++)
    await page.evaluate(() => new Promise(resolve => requestAnimationFrame(resolve)))
  t.same(await authenticator.credentials(), [])
})
