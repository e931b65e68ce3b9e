/** FIELD N11: names in sentences: quoted where somebody chose them, with a direction of their own, and headlines that do not break in a word. */
import t from 'tap'
import { enrolled, password } from '../fixtures/pipeline/people.ts'
import { openFixture } from '../fixtures/pipeline/portal.ts'
import { Visitor } from '../fixtures/pipeline/visitor.ts'

const account = 'http://gate.localhost/.factorgate/account'

t.test('FIELD N11 a name never reads as a part of the sentence around it', async t => {
  const fixture = await openFixture(t)
  const { visitor } = await enrolled(fixture)
  const [phone] = await fixture.credentials.list(fixture.ada.id)
  for (const name of ['X okay??', 'הטלפון שלי', 'الهاتف', 'and everything else', '“quoted”', 'a <b>']) {
    await fixture.credentials.rename(fixture.ada.id, phone!.id, name)
    const html = name.replace('<', '&lt;')
    const apart = /[\u0590-\u08ff]/.test(name) ? `<bdi>${html}</bdi>` : html
    const removal = await visitor.open(`${account}/factors/${phone!.id}/remove`)
    t.match(removal.body.replaceAll('&gt;', '>'), `<h1>Remove “${apart}”?`, name)
    t.match(removal.body.replaceAll('&gt;', '>'), `<title>Remove “${html}”? ·`)
    const page = await visitor.open(account)
    t.match(page.body.replaceAll('&gt;', '>'), `<h3 dir="auto">${html}</h3>`)
    t.match(page.body.replaceAll('&gt;', '>'), `aria-label="Remove “${html}”"`)
    t.notMatch(page.body + removal.body, /[\u2068\u2069]/, 'isolates become elements')
  }
  const renamed = await visitor.submit(await visitor.open(account), { name: 'שלום' }, /rename/)
  t.match(renamed.body, 'The new name is “<bdi>שלום</bdi>”.')
})

t.test('FIELD N11 a person’s name has a direction of its own, and a headline keeps "sign-in" together', async t => {
  const fixture = await openFixture(t)
  await fixture.accounts.update(fixture.ada.id, { displayName: 'עדה לאבלייס' })
  const link = await fixture.invite()
  t.match((await new Visitor(fixture.app).open(link)).body, '<h1>Welcome, <bdi>עדה לאבלייס</bdi>')
  const first = new Visitor(fixture.app)
  await first.submit(await first.open(link), { password })
  const half = new Visitor(fixture.app)
  const page = await half.submit(await half.open('http://gate.localhost/.factorgate/login'), {
    username: 'ada',
    password
  })
  t.match(page.body, '<h1>Your <span class="whole">set-up</span> is not finished')
})

/** Titles and texts of the configuration. The first letters decide the direction of each, and none turns the sentence around it. */
t.test(
  'FIELD N11 texts of the configuration keep their direction to themselves, on every page that has them',
  async t => {
    const title = 'دفاتر Ω!'
    const lab = 'مختبر ب'
    const contact = 'غرفة 3: مكتب المساعدة'
    const fixture = await openFixture(t, { look: { title: lab, contact }, titles: { notebooks: title } })
    const { visitor, codesPage } = await enrolled(fixture)
    const rd = (path: string) => encodeURIComponent(`http://notebooks.localhost${path}`)
    const page = (path: string) => new Visitor(fixture.app).get(`http://gate.localhost/.factorgate/${path}`)
    const bdi = (text: string) => `<bdi>${text}</bdi>`
    const login = await page(`login?rd=${rd('/')}`)
    t.match(login.body, `to ${bdi(title)}`, 'sign-in, to an app')
    t.match(login.body, bdi(contact), 'whom to ask')
    t.match(login.body, `<p class="lab" dir="auto">${lab}</p>`)
    t.match(login.body, /<input id="username"[^>]* dir="auto"/)
    t.match(
      (await page((await fixture.invite()).split('/.factorgate/')[1] as string)).body,
      `your account at ${bdi(lab)}.`
    )
    t.match(codesPage.body, `Recovery codes of ada at ${bdi(lab)}, made`)
    const list = await visitor.get('http://gate.localhost/.factorgate/')
    t.match(list.body, `<a class="lab" href="/.factorgate/" dir="auto">${lab}</a>`, 'masthead')
    t.match(list.body, new RegExp(`<a href="[^"]*" dir="auto">${title}</a>`), 'the list of apps')
    t.match(list.body, '<p dir="auto">What')
    fixture.time.advance(3600)
    const stepUp = await visitor.get(`http://gate.localhost/.factorgate/challenge?rd=${rd('/exports/x')}`)
    t.match(stepUp.body, `This part of ${bdi(title)} needs`)
    const unfit = await visitor.get(`http://gate.localhost/.factorgate/challenge?rd=${rd('/keys/x')}`)
    t.match(unfit.body, `This part of ${bdi(title)} needs`)
    t.match(
      (await visitor.get('http://gate.localhost/.factorgate/logout')).body,
      `every app of ${bdi(lab)} in this browser`
    )
    const lost = await visitor.postTo('http://notebooks.localhost/save', { a: '1' })
    t.match(lost.body, `<h1>${bdi(title)} did not get what you sent</h1>`)
    t.match(lost.body, `<title>${title} did not get`)
    for (const { body } of [login, list, stepUp, unfit, lost])
      t.notMatch(body, /[\u2068\u2069]/, 'isolates become elements')
  }
)
