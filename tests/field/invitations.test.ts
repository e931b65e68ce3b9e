/** FIELD G2: who leaves between the password and the first factor comes back with both, and with nothing less. */
import t from 'tap'
import { enrolled, password } from '../fixtures/pipeline/people.ts'
import { codeAt, openFixture } from '../fixtures/pipeline/portal.ts'
import { secretOn, textOf, Visitor } from '../fixtures/pipeline/visitor.ts'

const origin = 'http://gate.localhost'
const enrol = `${origin}/.factorgate/enrol`

/** Ada's link, used; her browser is gone. */
async function left(t: Parameters<typeof openFixture>[0]) {
  const fixture = await openFixture(t)
  const link = await fixture.invite()
  const first = new Visitor(fixture.app)
  await first.submit(await first.open(link), { password })
  return { fixture, link, first }
}

async function addPhone(fixture: Awaited<ReturnType<typeof openFixture>>, visitor: Visitor) {
  const page = await visitor.open(`${enrol}/totp`)
  return visitor.submit(page, { code: codeAt(secretOn(page), fixture.clock()), name: 'Phone' })
}

t.test('FIELD G2 the link and its password resume the enrolment, as often as it takes, within 24 hours', async t => {
  const { fixture, link } = await left(t)
  for (const seconds of [0, 3600, 3600 * 20]) {
    fixture.time.advance(seconds)
    const visitor = new Visitor(fixture.app)
    const page = await visitor.open(link)
    t.match(textOf(page.body), /Welcome back, Ada Lovelace .* You have already set a password with this invitation/)
    t.match(page.body, /autocomplete="current-password"/)
    t.equal((await visitor.submit(page, { password })).url, enrol)
  }
  fixture.time.advance(3600 * 3 - 1)
  const last = new Visitor(fixture.app)
  const page = await last.submit(await last.open(link), { password })
  t.equal(page.url, enrol, 'in the last second')
  fixture.time.advance(1)
  t.equal((await new Visitor(fixture.app).get(link)).status, 410, 'and not after it')
  t.match(textOf((await addPhone(fixture, last)).body), /Your recovery codes/, 'who is inside may finish')
})

t.test('FIELD G2 neither the password nor the link is enough', async t => {
  const { fixture, link } = await left(t)
  const known = new Visitor(fixture.app)
  const half = await known.submit(await known.open(`${origin}/.factorgate/login`), { username: 'ada', password })
  t.equal(half.status, 403)
  t.match(textOf(half.body), /set-up is not finished.*Open the link of your invitation again/, 'told the truth')
  for (const page of ['', '/totp', '/webauthn'])
    t.equal((await known.get(enrol + page)).headers['factorgate-error'], 'enrolment_not_allowed', page)

  const finder = new Visitor(fixture.app, { address: '198.51.100.9' })
  const page = await finder.open(link)
  t.equal((await finder.get(enrol)).status, 302, 'the link alone opens nothing')
  const refused = await finder.post(page, { password: 'another battery staple' })
  t.equal(refused.status, 401)
  t.match(textOf(refused.body), /not the password that you set with this invitation/)
  const still = new Visitor(fixture.app)
  t.equal((await still.submit(await still.open(link), { password })).url, enrol, 'and it set none')
  let status = 0
  for (let tries = 0; tries < 8 && status !== 429; tries++)
    status = (await finder.post(page, { password: `guess number ${tries}` })).status
  t.equal(status, 429, 'guesses are throttled')
})

