/** Forms that come after the proof has aged: each leads back to its own page, about the same thing, and does nothing. */
import t from 'tap'
import { openBusyDesk } from '../fixtures/browser/desk.ts'
import { textOf } from '../fixtures/in-process/console.ts'

const titleOf = (page: { body: string }) => textOf({ body: /<h1>.*?<\/h1>/s.exec(page.body)?.[0] ?? '' })

t.test('a form that came too late leads back to the thing that it was about', async t => {
  const desk = await openBusyDesk(t)
  const { accounts, sessions } = desk.gate.server.runtime
  const operator = { groups: ['operators'] }
  const { browser } = await desk.person('olga', operator)
  const { account: lisa, session } = await desk.person('lisa')
  await desk.person('lisa')
  const one = `/people/${lisa.id}/revoke?session=${session}`
  const forms = []
  for (const path of [...desk.pages.map(([, path]) => path), one]) {
    const page = await browser.open(desk.admin + path)
    if (/<form[^>]*method="post" action="[^"]*\/admin\//.test(page.body) && path !== '/bulk') forms.push({ path, page })
  }
  t.ok(forms.length > 14, `${forms.length} forms`)

  desk.time.advance(16 * 60)
  const lates = []
  for (const { path, page } of forms)
    lates.push({ path, page, late: await browser.submit(page, { reason: 'left the lab' }) })
  const again = await desk.person('olga', operator)
  const { host } = new URL(desk.admin)
  browser.hold(host, again.browser.cookies(host))
  for (const { path, page, late } of lates) {
    const back = new URL(late.url).searchParams.get('rd') ?? ''
    const seen = await browser.open(back)
    t.equal(seen.status, 200, path)
    t.equal(titleOf(seen), titleOf(page), path)
    t.match(textOf(seen), 'too late after your last confirmation, so nothing was done', path)
    t.equal(seen.body.match(/id="problem"/g)?.length, 1, path)
  }

  const [here, there] = await sessions.list(lisa.id)
  const back = await again.browser.open(`${desk.admin}${one}`)
  await again.browser.submit(back, { reason: 'left the lab' })
  const left = await sessions.list(lisa.id)
  t.same(
    left.map(each => each.session.id),
    [here, there].map(each => each?.session.id).filter(id => id !== session),
    'one session has ended, and not all'
  )
  const gone = await again.browser.open(`${desk.admin}${one}`)
  t.equal(new URL(gone.url).pathname, `/.factorgate/admin/people/${lisa.id}`, 'no form about all sessions in its place')
  t.equal((await accounts.byId(lisa.id))?.suspended, null)
})
