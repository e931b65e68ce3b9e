/** What operators and the help desk do to people in the console: reason, confirmation, journal, and what stops them. */
import t from 'tap'
import { versionOf } from '../../src/administration/operator-actions.ts'
import { openDesk, textOf } from '../fixtures/in-process/console.ts'

const operator = { groups: ['operators'] }

t.test('suspend and let in again', async t => {
  const { person, admin, gate, journal } = await openDesk(t)
  const { accounts, sessions } = gate.server.runtime
  const { account: ada, browser: herBrowser } = await person('ada')
  const { browser } = await person('oscar', operator)
  const form = await browser.open(`${admin}/people/${ada.id}/suspend`)
  t.match(textOf(form), /You can undo this/)
  for (const reason of ['', '   ', 'two\nlines', 'x'.repeat(501)]) {
    const answer = await browser.submit(form, { reason })
    t.match(textOf(answer), 'Give a reason', JSON.stringify(reason.slice(0, 10)))
    t.equal(answer.status, 403)
  }
  t.equal((await accounts.byId(ada.id))?.suspended, null, 'without a reason nothing is done')
  const done = await browser.submit(form, { reason: 'left the lab' })
  t.match(textOf(done), 'ada is suspended; 1 session ended')
  t.match(textOf(done), /suspended now: left the lab/)
  t.notMatch(textOf(await browser.open(`${admin}/people/${ada.id}`)), '1 session ended', 'the note is shown once')
  t.same(await sessions.list(ada.id), [])
  t.equal((await herBrowser.request('GET', `${gate.portal}/.factorgate/`)).status, 302)
  const undo = /href="([^"]*\/resume)"/.exec(done.body)?.[1]
  const back = await browser.submit(await browser.open(gate.portal + undo), { reason: 'was a mistake' })
  t.match(textOf(back), 'ada can sign in again')
  t.equal((await accounts.byId(ada.id))?.suspended, null)
  const lines = (await journal('user.change')).filter(line => line.by === 'console')
  t.match(lines, [
    {
      outcome: 'suspended',
      account: ada.id,
      name: 'ada',
      operator: 'oscar',
      why: 'left the lab',
      ended: 1,
      address: '127.0.0.1'
    },
    { outcome: 'resumed', account: ada.id, name: 'ada', operator: 'oscar', why: 'was a mistake' }
  ])
})

t.test('invite: the link is shown once and works', async t => {
  const { person, admin, gate, journal } = await openDesk(t)
  const { account: ada } = await person('ada', { hasPasskey: false })
  const { browser } = await person('hilda', { groups: ['helpdesk'] })
  const shown = await browser.submit(await browser.open(`${admin}/people/${ada.id}/invite`), { reason: 'new here' })
  const link = /<output[^>]*>([^<]*)</.exec(shown.body)?.[1] ?? ''
  t.match(link, `${gate.portal}/.factorgate/invite/`)
  t.equal(await gate.server.runtime.invitations.peek(link.split('/').at(-1) ?? ''), ada.id)
  const page = await browser.open(`${admin}/people/${ada.id}`)
  t.notMatch(page.body, link)
  const clock = /\d\d:\d\d \(UTC\) on \d+ \w+ \d{4}/.source
  t.match(textOf(page), new RegExp(`Invitation It waits until ${clock}\\. It was made now, by hilda\\.`))
  t.match(await journal('invitation.issue'), [{ account: ada.id, operator: 'hilda', why: 'new here', by: 'console' }])
  t.notMatch(JSON.stringify(await journal('invitation.issue')), link.split('/').at(-1), 'the journal has no token')
})

t.test('reset: everything that opens an account goes, and the page says that this is for good', async t => {
  const { person, admin, gate, journal } = await openDesk(t)
  const { invitations, credentials, sessions } = gate.server.runtime
  const { account: ada } = await person('ada')
  const token = await invitations.issue(ada.id)
  const { browser } = await person('hilda', { groups: ['helpdesk'] })
  const form = await browser.open(`${admin}/people/${ada.id}/reset`)
  t.match(textOf(form), 'This cannot be undone')
  const done = await browser.submit(form, { reason: 'lost phone' })
  t.match(textOf(done), 'ada has no second factor any more; 1 session ended')
  t.same(await credentials.list(ada.id), [])
  t.same(await sessions.list(ada.id), [])
  t.equal(await invitations.peek(token), null)
  t.match(await journal('factor.remove'), [
    { outcome: 'reset', removed: 1, ended: 1, operator: 'hilda', why: 'lost phone' }
  ])
})

