/** The first second factor of people whom an institution knows: with an invitation, during a roll-out, or with the approval of a colleague. */
import t from 'tap'
import { GateError } from '../../src/errors.ts'
import { institutePassword, institutions } from '../fixtures/pipeline/institute.ts'
import { enrolled, password } from '../fixtures/pipeline/people.ts'
import { codeAt, type Fixture, openFixture } from '../fixtures/pipeline/portal.ts'
import { type Answer, secretOn, textOf, Visitor } from '../fixtures/pipeline/visitor.ts'

const gate = 'http://gate.localhost/.factorgate'

/** Signs in at the institute's password form. */
async function withPassword(fixture: Fixture, name: string, visitor = new Visitor(fixture.app)) {
  const page = await visitor.submit(await visitor.open(`${gate}/login`), {
    username: name,
    password: institutePassword
  })
  return { visitor, page }
}

/** Adds an authenticator app; answers the page after it, and the secret. */
async function addApp(fixture: Fixture, visitor: Visitor) {
  const setup = await visitor.open(`${gate}/enrol/totp`)
  if (secretOn(setup) === '') return { done: setup, secret: '' }
  const done = await visitor.submit(setup, { code: codeAt(secretOn(setup), fixture.clock()), name: 'phone' })
  return { done, secret: secretOn(setup) }
}

const pathOf = (page: Answer) => new URL(page.url).pathname.replace(/invite\/.*/, 'invite/…')
const said = (fixture: Fixture) =>
  fixture.events.map(({ kind, grant, outcome }) => [kind, grant ?? outcome].filter(Boolean).join(' '))

t.test('an invitation for an account of a directory that takes a password', async t => {
  const fixture = await openFixture(t, institutions().options)
  await withPassword(fixture, 'lea')
  const lea = (await fixture.accounts.byName('lea'))!
  const visitor = new Visitor(fixture.app)
  const link = await fixture.invite(lea.id)
  const page = await visitor.open(link)
  t.match(textOf(page.body), /Welcome, Lea.*First sign in with Institute as lea/)
  t.notMatch(page.body, /new-password/, 'no password is set here')
  const wrong = await visitor.submit(page, { password: 'not that one' })
  t.equal(wrong.status, 401)
  const next = await visitor.submit(wrong, { password: institutePassword })
  t.equal(pathOf(next), '/.factorgate/enrol')
  const { done } = await addApp(fixture, visitor)
  t.match(textOf(done.body), /Your recovery codes/)
  t.match(said(fixture).join(), /invitation\.accept.*enrol invitation/)
  t.equal((await new Visitor(fixture.app).open(link)).status, 410, 'the link is spent')
})

t.test('an invitation for an account of an institution', async t => {
  const { campus, options } = institutions()
  const fixture = await openFixture(t, options)
  await new Visitor(fixture.app).open(`${gate}/login/campus`)
  const cleo = (await fixture.accounts.byName('cleo'))!
  const link = await fixture.invite(cleo.id)

  t.test('counts with no other account', async t => {
    const visitor = new Visitor(fixture.app)
    campus.who = 'carl'
    await visitor.open(`${gate}/login/campus`)
    const page = await visitor.open(link)
    t.match(textOf(page.body), /signed in as Carl, but this invitation is for Cleo/)
    t.notMatch(page.body, /<form class="fields"/, 'there is nothing to press')
    const { csrf } = /name="csrf" value="(?<csrf>[^"]*)"/.exec((await visitor.open(`${gate}/logout`)).body)!.groups!
    const pressed = await visitor.postTo(link, { csrf: csrf! })
    t.equal(pressed.status, 403)
    t.match((await visitor.open(`${gate}/enrol`)).headers, { 'factorgate-error': 'enrolment_not_allowed' })
    campus.who = 'cleo'
  })

  t.test('leads through the sign-in there to the first factor', async t => {
    const visitor = new Visitor(fixture.app)
    const page = await visitor.open(link)
    const href = /<a class="button" href="([^"]*)"/.exec(page.body)?.[1]?.replaceAll('&amp;', '&') as string
    const back = await visitor.open(new URL(href, page.url).href)
    t.match([pathOf(back), textOf(back.body)], ['/.factorgate/invite/…', /You are signed in with Campus/])
    const next = await visitor.submit(back, {}, /invite/)
    t.equal(pathOf(next), '/.factorgate/enrol')
    t.match(textOf((await addApp(fixture, visitor)).done.body), /Your recovery codes/)
  })
})

