/** Adding people in the console: one with an invitation, and many from a list. */
import t from 'tap'
import { openDesk, textOf } from '../fixtures/in-process/console.ts'

const operator = { groups: ['operators'] }
const linkOn = (body: string) => /<output[^>]*>([^<]*)</.exec(body)?.[1] ?? ''

t.test('one person', async t => {
  const { person, admin, gate, journal } = await openDesk(t)
  const { accounts, invitations } = gate.server.runtime
  const { browser } = await person('oscar', operator)
  const open = () => browser.open(`${admin}/add`)
  const typed = {
    name: 'Grace',
    display: 'Grace Hopper',
    email: 'grace@lab.example',
    groups: 'navy, cobol',
    reason: 'new'
  }
  for (const [change, sentence] of [
    [{ name: 'no name' }, 'A user name has'],
    [{ name: 'oscar' }, 'There is an account with this user name already'],
    [{ email: 'x' }, 'type an address'],
    [{ reason: '' }, 'Give a reason']
  ] as const) {
    const answer = await browser.submit(await open(), { ...typed, ...change })
    t.equal(answer.status, 403)
    t.match(textOf(answer), sentence)
    t.match(answer.body, 'value="Grace Hopper"', 'what was typed stays')
  }
  t.equal(await accounts.byName('grace'), null)
  const shown = await browser.submit(await open(), typed)
  const grace = await accounts.byName('grace')
  t.match(grace, { displayName: 'Grace Hopper', email: 'grace@lab.example', groups: ['navy', 'cobol'] })
  t.equal(await invitations.peek(linkOn(shown.body).split('/').at(-1) ?? ''), grace?.id)
  t.match(await journal('user.change'), [{ outcome: 'added', name: 'grace', operator: 'oscar', why: 'new' }])
})

t.test('many people: nothing is added before every line is right and the list is confirmed', async t => {
  const { person, admin, gate, journal } = await openDesk(t)
  const { accounts, invitations } = gate.server.runtime
  const { browser } = await person('oscar', operator)
  const open = () => browser.open(`${admin}/bulk`)
  t.match(textOf(await browser.submit(await open(), { list: ' ' })), 'The list is empty')
  const wrong = await browser.submit(await open(), { list: 'grace,Grace\noscar\nnot a name\n' })
  t.match(textOf(wrong), '2 lines have mistakes')
  t.match(
    textOf(wrong),
    /2 there is an account with the name ‘oscar’ already, or was before a rename 3 ‘not a name’ cannot be a user name/
  )
  t.match(wrong.body, 'grace,Grace', 'the list stays, to be mended')
  t.equal(wrong.status, 403)
  const list = 'name,email\r\ngrace,grace@lab.example\r\ntu,\r\n'
  const preview = await browser.submit(await open(), { list })
  t.match(textOf(preview), '2 people will be added. Nobody is added yet')
  t.equal(await accounts.byName('grace'), null)
  t.match(textOf(await browser.submit(preview, { confirmed: 'yes', reason: '' })), 'Give a reason')
  t.equal(await accounts.byName('grace'), null)
  await gate.account('tu')
  const late = await browser.submit(preview, { confirmed: 'yes', reason: 'course' })
  t.match(textOf(late), 'there is an account with the name ‘tu’ already', 'somebody else added one of them meanwhile')
  t.equal(await accounts.byName('grace'), null)
  await accounts.remove((await accounts.byName('tu'))?.id ?? '')
  const done = await browser.submit(preview, { confirmed: 'yes', reason: 'course' })
  t.match(textOf(done), '2 people are added')
  const file = decodeURIComponent(/href="data:text\/csv;charset=utf-8,([^"]*)"/.exec(done.body)?.[1] ?? '')
  const rows = file
    .trim()
    .split('\r\n')
    .map(row => row.split(','))
  t.match(rows, [
    ['name', 'email', 'invitation'],
    ['grace', 'grace@lab.example'],
    ['tu', '']
  ])
  for (const [name = '', , link = ''] of rows.slice(1))
    t.equal(await invitations.peek(link.split('/').at(-1) ?? ''), (await accounts.byName(name))?.id, name)
  const lines = (await journal('user.change')).filter(line => line.outcome === 'added')
  t.match(lines, [{ name: 'grace', operator: 'oscar', why: 'course' }, { name: 'tu' }])
})

t.test('a list that is too long, and a form that is too large', async t => {
  const { person, admin } = await openDesk(t)
  const { browser } = await person('oscar', operator)
  const page = await browser.open(`${admin}/bulk`)
  const list = Array.from({ length: 501 }, (_, i) => `p${i}`).join('\n')
  t.match(textOf(await browser.submit(page, { list })), 'more than 500 people')
  t.equal((await browser.submit(page, { list: 'x'.repeat(600_000) })).status, 413)
})

t.test('the help desk adds nobody', async t => {
  const { person, admin } = await openDesk(t)
  const { browser } = await person('hilda', { groups: ['helpdesk'] })
  for (const path of ['/add', '/bulk']) t.equal((await browser.open(admin + path)).status, 403, path)
  t.notMatch((await browser.open(`${admin}/people`)).body, `${admin}/add`)
})