t.test('FIELD G2 once the first factor stands, the link is dead, also after a reset of factors', async t => {
  const { fixture, link, first } = await left(t)
  const other = new Visitor(fixture.app)
  await other.submit(await other.open(link), { password })
  const open = await other.open(`${enrol}/totp`)
  await addPhone(fixture, first)
  const second = await other.post(open, { code: codeAt(secretOn(open), fixture.clock()), name: 'Mine' })
  t.match(second.headers.location, /\/login/, 'the other browser is out')
  t.equal((await fixture.credentials.list(fixture.ada.id)).length, 1)
  const late = new Visitor(fixture.app)
  const page = await late.get(link)
  t.match([page.status, textOf(page.body)], [410, /set up your second factor already, sign in/])
  const signIn = /<a class="button" href="([^"]*\/\.factorgate\/login)">Sign in</.exec(page.body)?.[1]
  t.equal(signIn, `${origin}/.factorgate/login`, 'with a way to do so')
  await fixture.credentials.removeAll(fixture.ada.id)
  await fixture.store.delete(`recovery:${fixture.ada.id}`)
  t.equal((await late.get(link)).status, 410)
  t.equal((await fixture.credentials.list(fixture.ada.id)).length, 0)
})

t.test('FIELD G2 a newer invitation, a suspension and a removal end the one that was begun', async t => {
  const { fixture, link } = await left(t)
  const visitor = new Visitor(fixture.app)
  const page = await visitor.open(link)
  await fixture.accounts.suspend(fixture.ada.id, 'test')
  t.equal((await visitor.post(page, { password })).status, 410, 'suspended')
  await fixture.accounts.resume(fixture.ada.id)
  const newer = await fixture.invite()
  t.equal((await visitor.post(page, { password })).status, 410, 'replaced')
  const fresh = await visitor.open(newer)
  t.match(fresh.body, /autocomplete="new-password"/, 'the newer one sets a new password')
  t.equal((await visitor.submit(fresh, { password: 'quite another staple' })).url, enrol)
  const again = new Visitor(fixture.app)
  t.equal((await again.post(await again.open(newer), { password })).status, 401, 'the old password is none any more')
})

t.test('FIELD G2 of many who set a password at once, one does; the others may know it or not', async t => {
  const fixture = await openFixture(t)
  const link = await fixture.invite()
  const pages = await Promise.all(
    Array.from({ length: 6 }, async (_, i) => {
      const visitor = new Visitor(fixture.app, { address: `198.51.100.${i}` })
      return { visitor, page: await visitor.open(link), words: `battery staple number ${i}` }
    })
  )
  const answers = await Promise.all(pages.map(({ visitor, page, words }) => visitor.post(page, { password: words })))
  t.equal(answers.filter(({ status }) => status === 303).length, 1)
  t.equal(fixture.events.filter(({ kind }) => kind === 'invitation.accept').length, 1)
})

t.test('FIELD G2 where the journal cannot be written, the link stays good', async t => {
  const fixture = await openFixture(t)
  const link = await fixture.invite()
  const visitor = new Visitor(fixture.app)
  const page = await visitor.open(link)
  const { commit } = fixture.audit
  fixture.audit.commit = async () => {
    throw new Error('the disk is full')
  }
  t.equal((await visitor.post(page, { password })).status, 500)
  fixture.audit.commit = commit
  t.equal((await visitor.submit(await visitor.open(link), { password })).url, enrol)
  t.notMatch(JSON.stringify(fixture.events), link.split('/').at(-1), 'the journal never holds the token')
})

t.test('FIELD G2 in the browser that accepted it, the link goes on by itself', async t => {
  const { link, first } = await left(t)
  t.equal((await first.open(link)).url, enrol)
})

t.test('FIELD G2 whoever has a factor already needs nothing but the new password', async t => {
  const { fixture, first } = await left(t)
  await addPhone(fixture, first)
  const link = await fixture.invite()
  const visitor = new Visitor(fixture.app)
  const page = await visitor.submit(await visitor.open(link), { password: 'quite another staple' })
  t.match(page.url, /challenge/)
  t.equal((await new Visitor(fixture.app).get(link)).status, 410)
})

/** What a half sign-in may do that an invitation began: whether each door to a factor is open to it. */
async function doors(visitor: Visitor, csrf: string) {
  const asked: Record<string, number> = {}
  for (const page of ['', '/totp', '/webauthn']) asked[page] = (await visitor.get(enrol + page)).status
  const body = JSON.stringify({ csrf })
  const headers = { 'content-type': 'application/json', origin, 'sec-fetch-site': 'same-origin' }
  const options = await visitor.send('POST', `${origin}/.factorgate/webauthn/options?for=enrol`, { headers, body })
  return { ...asked, options: options.status }
}