t.test('an institution’s own second factor does not replace the invitation, and does not stand in its way', async t => {
  const { campus, options } = institutions()
  const fixture = await openFixture(t, options)
  campus.mfaAt = fixture.clock()
  const visitor = new Visitor(fixture.app)
  await visitor.open(`${gate}/login/campus`)
  t.match((await visitor.open(`${gate}/enrol`)).headers, { 'factorgate-error': 'enrolment_not_allowed' })
  const link = await fixture.invite((await fixture.accounts.byName('cleo'))!.id)
  const next = await visitor.submit(await visitor.open(link), {}, /invite/)
  t.equal(pathOf(next), '/.factorgate/enrol')
  t.match(textOf((await addApp(fixture, visitor)).done.body), /Your recovery codes/)
})

t.test('a roll-out until a date', async t => {
  const day = 86_400_000
  const fixture = await openFixture(t, institutions({ until: Date.UTC(2026, 10, 28) + 30 * day }).options)

  t.test('lets a first sign-in enrol, once', async t => {
    const { visitor, page } = await withPassword(fixture, 'lea')
    t.equal(pathOf(page), '/.factorgate/enrol')
    t.match(textOf((await addApp(fixture, visitor)).done.body), /Your recovery codes/)
    t.match(said(fixture), /enrol until/)
    fixture.time.advance(60)
    t.equal(
      pathOf((await withPassword(fixture, 'lea')).page),
      '/.factorgate/challenge',
      'from then on the factor counts'
    )
  })

  t.test('lets nobody enrol whose factors were taken away', async t => {
    const lea = (await fixture.accounts.byName('lea'))!
    await fixture.credentials.removeAll(lea.id)
    await fixture.services.recoveryCodes.removeAll(lea.id)
    const { visitor, page } = await withPassword(fixture, 'lea')
    t.equal(pathOf(page), '/.factorgate/challenge')
    t.match((await visitor.open(`${gate}/enrol`)).headers, { 'factorgate-error': 'enrolment_not_allowed' })
  })

  t.test('keeps none of two factors that were enrolled at once with one password', async t => {
    const [one, two] = [(await withPassword(fixture, 'luc')).visitor, (await withPassword(fixture, 'luc')).visitor]
    const setups = [await one.open(`${gate}/enrol/totp`), await two.open(`${gate}/enrol/totp`)]
    const pages = await Promise.all(
      [one, two].map((visitor, i) =>
        visitor.submit(setups[i]!, { code: codeAt(secretOn(setups[i]!), fixture.clock()), name: 'phone' })
      )
    )
    const luc = (await fixture.accounts.byName('luc'))!
    const left = (await fixture.credentials.list(luc.id)).length
    t.ok(left <= 1, `${left} stand`)
    t.equal(pages.filter(({ body }) => /Your recovery codes/.test(textOf(body))).length, left)
  })

  t.test('is over after the date: an invitation is needed', async t => {
    fixture.time.advance(40 * 86_400)
    const { visitor, page } = await withPassword(fixture, 'lou')
    t.match([pathOf(page), textOf(page.body)], ['/.factorgate/challenge', /no second factor yet/])
    t.match((await visitor.open(`${gate}/enrol`)).headers, { 'factorgate-error': 'enrolment_not_allowed' })
  })

  t.test('is not used up while the journal takes no line', async t => {
    const fixture = await openFixture(t, institutions({ until: Date.UTC(2030, 0) }).options)
    const { visitor } = await withPassword(fixture, 'lea')
    const { commit } = fixture.audit
    fixture.audit.commit = () => Promise.reject(new GateError('journal_unwritable'))
    t.equal((await addApp(fixture, visitor)).done.status, 503)
    fixture.audit.commit = commit
    fixture.time.advance(60)
    t.match(textOf((await addApp(fixture, visitor)).done.body), /Your recovery codes/)
  })

  t.test('is for people of that institution alone', async t => {
    const fixture = await openFixture(t, institutions({ until: Date.UTC(2030, 0) }).options)
    await fixture.accounts.create({ name: 'lisa' })
    const { page } = await withPassword(fixture, 'lisa')
    t.equal(page.status, 401, 'a local account is not theirs')
  })
})

