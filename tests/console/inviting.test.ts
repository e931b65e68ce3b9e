/** Invitations by mail and for a chosen time, and new user names, in the console. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { openDesk, textOf } from '../fixtures/in-process/console.ts'
import { startSmtp } from '../fixtures/in-process/smtp-server.ts'

const operator = { groups: ['operators'] }
const linkOn = (body: string) => /<output[^>]*>([^<]*)</.exec(body)?.[1] ?? ''

async function withMail(t: Test) {
  const smtp = await startSmtp(t)
  const desk = await openDesk(t, {
    extra: `notify: { mail: { server: "smtp://127.0.0.1:${smtp.port}", unsafePlain: true, from: gate@lab.example } }`
  })
  const mails = async (count: number) => {
    const deadline = Date.now() + 60_000
    while (smtp.mails.length < count && Date.now() < deadline) await new Promise(resolve => setTimeout(resolve, 20))
    return smtp.mails
  }
  return { ...desk, mails }
}

const tokenIn = (content: string) =>
  /invite\/([\w-]{43})/.exec(content.replace(/=\r?\n/g, '').replaceAll('=3D', '='))?.[1] ?? ''

t.test('an invitation goes out by mail, is not shown, and is valid for the chosen time', async t => {
  const { person, admin, gate, journal, mails, time } = await withMail(t)
  const { invitations } = gate.server.runtime
  const { account: ada } = await person('ada', { hasPasskey: false })
  const { browser } = await person('oscar', operator)
  const form = await browser.open(`${admin}/people/${ada.id}/invite`)
  t.match(textOf(form), 'Send the invitation by mail to ada@lab.example, and do not show it here')
  const sent = await browser.submit(form, { reason: 'new here', valid: String(7 * 86_400), mail: 'yes' })
  t.match(textOf(sent), 'The gate sends the invitation of ada to ada@lab.example. It is valid for 7 days')
  t.equal(linkOn(sent.body), '')
  t.notMatch(sent.body, /invite\/[\w-]{43}/)
  const [mail] = await mails(1)
  t.same(mail?.to, ['ada@lab.example'])
  t.match(mail?.content, /for\s+7\s+days/)
  t.equal(await invitations.peek(tokenIn(mail?.content ?? '')), ada.id)
  t.match(await journal('invitation.issue'), [{ operator: 'oscar', why: 'new here', valid: 604_800 }])
  time.advance(6 * 86_400)
  t.equal(await invitations.peek(tokenIn(mail?.content ?? '')), ada.id, 'after six days')
})

t.test('without the tick the link is shown; another time than those of the list is the usual one', async t => {
  const { person, admin, gate, time } = await withMail(t)
  const { invitations } = gate.server.runtime
  const { account: ada } = await person('ada', { hasPasskey: false })
  const { browser } = await person('oscar', operator)
  const form = await browser.open(`${admin}/people/${ada.id}/invite`)
  const shown = await browser.submit(form, { reason: 'new here', valid: '99999999', mail: 'no' })
  t.match(textOf(shown), 'is valid for 24 hours')
  const token = linkOn(shown.body).split('/').at(-1) ?? ''
  t.equal(await invitations.peek(token), ada.id)
  time.advance(86_401)
  t.equal(await invitations.peek(token), null)
})

t.test('one new person and many of them get mails; who has no address is named before anybody is added', async t => {
  const { person, admin, gate, mails } = await withMail(t)
  const { accounts, invitations } = gate.server.runtime
  const { browser } = await person('oscar', operator)
  const one = { name: 'grace', reason: 'new', mail: 'yes' }
  t.match(textOf(await browser.submit(await browser.open(`${admin}/add`), one)), 'needs an e-mail address')
  t.equal(await accounts.byName('grace'), null)
  const added = await browser.submit(await browser.open(`${admin}/add`), { ...one, email: 'grace@lab.example' })
  t.match(textOf(added), 'sends the invitation of grace to grace@lab.example')
  const open = () => browser.open(`${admin}/bulk`)
  const wrong = await browser.submit(await open(), { list: 'lise,,lise@lab.example\ntu\n', mail: 'yes' })
  t.match(textOf(wrong), /2 ‘tu’ has no address that mail can be sent to/)
  const list = 'lise,,lise@lab.example\ntu,,tu@lab.example\n'
  const preview = await browser.submit(await open(), { list, mail: 'yes', valid: String(3 * 86_400) })
  t.match(textOf(preview), 'Each gets the invitation by mail')
  const done = await browser.submit(preview, { confirmed: 'yes', reason: 'course' })
  t.match(textOf(done), /2 people are added The gate sends the invitations by mail\. They are valid for 3 days/)
  t.notMatch(done.body, /invite\/[\w-]{43}/)
  const all = await mails(3)
  t.same(all.flatMap(({ to }) => to).sort(), ['grace@lab.example', 'lise@lab.example', 'tu@lab.example'])
  for (const { to, content } of all)
    t.equal(await invitations.peek(tokenIn(content)), (await accounts.byName(to[0]!.split('@')[0]!))?.id)
})

t.test('where the gate sends no mail, the console does not offer it', async t => {
  const { person, admin } = await openDesk(t)
  const { account: ada } = await person('ada', { hasPasskey: false })
  const { browser } = await person('oscar', operator)
  for (const page of ['/add', '/bulk', `/people/${ada.id}/invite`])
    t.notMatch((await browser.open(admin + page)).body, 'name="mail"', page)
})

t.test('a person gets another user name, and keeps everything else', async t => {
  const { person, admin, gate, journal } = await openDesk(t)
  const { accounts, sessions } = gate.server.runtime
  const { account: ada } = await person('ada')
  const { browser } = await person('oscar', operator)
  const open = () => browser.open(`${admin}/people/${ada.id}/rename`)
  for (const [name, sentence] of [
    ['no name', 'A user name has'],
    ['oscar', 'There is an account with this user name already']
  ] as const) {
    const answer = await browser.submit(await open(), { name, reason: 'typo' })
    t.equal(answer.status, 403)
    t.match(textOf(answer), sentence)
  }
  const form = await open()
  t.match(textOf(form), /Apps get the new name/)
  const done = await browser.submit(form, { name: 'Lovelace', reason: 'married' })
  t.match(textOf(done), 'lovelace has another user name now')
  t.match(textOf(done), 'Called before ada')
  t.match(await accounts.byId(ada.id), { name: 'lovelace', formerNames: ['ada'] })
  t.equal((await sessions.list(ada.id)).length, 1)
  t.match((await journal('user.change')).at(-1), {
    outcome: 'renamed',
    name: 'lovelace',
    before: 'ada',
    operator: 'oscar',
    why: 'married'
  })
  const late = await browser.submit(form, { name: 'byron', reason: 'x' })
  t.match(textOf(late), 'Somebody else has changed this account meanwhile')
  await accounts.update(ada.id, { directory: 'institute' })
  await accounts.bind(ada.id, 'id-1')
  t.notMatch((await browser.open(`${admin}/people/${ada.id}`)).body, '/rename"', 'an institution gives the names')
  t.match(textOf(await browser.submit(await open(), { name: 'byron', reason: 'x' })), 'Have it changed there')
  const { browser: desk } = await person('hilda', { groups: ['helpdesk'] })
  t.equal((await desk.request('GET', `${admin}/people/${ada.id}/rename`)).status, 403)
})

t.test('a rename names the rules that it concerns', async t => {
  const { person, admin } = await openDesk(t, {
    apps: '  - { id: one, url: "http://one.localhost:PORT", upstream: "http://127.0.0.1:9", rules: [{ users: [ada], access: deny }, { access: mfa }] }'
  })
  const { account: ada } = await person('ada')
  const { browser } = await person('oscar', operator)
  const form = await browser.open(`${admin}/people/${ada.id}/rename`)
  t.match(textOf(form), /will not mean them any more: apps\[0\]\.rules\[0\]\.users\[0\]\./)
})

t.test('a page has one language, the logo and the way to another language', async t => {
  const { person, admin, gate } = await openDesk(t)
  const { accounts } = gate.server.runtime
  const { account, browser } = await person('oscar', operator)
  for (const language of ['de', 'ar'] as const) {
    await accounts.update(account.id, { language })
    const page = await browser.open(`${admin}/`)
    t.match(page.body, '<html lang="en">', language)
    t.match(textOf(page), /Sign out/)
    t.match(page.body, 'href="/.factorgate/language"')
  }
})

t.test('the lab’s logo is on top of the console', async t => {
  const logo = path.join(t.testdir({}), 'logo.svg')
  writeFileSync(
    logo,
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><rect width="10" height="10"/></svg>'
  )
  const { person, admin } = await openDesk(t, { portal: `logo: "${logo}"` })
  const { browser } = await person('oscar', operator)
  t.match((await browser.open(`${admin}/`)).body, /<img class="logo" src="[^"]+" alt="Test Lab"/)
})
