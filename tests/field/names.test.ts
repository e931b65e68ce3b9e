/** FIELD N11: names in sentences: quoted where somebody chose them, with a direction of their own, and headlines that do not break in a word. */
import t from 'tap'
import { openHouse } from '../portal/house.ts'
import { enrolled, password } from '../portal/people.ts'
import { Visitor } from '../portal/visitor.ts'

const account = 'http://gate.localhost/.factorgate/account'

t.test('FIELD N11 a name never reads as a part of the sentence around it', async t => {
  const house = await openHouse(t)
  const { visitor } = await enrolled(house)
  const [phone] = await house.credentials.list(house.ada.id)
  for (const name of ['X okay??', 'הטלפון שלי', 'الهاتف', 'and everything else', '“quoted”', 'a <b>']) {
    await house.credentials.rename(house.ada.id, phone!.id, name)
    const html = name.replace('<', '&lt;')
    const removal = await visitor.open(`${account}/factors/${phone!.id}/remove`)
    t.match(removal.body.replaceAll('&gt;', '>'), `<h1>Remove <bdi>“${html}”</bdi>?`, name)
    t.match(removal.body.replaceAll('&gt;', '>'), `<title>Remove “${html}”? ·`)
    const page = await visitor.open(account)
    t.match(page.body.replaceAll('&gt;', '>'), `<h3 dir="auto">${html}</h3>`)
    t.match(page.body.replaceAll('&gt;', '>'), `aria-label="Remove “${html}”"`)
    t.notMatch(page.body + removal.body, /[\u2068\u2069]/, 'isolates become elements')
  }
  const renamed = await visitor.submit(await visitor.open(account), { name: 'שלום' }, /rename/)
  t.match(renamed.body, 'It is called <bdi>“שלום”</bdi> now.')
})

t.test('FIELD N11 a person’s name has a direction of its own, and a headline keeps "sign-in" together', async t => {
  const house = await openHouse(t)
  await house.accounts.update(house.ada.id, { displayName: 'עדה לאבלייס' })
  const link = await house.invite()
  t.match((await new Visitor(house.app).open(link)).body, '<h1>Welcome, <bdi>עדה לאבלייס</bdi>')
  const first = new Visitor(house.app)
  await first.submit(await first.open(link), { password })
  const half = new Visitor(house.app)
  const page = await half.submit(await half.open('http://gate.localhost/.factorgate/login'), {
    username: 'ada',
    password
  })
  t.match(page.body, '<h1>Your <span class="whole">set-up</span> is not finished')
})