t.test('the approval of a colleague', async t => {
  async function start() {
    const fixture = await openFixture(t, institutions('sponsor').options)
    const { visitor: ada, secret } = await enrolled(fixture)
    const { visitor, page } = await withPassword(fixture, 'lea')
    fixture.events.length = 0
    return { fixture, ada, secret, visitor, page }
  }
  const ask = (visitor: Visitor, page: Answer, who: string) => visitor.submit(page, { who }, /sponsor\/ask/)
  const press = (visitor: Visitor, page: Answer, answer: 'approve' | 'decline') =>
    visitor.submit(page, { answer }, /sponsor$/)
  /** Ada confirms again, since an approval takes a fresh proof. */
  async function fresh(fixture: Fixture, ada: Visitor, secret: string) {
    const page = await ada.open(`${gate}/sponsor`)
    if (pathOf(page) === '/.factorgate/sponsor') return page
    fixture.time.advance(60)
    return ada.submit(page, { code: codeAt(secret, fixture.clock()) }, /totp/)
  }

  t.test('leads to the first factor, and both are told', async t => {
    const { fixture, ada, secret, visitor, page } = await start()
    t.match([pathOf(page), textOf(page.body)], ['/.factorgate/sponsor/ask', /Ask for approval/])
    const waiting = await ask(visitor, page, 'Ada')
    t.match(textOf(waiting.body), /Waiting for approval/)
    t.equal(pathOf(await visitor.open(`${gate}/enrol/totp`)), '/.factorgate/sponsor/ask')
    fixture.time.advance(600)
    t.match(textOf((await ada.open(`${gate}/`)).body), /Lea asks for your approval/)
    const asked = await ada.open(`${gate}/sponsor`)
    t.equal(pathOf(asked), '/.factorgate/challenge', 'an old proof is not enough')
    const requests = await fresh(fixture, ada, secret)
    t.match(textOf(requests.body), /Lea lea, lea@institute\.example, from Institute.*192\.0\.2\.17/)
    t.match(textOf((await press(ada, requests, 'approve')).body), /You have approved Lea/)
    const { page: next } = await withPassword(fixture, 'lea', visitor)
    t.match([pathOf(next), textOf(next.body)], ['/.factorgate/enrol', /Ada Lovelace has approved your request/])
    t.match(textOf((await addApp(fixture, visitor)).done.body), /Your recovery codes/)
    const lines = fixture.events.filter(({ kind }) => kind.startsWith('sponsor.') || kind === 'enrol')
    t.match(lines, [
      { kind: 'sponsor.ask', name: 'lea', person: 'lea', sponsor: 'ada' },
      { kind: 'sponsor.approve', name: 'ada', person: 'lea', sponsor: 'ada' },
      { kind: 'enrol', name: 'lea', grant: 'sponsor' }
    ])
    const again = await withPassword(fixture, 'lea')
    await fixture.credentials.removeAll((await fixture.accounts.byName('lea'))!.id)
    await fixture.services.recoveryCodes.removeAll((await fixture.accounts.byName('lea'))!.id)
    t.equal(pathOf(await again.visitor.open(`${gate}/enrol/totp`)), '/.factorgate/sponsor/ask', 'once')
  })

  t.test('holds for the next sign-in in the browser that asked, and ends after a day', async t => {
    for (const [hours, to] of [
      [23, '/.factorgate/enrol'],
      [25, '/.factorgate/sponsor/ask']
    ] as const) {
      const { fixture, ada, secret, visitor, page } = await start()
      await ask(visitor, page, 'ada')
      await press(ada, await fresh(fixture, ada, secret), 'approve')
      fixture.time.advance(hours * 3600)
      t.equal(pathOf((await withPassword(fixture, 'lea', visitor)).page), to, `after ${hours} hours`)
    }
  })

  t.test('I52 · a thief’s browser after the approval → no enrolment there', async t => {
    const { fixture, ada, secret, visitor, page } = await start()
    await ask(visitor, page, 'ada')
    const thief = await withPassword(fixture, 'lea')
    t.match(textOf(thief.page.body), /asked for approval in another browser/)
    t.notMatch(textOf(thief.page.body), /number of this request/)
    await press(ada, await fresh(fixture, ada, secret), 'approve')
    for (const where of ['enrol', 'enrol/totp', 'challenge'])
      t.equal(pathOf(await thief.visitor.open(`${gate}/${where}`)), '/.factorgate/sponsor/ask', where)
    for (const [name, value] of visitor.jar('gate.localhost'))
      if (name.includes('asked')) thief.visitor.jar('gate.localhost').set(name, `${'A'.repeat(42)}${value.at(-1)}`)
    t.equal(pathOf(await thief.visitor.open(`${gate}/enrol/totp`)), '/.factorgate/sponsor/ask', 'with a made-up cookie')
    t.equal(pathOf(await visitor.open(`${gate}/challenge`)), '/.factorgate/enrol', 'the person goes on')
    t.match(textOf((await addApp(fixture, visitor)).done.body), /Your recovery codes/)
  })

  t.test('I53 MFA fatigue · two requests for one person → two numbers', async t => {
    const { fixture, ada, secret, visitor, page } = await start()
    const shown = (page: Answer) => /number (?:of this request: )?(\d{4})/.exec(textOf(page.body))?.[1]
    const waiting = shown(await ask(visitor, page, 'ada'))
    t.match(waiting, /^\d{4}$/)
    t.equal(shown(await fresh(fixture, ada, secret)), waiting)
    fixture.time.advance(61)
    const thief = await withPassword(fixture, 'lea')
    const theirs = shown(await ask(thief.visitor, thief.page, 'ada'))
    t.not(theirs, waiting)
    t.equal(shown(await fresh(fixture, ada, secret)), theirs, 'the newest request is the one that is decided on')
  })

  t.test('may be declined', async t => {
    const { fixture, ada, secret, visitor, page } = await start()
    await ask(visitor, page, 'ada')
    await press(ada, await fresh(fixture, ada, secret), 'decline')
    t.match(textOf((await visitor.open(`${gate}/sponsor/ask`)).body), /Ada Lovelace has declined your request/)
    t.equal(pathOf(await visitor.open(`${gate}/enrol/totp`)), '/.factorgate/sponsor/ask')
    t.match(said(fixture), /sponsor\.decline/)
  })

  t.test('is not told who exists', async t => {
    const pages: string[] = []
    for (const who of ['ada', 'nobody-of-that-name', 'nobody@lab.example']) {
      const { visitor, page } = await start()
      const answer = await ask(visitor, page, who)
      pages.push(`${answer.status} ${textOf(answer.body).replace(/\d{4}/, 'the number')}`)
    }
    t.equal(new Set(pages).size, 1)
  })

  t.test('is the operators’ too, and the colleague hears of it', async t => {
    const { fixture, ada, secret, visitor, page } = await start()
    await ask(visitor, page, 'ada')
    const olga = await fixture.accounts.create({ name: 'olga', displayName: 'Olga', groups: ['operators'] })
    const operator = new Visitor(fixture.app)
    await operator.submit(await operator.open(await fixture.invite(olga.id)), { password })
    await addApp(fixture, operator)
    t.match(textOf((await operator.open(`${gate}/`)).body), /Lea asks for your approval/)
    const requests = await operator.open(`${gate}/sponsor`)
    t.match(textOf(requests.body), /They named Ada Lovelace/)
    const stale = await fresh(fixture, ada, secret)
    await press(operator, requests, 'approve')
    t.match(textOf((await press(ada, stale, 'decline')).body), /not open any more/, 'the first decision counts')
    t.match(textOf((await ada.open(`${gate}/`)).body), /Olga has approved the request of Lea/)
  })

  t.test('may be asked of the operators alone', async t => {
    const { fixture, ada, secret, visitor, page } = await start()
    await visitor.submit(page, { operators: 'yes' }, /sponsor\/ask/)
    t.notMatch(textOf((await ada.open(`${gate}/`)).body), /asks for your approval/)
    t.match(textOf((await fresh(fixture, ada, secret)).body), /Nobody waits for your approval/)
  })

  t.test('I51 · approvals by the person, by others, without a factor → the request stays open', async t => {
    const { fixture, ada, secret, visitor, page } = await start()
    t.match(textOf((await ask(visitor, page, 'lea')).body), /You cannot approve yourself/)
    await visitor.submit(page, { operators: 'yes' }, /sponsor\/ask/)
    const lea = (await fixture.accounts.byName('lea'))!
    const request = (await fixture.services.sponsorships.of(lea.id))!
    const form = await fresh(fixture, ada, secret)
    const { csrf } = /name="csrf" value="(?<csrf>[^"]*)"/.exec(form.body)!.groups!
    const forged = { csrf: csrf!, account: lea.id, request: request.id, answer: 'approve' }
    t.match(
      textOf((await ada.postTo(`${gate}/sponsor`, forged)).body),
      /not open any more/,
      'a person who was not asked'
    )
    const own = await visitor.postTo(`${gate}/sponsor`, forged)
    t.match([own.status, own.headers.location], [302, /challenge/], 'somebody without a second factor')
    t.equal((await fixture.services.sponsorships.of(lea.id))?.state, 'open')
  })

  t.test('I54 MFA fatigue · many requests → 429', async t => {
    const { fixture, visitor, page } = await start()
    await ask(visitor, page, 'ada')
    t.equal((await ask(visitor, page, 'grace')).status, 429)
    for (const [i, status] of [303, 303, 303, 303, 429].entries()) {
      fixture.time.advance(61)
      t.equal((await visitor.post(page, { who: 'ada' }, /sponsor\/ask/)).status, status, `request ${i + 2} of the day`)
    }
  })

  t.test('ends with a reset, and with a newer invitation', async t => {
    const { fixture, ada, secret, visitor, page } = await start()
    await ask(visitor, page, 'ada')
    await press(ada, await fresh(fixture, ada, secret), 'approve')
    await fixture.invite((await fixture.accounts.byName('lea'))!.id)
    t.equal(pathOf(await visitor.open(`${gate}/challenge`)), '/.factorgate/sponsor/ask')
  })
})