t.test('end one session, or all of them', async t => {
  const { person, admin, gate, journal } = await openDesk(t)
  const { sessions } = gate.server.runtime
  const { account: ada, session } = await person('ada')
  await person('ada')
  const { browser } = await person('oscar', operator)
  const page = await browser.open(`${admin}/people/${ada.id}`)
  t.match(page.body, `/revoke?session=${session}`)
  const one = await browser.open(`${admin}/people/${ada.id}/revoke?session=${session}`)
  t.match(textOf(await browser.submit(one, { reason: 'forgot to sign out' })), '1 session of ada ended')
  t.equal((await sessions.list(ada.id)).length, 1)
  const all = await browser.open(`${admin}/people/${ada.id}/revoke`)
  t.match(textOf(await browser.submit(all, { reason: 'device lost' })), '1 session of ada ended')
  t.same(await sessions.list(ada.id), [])
  t.match(await journal('session.end'), [
    { session, account: ada.id, ended: 1, operator: 'oscar' },
    { account: ada.id, ended: 1, operator: 'oscar', why: 'device lost' }
  ])
})

t.test('change name, address and groups', async t => {
  const { person, admin, gate, journal } = await openDesk(t)
  const { accounts } = gate.server.runtime
  const { account: ada } = await person('ada', { groups: ['researchers'] })
  const { browser } = await person('oscar', operator)
  const open = () => browser.open(`${admin}/people/${ada.id}/change`)
  const typed = { display: 'Ada Lovelace', email: '', groups: 'researchers, microscopes', reason: 'new task' }
  for (const [field, value] of [
    ['email', 'not an address'],
    ['display', ' '],
    ['groups', 'a;b']
  ] as const) {
    const answer = await browser.submit(await open(), { ...typed, [field]: value })
    t.equal(answer.status, 403, field)
    if (field !== 'display') t.match(answer.body, `value="${value}"`, 'what was typed stays')
  }
  t.same(await accounts.byId(ada.id), ada, 'nothing is changed')
  t.match(textOf(await browser.submit(await open(), typed)), 'Ada Lovelace is changed')
  t.match(await accounts.byId(ada.id), {
    displayName: 'Ada Lovelace',
    email: null,
    groups: ['researchers', 'microscopes']
  })
  t.match(await journal('user.change'), [
    { outcome: 'changed', fields: 'displayName,email,groups', groups: 'researchers,microscopes', operator: 'oscar' }
  ])
  await browser.submit(await open(), { ...typed })
  t.equal((await journal('user.change')).length, 1, 'a form that changes nothing does nothing')
})

t.test('somebody else was faster', async t => {
  const { person, admin, gate } = await openDesk(t)
  const { accounts } = gate.server.runtime
  const { account: ada } = await person('ada')
  const { browser } = await person('oscar', operator)
  const { browser: other } = await person('olga', operator)
  const form = await browser.open(`${admin}/people/${ada.id}/change`)
  await other.submit(await other.open(`${admin}/people/${ada.id}/suspend`), { reason: 'misused' })
  const late = await browser.submit(form, { display: 'Ada', email: '', groups: '', reason: 'renamed' })
  t.equal(late.status, 403)
  t.match(textOf(late), 'Somebody else has changed this account meanwhile')
  t.match(textOf(late), 'misused', 'what has changed is shown')
  t.match(await accounts.byId(ada.id), { displayName: 'ada', suspended: { why: 'misused' } })
  const again = await browser.submit(await browser.open(`${admin}/people/${ada.id}/suspend`), { reason: 'mine' })
  t.match(textOf(again), 'The account is suspended')
  t.match(await accounts.byId(ada.id), { suspended: { why: 'misused' } }, 'the first reason stays')
  await accounts.remove(ada.id)
  t.equal((await browser.submit(form, { display: 'Ada', email: '', groups: '', reason: 'x' })).status, 404)
})

