/** A person's logins at apps in the console: operators see for which apps one is kept, and remove it with a reason. */
import t, { type Test } from 'tap'
import { openDesk, textOf } from '../fixtures/in-process/console.ts'
import { echoApp } from '../fixtures/in-process/gateway.ts'

const [user, password] = ['ada.l', 'correct horse']
const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
const operator = { groups: ['operators'] }

async function start(t: Test, upstreamLogin = ', upstreamLogin: { kind: basic, per: person }') {
  const { url } = await echoApp(t)
  const apps = `
  - { id: scheduler, title: Cluster scheduler, url: "http://scheduler.localhost:PORT", upstream: "${url}"${upstreamLogin} }
`
  const desk = await openDesk(t, { apps })
  const { account: ada } = await desk.person('ada')
  const { upstreamLogins: logins, store } = desk.gate.server.runtime
  await logins.store(ada.id, 'scheduler', authorization)
  const at = `${desk.admin}/people/${ada.id}`
  return { ...desk, ada, at, logins, store, form: `${at}/login?app=scheduler` }
}

t.test('an operator removes a login, with a reason; the person’s other logins stay', async t => {
  const { person, journal, ada, at, form, logins, store, time } = await start(t)
  const { account: bob } = await person('bob')
  await logins.store(bob.id, 'scheduler', authorization)
  // The app of this one is gone, and the record is somebody else's, so it opens for nobody.
  await logins.store(ada.id, 'archive', authorization)
  await store.put(`upstream-login:${ada.id}:archive`, (await store.get(`upstream-login:${bob.id}:scheduler`)) ?? '')
  const found = await logins.find(ada.id, 'scheduler')
  logins.refused(ada.id, 'scheduler', found!)
  time.advance(7200)
  const { browser } = await person('oscar', operator)

  const list = await browser.open(at)
  t.match(textOf(list), /Logins at apps archive The gate cannot open it.*takes no logins now.* Remove /)
  t.match(textOf(list), /Cluster scheduler scheduler Entered 2 hours ago\. The app refused it (now|2 hours ago), so/)
  const page = await browser.open(form)
  t.match(textOf(page), /Remove a login of ada .*Cluster scheduler.*The account at the app stays.*cannot be undone/)
  for (const hidden of [user, password, authorization.slice(6)])
    t.notOk((list.body + page.body).includes(hidden), `no page shows ${hidden}`)

  for (const reason of [' ', 'x'.repeat(501)]) {
    const refused = await browser.submit(page, { reason })
    t.equal(refused.status, 403)
    t.match(textOf(refused), 'Give a reason of 1 to 500 characters')
  }
  t.equal((await logins.kept(ada.id)).length, 2, 'without a reason nothing is done')
  const done = await browser.submit(page, { reason: 'the account there is closed' })
  t.match(textOf(done), 'A login of ada at an app is removed.')
  t.notMatch(textOf(done), 'Cluster scheduler')
  t.equal(await logins.find(ada.id, 'scheduler'), null)
  t.equal((await browser.submit(page, { reason: 'again' })).status, 404)
  await browser.submit(await browser.open(`${at}/login?app=archive`), { reason: 'the app is gone' })
  const by = { account: ada.id, name: 'ada', by: 'console', operator: 'oscar' }
  t.match(await journal('upstream-login.remove'), [
    { ...by, app: 'scheduler', why: 'the account there is closed' },
    { ...by, app: 'archive', why: 'the app is gone' }
  ])
  t.match(await logins.kept(bob.id), [{ app: 'scheduler' }])
  t.notMatch(textOf(await browser.open(at)), 'Logins at apps')
})

t.test('what changes nothing', async t => {
  const { person, gate, ada, at, form, logins, admin, journal, time } = await start(t)
  const { browser } = await person('oscar', operator)
  const { browser: other } = await person('olga', operator)
  const page = await browser.open(form)
  const code = (answer: { headers: Record<string, unknown> }) => answer.headers['factorgate-error']

  const { browser: desk } = await person('hedy', { groups: ['helpdesk'] })
  const seen = await desk.open(at)
  t.match(textOf(seen), /Cluster scheduler scheduler Entered /)
  t.notMatch(seen.body, '/login?app=', 'the help desk reads only')
  const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: gate.portal }
  const body = 'app=scheduler&reason=x'
  t.equal(code(await desk.open(form)), 'not_allowed')
  t.equal(code(await desk.request('POST', `${at}/login`, { headers, body })), 'not_allowed')
  const { browser: self } = await person('ada')
  t.equal(code(await self.open(form)), 'not_allowed', 'nor does its owner come here')

  await other.open(`${admin}/`)
  t.equal(code(await other.submit(page, { reason: 'x' })), 'form_expired', 'the form of another browser')
  t.equal(code(await browser.request('POST', `${at}/login`, { headers, body })), 'form_expired', 'no token')
  const foreign = { ...headers, origin: 'https://evil.example' }
  t.equal(code(await browser.request('POST', `${at}/login`, { headers: foreign, body })), 'foreign_origin')
  for (const app of ['notebooks', '', '../scheduler', 'a:b'])
    t.equal((await browser.open(`${at}/login?app=${encodeURIComponent(app)}`)).status, 404, `no login for ${app}`)

  time.advance(1)
  await logins.store(ada.id, 'scheduler', authorization)
  const late = await browser.submit(page, { reason: 'x' })
  t.equal(late.status, 403)
  t.match(textOf(late), 'this login has changed meanwhile', 'one that was entered since then stays')
  t.match(await logins.kept(ada.id), [{ app: 'scheduler' }])
  t.same(await journal('upstream-login.remove'), [])
  t.match(textOf(late), /Entered now/, 'the operator sees the new one')
  t.match(late.body, /value="x"/, 'the reason stays')
  t.match(textOf(await browser.submit(late, { reason: 'x' })), 'A login of ada at an app is removed.')
  t.same(await logins.kept(ada.id), [])
  t.match(await journal('upstream-login.remove'), [{ why: 'x' }])
  await logins.store(ada.id, 'scheduler', authorization)
  const before = await browser.open(form)
  await gate.server.runtime.accounts.update(ada.id, { displayName: 'Ada L.' })
  const changed = await browser.submit(before, { reason: 'y' })
  t.match(textOf(changed), 'The account or this login has changed meanwhile')
  t.match(textOf(changed), 'Remove a login of Ada L.')
  t.match(textOf(await browser.submit(changed, { reason: 'y' })), 'A login of Ada L. at an app is removed.')
  await logins.store(ada.id, 'scheduler', authorization)

  const last = await browser.open(form)
  await gate.server.runtime.accounts.remove(ada.id)
  t.equal((await browser.submit(last, { reason: 'x' })).status, 404, 'an account that is gone')
  t.equal((await browser.open(form)).status, 404)
  t.equal((await journal('upstream-login.remove')).length, 2)
})

t.test('where no app has upstreamLogin the console says nothing of logins', async t => {
  const { person, at, form } = await start(t, '')
  const { browser } = await person('oscar', operator)
  t.notMatch(textOf(await browser.open(at)), 'Logins at apps')
  t.equal((await browser.open(form)).status, 404)
})
