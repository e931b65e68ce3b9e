/** FIELD F17 in a real Chromium: an upload after the end of a session arrives by itself, and a form of another site after a button. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { openBrowser, openContext } from '../fixtures/browser/browser.ts'
import { typeCode, typePassword } from '../fixtures/browser/lab.ts'
import { echoApp } from '../fixtures/in-process/gateway.ts'
import { openSignInGate } from '../fixtures/in-process/signing-in.ts'

const got: string[] = []
const app = await echoApp(t, (request, response) => {
  const parts: Buffer[] = []
  request
    .on('data', part => parts.push(part))
    .on('end', () => {
      if (request.method === 'POST')
        got.push(`${request.headers['sec-fetch-site']} ${request.headers.origin} ${Buffer.concat(parts)}`)
      response.setHeader('content-type', 'text/html')
      response.end(
        `<!doctype html><link rel="icon" href="data:,"><h1>${request.method} ${request.url}</h1><form method="post" action="/save" enctype="multipart/form-data"><input name="text" value="three pages"><input type="file" name="file"><button>Save</button></form>`
      )
    })
})
const fixture = await openSignInGate(
  t,
  `  - { id: own, title: Notebooks, url: "http://own.localhost:PORT", upstream: "${app.url}" }\n`
)
const { gate, runtime, time } = fixture
const own = gate.origin('own')

t.test(
  'FIELD F17 what was written arrives after the sign-in, and what another site sends after a question',
  async t => {
    const other = http.createServer((_, response) => {
      response.setHeader('content-type', 'text/html')
      response.end(
        `<form method="post" action="${own}/launch"><input name="course" value="7"><button>Launch</button></form>`
      )
    })
    await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
    t.teardown(() => other.close())
    const who = await fixture.withPassword(['totp'])
    const context = await openContext(await openBrowser(t), {})
    const page = await context.newPage()
    const signIn = async () => {
      await typePassword(page, who.account.name)
      await typeCode({ time }, page, who.secret)
    }
    await page.goto(`${own}/write`)
    await signIn()
    await page.waitForURL(`${own}/write`)
    await runtime.sessions.endAccount(who.account.id, 'revoked')
    await page.setInputFiles('[name=file]', {
      name: 'a.bin',
      mimeType: 'application/octet-stream',
      buffer: Buffer.from('file of mine')
    })
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.waitForURL(/login/)
    await signIn()
    await page.waitForURL(`${own}/save`)
    t.equal(got.length, 1)
    t.match(got[0], /^same-origin http:\/\/own\.localhost:\d+ [\s\S]*three pages[\s\S]*file of mine/)

    await page.goto(`http://127.0.0.1:${(other.address() as AddressInfo).port}/`)
    await page.getByText('Launch').click()
    await page.waitForURL(/kept/)
    t.match(await page.textContent('main'), /sent this to Notebooks/)
    t.equal(got.length, 1)
    await page.click('form[data-kept] button')
    await page.waitForURL(`${own}/launch`)
    t.match(got[1], /^cross-site http:\/\/127\.0\.0\.1:\d+ course=7/)

    await runtime.sessions.endAccount(who.account.id, 'revoked')
    const kept = await page.evaluate<string>(`(async () => {
      const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"n":1}' }
      return (await (await fetch('/api', json)).json()).error.keptUrl
    })()`)
    await page.goto(kept)
    await signIn()
    await page.waitForURL(kept)
    await runtime.sessions.endAccount(who.account.id, 'revoked')
    await page.click('form[data-kept] button')
    await page.waitForURL(/login/)
    t.equal(got.length, 2, 'the page does not say that it is sent, and asks for the sign-in')
    await signIn()
    await page.waitForURL(kept)
    await page.click('form[data-kept] button')
    await page.waitForSelector('[role=status]')
    t.match(got[2], /^same-origin http:\/\/own\.localhost:\d+ \{"n":1\}/)
  }
)