const ends: Record<string, (fixture: Awaited<ReturnType<typeof openFixture>>) => Promise<unknown>> = {
  'a newer invitation is issued': fixture => fixture.invite(),
  'a newer invitation is accepted': async fixture => {
    const owner = new Visitor(fixture.app)
    await owner.submit(await owner.open(await fixture.invite()), { password: 'quite another staple' })
  },
  'the invitation is withdrawn': fixture => fixture.services.invitations.removeAll(fixture.ada.id),
  'the invitation is spent, and no factor is left': async fixture => {
    const digest = (await fixture.store.get(`invitation-of:${fixture.ada.id}`)) as string
    await fixture.services.invitations.spend(fixture.ada.id, digest)
  }
}

for (const [what, end] of Object.entries(ends))
  t.test(`FIELD G2 a half sign-in is worth no more than its invitation: ${what}`, async t => {
    const { fixture, link, first } = await left(t)
    const page = await first.open(`${enrol}/totp`)
    const csrf = /name="csrf" value="([^"]+)"/.exec(page.body)?.[1] as string
    t.same(await doors(first, csrf), { '': 200, '/totp': 200, '/webauthn': 200, options: 200 }, 'open before')
    await end(fixture)
    t.same(await doors(first, csrf), { '': 403, '/totp': 403, '/webauthn': 403, options: 403 }, 'and shut now')
    const typed = await first.post(page, { code: codeAt(secretOn(page), fixture.clock()), name: 'Theirs' })
    t.same([typed.status, typed.headers['factorgate-error']], [403, 'enrolment_not_allowed'], 'also what was begun')
    t.same(await fixture.credentials.list(fixture.ada.id), [])
    const onward = await first.open(`${origin}/.factorgate/challenge`)
    t.equal(onward.status, 403, 'no circle')
    t.match(textOf(onward.body), /invitation/, 'and a way on')
    t.equal((await new Visitor(fixture.app).get(link)).status, 410, 'the link says that it is over')
  })

t.test('FIELD G2 an invitation that is replaced while its first factor is written makes no factor', async t => {
  const { fixture, first } = await left(t)
  const page = await first.open(`${enrol}/totp`)
  const { commit } = fixture.audit
  fixture.audit.commit = async event => {
    if (event.kind === 'enrol') await fixture.invite()
    return commit(event)
  }
  const typed = await first.post(page, { code: codeAt(secretOn(page), fixture.clock()), name: 'Theirs' })
  t.same([typed.status, typed.headers['factorgate-error']], [403, 'enrolment_not_allowed'])
  t.same(await fixture.credentials.list(fixture.ada.id), [])
  t.equal((await first.get(`${origin}/.factorgate/account`)).status, 302, 'and nobody is in')
})

t.test('FIELD G2 of two browsers that finish at once, one factor stands', async t => {
  const { fixture, link, first } = await left(t)
  const other = new Visitor(fixture.app)
  await other.submit(await other.open(link), { password })
  const pages = await Promise.all([first, other].map(async one => ({ one, page: await one.open(`${enrol}/totp`) })))
  const answers = await Promise.all(
    pages.map(({ one, page }) => one.post(page, { code: codeAt(secretOn(page), fixture.clock()), name: 'Phone' }))
  )
  t.equal(answers.filter(({ status }) => status === 303).length, 1, String(answers.map(({ status }) => status)))
  t.equal((await fixture.credentials.list(fixture.ada.id)).length, 1)
})

t.test('FIELD G2 whoever changes their password withdraws the invitation that waits: it would set another', async t => {
  const fixture = await openFixture(t)
  const { visitor } = await enrolled(fixture)
  const link = await fixture.invite()
  const page = await visitor.open(`${origin}/.factorgate/account/password`)
  const changed = await visitor.post(page, { old: password, password: 'quite another staple' })
  t.equal(changed.status, 303)
  t.equal((await new Visitor(fixture.app).get(link)).status, 410)
})