t.test('an operator cannot lock everybody out', async t => {
  const { person, admin, gate } = await openDesk(t)
  const { accounts, credentials } = gate.server.runtime
  const { account: oscar, browser } = await person('oscar', operator)
  await person('otto', { ...operator, hasPasskey: false, proof: 'totp' })
  const self = { self: 'yes', reason: 'leaving' }
  const change = { display: 'oscar', email: 'oscar@lab.example', groups: '' }
  const path = (action: string) => `${admin}/people/${oscar.id}/${action}`
  for (const [action, more] of [
    ['suspend', {}],
    ['reset', {}],
    ['change', change]
  ] as const) {
    const answer = await browser.submit(await browser.open(path(action)), { ...more, ...self })
    t.match(textOf(answer), 'You are the only operator who can open this console', action)
  }
  t.match(await accounts.byId(oscar.id), { suspended: null, groups: ['operators'] })
  t.equal((await credentials.list(oscar.id)).length, 1)

  const { browser: other, account: olga } = await person('olga', operator)
  const unticked = await browser.submit(await browser.open(path('suspend')), { reason: 'leaving' })
  t.match(textOf(unticked), 'Tick the box if you mean it')
  t.equal((await accounts.byId(oscar.id))?.suspended, null)
  await browser.submit(await browser.open(path('suspend')), self)
  t.match(await accounts.byId(oscar.id), { suspended: { why: 'leaving' } }, 'with another operator it can be meant')
  const last = await other.submit(await other.open(`${admin}/people/${olga.id}/suspend`), self)
  t.match(textOf(last), 'You are the only operator')
})

t.test('two operators who suspend each other at the same moment: one stays', async t => {
  const { person, admin, gate } = await openDesk(t)
  const { accounts } = gate.server.runtime
  const one = await person('oscar', operator)
  const two = await person('olga', operator)
  const forms = await Promise.all([
    one.browser.open(`${admin}/people/${two.account.id}/suspend`),
    two.browser.open(`${admin}/people/${one.account.id}/suspend`)
  ])
  await Promise.all([
    one.browser.submit(forms[0], { reason: 'duel' }),
    two.browser.submit(forms[1], { reason: 'duel' })
  ])
  const left = (await accounts.list()).filter(({ suspended }) => suspended === null)
  t.equal(left.length, 1)
})

t.test('the help desk is refused by the use-case too, not only by the path', async t => {
  const { person, admin, gate } = await openDesk(t)
  const { accounts, credentials } = gate.server.runtime
  const { account: oscar } = await person('oscar', operator)
  const { account: ada } = await person('ada')
  const { browser } = await person('hilda', { groups: ['helpdesk'] })
  const form = await browser.open(`${admin}/people/${ada.id}/reset`)
  const moved = { ...form, body: form.body.replaceAll(ada.id, oscar.id) }
  const answer = await browser.submit(moved, { version: versionOf(oscar), reason: 'trick' })
  t.equal(answer.status, 403)
  t.match(textOf(answer), 'Only operators can do this')
  t.equal((await credentials.list(oscar.id)).length, 1)
  for (const action of ['suspend', 'resume', 'change', 'revoke', 'unlock']) {
    const other = { ...form, body: form.body.replaceAll('/reset', `/${action}`) }
    t.equal((await browser.submit(other, { reason: 'trick' })).status, 403, action)
  }
  t.match(await accounts.byId(ada.id), { suspended: null })
  const page = await browser.open(`${admin}/people/${ada.id}`)
  t.match(page.body, `/people/${ada.id}/invite`)
  t.notMatch(page.body, `/people/${ada.id}/suspend`)
})

t.test('a form of another browser, or without its token, does nothing', async t => {
  const { person, admin, gate } = await openDesk(t)
  const { accounts } = gate.server.runtime
  const { account: ada } = await person('ada')
  const { browser } = await person('oscar', operator)
  const { browser: other } = await person('olga', operator)
  const form = await browser.open(`${admin}/people/${ada.id}/suspend`)
  await other.open(`${admin}/`)
  t.equal((await other.submit(form, { reason: 'x' })).headers['factorgate-error'], 'form_expired')
  const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://evil.example' }
  const foreign = await browser.request('POST', `${admin}/people/${ada.id}/suspend`, { headers, body: 'reason=x' })
  t.equal(foreign.headers['factorgate-error'], 'foreign_origin')
  t.equal((await accounts.byId(ada.id))?.suspended, null)
})
