/**
 * A SAML identity provider in a real browser: simpleSAMLphp's own pages, the answer that Chromium posts from another site, and both
 * sign-outs.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import path from 'node:path'
import t from 'tap'
import { openBrowser, openContext } from '../fixtures/browser/browser.ts'
import { ask, echoApp, startGateway } from '../fixtures/in-process/gateway.ts'
import { makePair } from '../fixtures/in-process/saml-provider.ts'
import { lacksKit, startKit } from '../fixtures/process/institution-kit.ts'

const textAt = (url: string, ca: string) =>
  new Promise<string>((resolve, reject) => {
    const get = https.get(url, { ca, agent: false }, async response => {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk)
      resolve(Buffer.concat(chunks).toString())
    })
    get.on('error', reject)
  })

t.test('a sign-in at simpleSAMLphp, in Chromium', { skip: lacksKit('saml') }, async t => {
  const kit = await startKit(t, 'saml')
  const file = path.join(kit.folder, 'idp.xml')
  const entity = `https://127.0.0.1:${kit.port}/simplesaml/saml2/idp/metadata.php`
  writeFileSync(file, await textAt(entity, readFileSync(kit.ca, 'utf8')))
  const { files } = makePair(t, 'gate')
  const app = await echoApp(t)
  const gate = await startGateway(t, {
    apps: `  - id: files
    url: http://files.localhost:PORT
    upstream: ${app.url}
    rules:
      - { path: /own/**, access: mfa, factors: [totp] }
      - { access: mfa }`,
    extra: `identity:
  - { id: local, kind: local }
  - { id: uni, kind: saml, title: The university, metadata: "${file}", key: "${files.key}", cert: "${files.certificate}", mfa: { contexts: ["https://refeds.org/profile/mfa"] } }`
  })
  const { body: ours } = await ask(gate.port, 'GET', `${gate.portal}/.factorgate/login/uni/metadata`)
  writeFileSync(path.join(kit.folder, 'sp', 'gate.xml'), ours)

  const origin = `http://files.localhost:${gate.port}`
  const context = await openContext(await openBrowser(t), { ignoreHTTPSErrors: true })
  const page = await context.newPage()
  await page.goto(`${origin}/data?x=1`)
  await page.getByRole('link', { name: 'Sign in with The university' }).click()
  await page.locator('input[name=username]').fill('alice')
  await page.locator('input[name=password]').fill('lab 123456')
  await page.locator('input[name=password]').press('Enter')
  await page.waitForURL(`${origin}/data?x=1`)
  t.match(
    await page.textContent('body'),
    /alice@lab\.example/,
    'with the second factor of the university, and no other'
  )

  await page.goto(`${origin}/own/x`)
  t.match(page.url(), /\/\.factorgate\/challenge/, 'a rule that names a factor means ours')

  await page.goto(`${gate.portal}/.factorgate/account`)
  t.match(await page.textContent('main'), /You sign in with .*The university/)
  await page.getByRole('button', { name: 'Sign out', exact: true }).first().click()
  await page.waitForURL(/\/\.factorgate\/signed-out/)
  await page.goto(`${origin}/data`)
  await page.getByRole('link', { name: 'Sign in with The university' }).click()
  await page.locator('input[name=password]').waitFor()
  t.pass('the university has ended its own sign-in too: it asks for the password again')
})
