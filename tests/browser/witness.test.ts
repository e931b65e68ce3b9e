/** The witness of the browser tests is tested with offenders: one that notices nothing would pass every test. */
import t from 'tap'
import { nothingComplained, openLab } from '../fixtures/browser/lab.ts'
import { echoApp } from '../fixtures/in-process/gateway.ts'

t.test('the witness', async t => {
  const lab = await openLab(t)
  const elsewhere = await echoApp(t)
  const { page, witness } = await lab.person()
  await page.goto(lab.portal)
  t.match(page.url(), /\/login/)
  t.same(witness.complaints, [], 'a page of ours gives no cause')
  t.equal((await page.goto(`${lab.portal}no-such-page`))?.status(), 404)
  t.same(witness.complaints, [], 'a refusal is an answer')

  const hears = async (what: string, offence: string, pattern: RegExp) => {
    const count = witness.expect(pattern)
    t.equal(count(), 0, `${what}: not yet`)
    const console = page.waitForEvent('console')
    await page.evaluate(`void (${offence})`)
    await console
    // A round trip of the page: whatever it reported before has arrived.
    await page.evaluate('new Promise(done => requestAnimationFrame(done))')
    t.ok(count() > 0, what)
  }
  await hears('a word in the console', `console.error('ouch')`, /^console: ouch/)
  await hears(
    'what the policy stopped',
    `document.body.append(Object.assign(document.createElement('script'), { textContent: '1' }))`,
    /^(policy: .* script-src-elem inline|console: .*Content Security Policy)/
  )
  await hears(
    'a request to somebody else',
    `fetch('${elsewhere.url}').catch(() => {})`,
    /^(request: http:\/\/127|policy: .* connect-src|console: .*127\.0\.0\.1)/
  )
  t.equal(elsewhere.seen.length, 0, 'our policy did not let it out')
  nothingComplained(t, lab)
})
