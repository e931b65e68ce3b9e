/** A sign-in that somebody else ends: open connections of the browser end too, and the next click tells why. */
import t from 'tap'
import { addAuthenticator } from '../fixtures/browser/browser.ts'
import { nothingComplained, openLab, signOut } from '../fixtures/browser/lab.ts'
import { resident, signedIn } from '../fixtures/browser/resident.ts'

/** Opens a socket and keeps what becomes of it in `ended`. Resolves with its first message. */
const openSocket = `new Promise((resolve, reject) => {
  const socket = new WebSocket(location.origin.replace('http', 'ws') + '/instruments/orbit-2/console', 'orbit-console')
  socket.onmessage = event => resolve(event.data)
  globalThis.ended = new Promise(told => {
    socket.onclose = event => (told({ code: event.code, wasClean: event.wasClean }), reject(new Error('closed ' + event.code)))
  })
})`

/** Begins a download and reads its first piece; the rest waits for a reader that takes its time. Answers its length as announced. */
const openDownload = `fetch('/samples/AM-26-0126/run.raw').then(async response => {
  const reader = response.body.getReader()
  let got = (await reader.read()).value.length
  globalThis.readOn = async () => {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return { ended: 'as if whole', got }
      got += value.length
    }
  }
  return Number(response.headers.get('content-length'))
})`

const readOn = `readOn().catch(error => ({ ended: error.name, got: -1 }))`

t.test('revoked', async t => {
  const lab = await openLab(t)
  const { page, witness } = await lab.person()
  const { account } = await resident(lab, 'ada', { passkey: await addAuthenticator(page) })
  await signedIn(lab, page, account, 'webauthn')
  const { sessions, live } = lab.gate.server.runtime
  const sessionId = async () => (await sessions.list(account.id))[0]?.session.id ?? ''

  await t.test('an open socket is closed and a running download is cut, at once', async t => {
    await page.goto(`${lab.labOrigin}/you`)
    t.match(await page.evaluate(openSocket), /Hello, ada/)
    const length = await page.evaluate<number>(openDownload)
    t.ok(length > 20_000_000)
    t.equal(live.size, 2, 'both are under way')

    const cut = witness.expect(/net::ERR_/)
    t.equal(await sessions.end(await sessionId(), 'revoked'), true)
    t.same(await page.evaluate('ended'), { code: 1008, wasClean: true }, 'closed by the gate, for policy')
    t.same(await page.evaluate(readOn), { ended: 'TypeError', got: -1 }, 'a half answer never looks whole')
    t.equal(live.size, 0)
    t.ok(cut() > 0)
  })

  await t.test('what a page of the app asks next is refused with a way on', async t => {
    const answer = await page.evaluate(`fetch('/you').then(async answer => [answer.status, await answer.json()])`)
    t.match(answer, [
      401,
      { error: { code: 'sign_in_required', challengeUrl: `${lab.gate.portal}/.factorgate/login?` } }
    ])
    await t.rejects(page.evaluate(openSocket), /closed 1006/, 'and no new socket opens')
    witness.expect(
      /^console: (Failed to load resource: .* 401 .*\/you$|WebSocket .* failed: HTTP Authentication failed)/
    )
  })

  await t.test('the next click lands on the sign-in page, which says why and leads back', async t => {
    await page.goto(`${lab.labOrigin}/`)
    const goal = `${lab.labOrigin}/samples/AM-26-0126`
    t.match(page.url(), `${lab.gate.portal}/.factorgate/login?`)
    await page.getByText('Your sign-in was ended: by you on another device').waitFor()
    await page.goto(goal)
    await page.getByRole('heading', { name: 'Sign in to Lab portal' }).waitFor()
    t.equal(await page.getByText('Your sign-in was ended').count(), 0, 'said once')
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    await page.waitForURL(goal)
  })

  await t.test('signing out in one tab ends the other tab’s socket, on another host', async t => {
    await page.goto(`${lab.labOrigin}/you`)
    await page.evaluate(openSocket)
    const other = await page.context().newPage()
    await signOut(lab, other)
    t.match(await page.evaluate('ended'), { code: 1008 })
    await other.close()
  })

  await t.test('somebody suspended is told so, and whom to ask', async t => {
    await page.goto(`${lab.labOrigin}/you`)
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    await page.waitForURL(`${lab.labOrigin}/you`)
    await page.evaluate(openSocket)
    // As `factorgate user suspend` does it.
    await lab.gate.server.runtime.accounts.suspend(account.id, 'left the lab')
    await sessions.endAccount(account.id, 'suspended')
    t.match(await page.evaluate('ended'), { code: 1008 })
    await page.reload()
    await page.getByRole('heading', { name: 'Your access is suspended' }).waitFor()
    t.ok(await page.getByRole('link', { name: 'help@lab.example' }).first().isVisible())
    t.ok(await page.getByText('The reason: “left the lab”').isVisible())
  })

  t.test('nothing else complained, and nobody else was asked', async t => nothingComplained(t, lab))
})
