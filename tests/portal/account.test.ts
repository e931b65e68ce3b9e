import t from 'tap'
import { enrolled, password, signedIn } from '../fixtures/pipeline/people.ts'
import { codeAt, type Fixture, openFixture } from '../fixtures/pipeline/portal.ts'
import { codesOn, secretOn, textOf, Visitor } from '../fixtures/pipeline/visitor.ts'

const accountOf = (fixture: Fixture) => `${fixture.portalOrigin}/.factorgate/account`

/** A second factor beside the first, which removal needs. */
async function addAnother(fixture: Fixture, visitor: Visitor, name: string) {
  const page = await visitor.open(`${fixture.portalOrigin}/.factorgate/enrol/totp`)
  const added = await visitor.submit(page, { code: codeAt(secretOn(page), fixture.clock()), name })
  fixture.time.advance(30)
  return added
}

t.test('factors are listed with name, kind and use; a name can be changed', async t => {
  const fixture = await openFixture(t)
  const { visitor } = await enrolled(fixture)
  const page = await visitor.open(accountOf(fixture))
  t.match(textOf(page.body), /phone Authenticator app, added a minute ago/)
  t.match(textOf(page.body), /10 of 10 left/)
  const renamed = await visitor.submit(page, { name: '  Old   Nokia ' }, /rename/)
  t.match(textOf(renamed.body), /The new name is “Old Nokia” *\..*Old Nokia/)
  for (const name of ['', ' ', 'x'.repeat(65), 'a\u202Eb', 'a\u0000b']) {
    const refused = await visitor.submit(await visitor.open(accountOf(fixture)), { name }, /rename/)
    t.match([refused.status, textOf(refused.body)], [403, /1 to 64 characters.*Old Nokia/], JSON.stringify(name))
  }
})

t.test('the last factor stays (M23); one of two can go, with a fresh proof and a word on other sign-ins', async t => {
  const fixture = await openFixture(t)
  const { visitor, secret } = await enrolled(fixture)
  const { visitor: elsewhere } = await signedIn(fixture, secret)
  const [only] = await fixture.credentials.list(fixture.ada.id)
  const path = `${accountOf(fixture)}/factors/${only?.id}/remove`
  const page = await visitor.open(path)
  t.match(textOf(page.body), /your only second factor/)
  const csrf = /name="csrf" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
  const forced = await visitor.postTo(path, { csrf })
  t.same([forced.status, forced.headers['factorgate-error']], [403, 'last_factor'])

  const enrol = await visitor.open(`${fixture.portalOrigin}/.factorgate/enrol/totp`)
  const tablet = secretOn(enrol)
  const added = await visitor.submit(enrol, { code: codeAt(tablet, fixture.clock()), name: 'Tablet' })
  fixture.time.advance(30)
  t.match(textOf(added.body), /“Tablet” is added\. You are also signed in elsewhere.*Tablet/)
  const asked = await visitor.submit(await visitor.open(path), {}, /remove/)
  t.match(new URL(asked.url).pathname, /\/challenge$/, 'the removed one proves nothing here any more')
  t.match(textOf(asked.body), /“phone” is removed.*Code from your authenticator app/)
  t.same(
    (await fixture.credentials.list(fixture.ada.id)).map(one => one.name),
    ['Tablet']
  )
  t.match(fixture.events.slice(-2), [
    { kind: 'factor.remove', factor: 'totp', name: 'ada' },
    { kind: 'session.end', outcome: 'others', why: 'factors_changed', ended: 1 }
  ])
  t.match((await elsewhere.get(accountOf(fixture))).headers.location, /\/login/, 'what it opened elsewhere is ended')
  const back = await visitor.submit(asked, { code: codeAt(tablet, fixture.clock()) }, /totp/)
  t.equal(back.url, accountOf(fixture))
  t.notMatch(textOf(back.body), /phone/, 'which is told once')
})

t.test('changes to factors want a proof of the last five minutes (M22)', async t => {
  const fixture = await openFixture(t)
  const { visitor, secret } = await enrolled(fixture)
  await addAnother(fixture, visitor, 'Tablet')
  const [first] = await fixture.credentials.list(fixture.ada.id)
  const path = `${accountOf(fixture)}/factors/${first?.id}/remove`
  const form = await visitor.open(path)
  fixture.time.advance(400)
  const late = await visitor.post(form, {}, /remove/)
  t.match([late.status, late.headers.location], [302, /\/challenge\?rd=.*account/])
  for (const page of [
    path,
    `${fixture.portalOrigin}/.factorgate/enrol`,
    `${fixture.portalOrigin}/.factorgate/enrol/recovery`
  ]) {
    const asked = await visitor.open(page)
    t.match(textOf(asked.body), /To change your account, you need a confirmation at most 5 minutes old/, page)
  }
  t.equal((await fixture.credentials.list(fixture.ada.id)).length, 2)
  const asked = await visitor.open(path)
  const back = await visitor.submit(asked, { code: codeAt(secret, fixture.clock()) }, /totp/)
  t.equal(back.url, path, 'and lead back to what one was doing')
  t.match(textOf(back.body), /Remove “phone” *\?/)
})

t.test(
  'a form that comes too late says after the proof that nothing was done, and does it when it is sent again',
  async t => {
    const fixture = await openFixture(t)
    const { visitor, secret } = await enrolled(fixture)
    await addAnother(fixture, visitor, 'Tablet')
    const tablet = (await fixture.credentials.list(fixture.ada.id)).find(({ name }) => name === 'Tablet')
    const path = `${accountOf(fixture)}/factors/${tablet?.id}/remove`
    const form = await visitor.open(path)
    fixture.time.advance(400)
    const asked = await visitor.submit(form, {}, /remove/)
    const back = await visitor.submit(asked, { code: codeAt(secret, fixture.clock()) }, /totp/)
    t.equal(back.url.replace(/\?.*/, ''), path)
    t.match(textOf(back.body), 'too late after your last confirmation, so nothing was done')
    t.equal((await fixture.credentials.list(fixture.ada.id)).length, 2)
    const done = await visitor.submit(back, {}, /remove/)
    t.notMatch(textOf(done.body), 'nothing was done')
    t.equal((await fixture.credentials.list(fixture.ada.id)).length, 1)
    const elsewhere = await visitor.open(`${accountOf(fixture)}?undone`)
    t.notMatch(textOf(elsewhere.body), 'nothing was done', 'on a page without such a form')
  }
)

t.test('a new list of recovery codes kills the old one', async t => {
  const fixture = await openFixture(t)
  const { visitor, codesPage } = await enrolled(fixture)
  const [old = ''] = codesOn(codesPage)
  await visitor.submit(codesPage, { saved: 'yes' })
  const page = await visitor.open(
    `${fixture.portalOrigin}/.factorgate/enrol/recovery?rd=${encodeURIComponent(accountOf(fixture))}`
  )
  const fresh = await visitor.submit(page, {}, /enrol\/recovery/)
  t.equal(codesOn(fresh).length, 10)
  t.notOk(codesOn(fresh).includes(old))
  t.equal((await visitor.submit(fresh, { saved: 'yes' }, /saved/)).url, accountOf(fixture))
  const other = new Visitor(fixture.app)
  const challenge = await other.submit(await other.open(`${fixture.portalOrigin}/.factorgate/login`), {
    username: 'ada',
    password
  })
  t.equal((await other.post(challenge, { code: old }, /recovery/)).status, 401)
})

t.test('shown codes wait sealed, for this very session', async t => {
  const fixture = await openFixture(t)
  const { visitor, codesPage, secret } = await enrolled(fixture)
  const cookie = visitor.jar('gate.localhost').get('factorgate-codes') as string
  for (const code of codesOn(codesPage))
    t.notOk(
      Buffer.from(cookie, 'base64url')
        .toString()
        .includes(code as string)
    )
  t.match(
    (await visitor.open(`${fixture.portalOrigin}/.factorgate/enrol/recovery`)).body,
    /class="secret codes"/,
    'a reload loses nothing'
  )
  const { visitor: other } = await signedIn(fixture, secret)
  other.jar('gate.localhost').set('factorgate-codes', cookie)
  t.notMatch((await other.open(`${fixture.portalOrigin}/.factorgate/enrol/recovery`)).body, /class="secret codes"/)
})

t.test('sign-ins are sentences; each can be ended, and a stranger’s leads to advice', async t => {
  const fixture = await openFixture(t)
  const { visitor, secret } = await enrolled(fixture)
  const phone = new Visitor(fixture.app, {
    address: '198.51.100.4',
    userAgent: 'Mozilla/5.0 (Linux; Android 15) Chrome/131.0 Mobile Safari/537.36'
  })
  await signedIn(fixture, secret, phone)
  const page = await visitor.open(accountOf(fixture))
  t.match(textOf(page.body), /Firefox on Linux, this device, now .*Chrome on Android, 198\.51\.100\.4, now/)
  const other = (await fixture.sessions.list(fixture.ada.id)).find(one => one.session.device.address === '198.51.100.4')
  const advice = await visitor.submit(page, { stranger: 'yes' }, new RegExp(`${other?.session.id}/end`))
  t.match(textOf(advice.body), /That sign-in is ended.*Do these four things now: Change your password now/)
  t.match(textOf((await phone.open(accountOf(fixture))).body), /marked this sign-in as “That was not me”/)
  t.match(fixture.events.at(-1), { kind: 'session.end', outcome: 'not_me' })

  await signedIn(fixture, secret, phone)
  await signedIn(fixture, secret)
  const all = await visitor.submit(await visitor.open(accountOf(fixture)), {}, /others\/end/)
  t.match(textOf(all.body), /All other sign-ins are ended/)
  t.equal((await fixture.sessions.list(fixture.ada.id)).length, 1)
})

t.test('nobody reaches another’s factor or sign-in (R18, W20)', async t => {
  const fixture = await openFixture(t)
  const { visitor, secret } = await enrolled(fixture)
  const bob = await fixture.accounts.create({ name: 'bob', groups: ['researchers'] })
  const bobs = new Visitor(fixture.app)
  await bobs.submit(await bobs.open(await fixture.invite(bob.id)), { password })
  const enrol = await bobs.open(`${fixture.portalOrigin}/.factorgate/enrol/totp`)
  await bobs.submit(enrol, { code: codeAt(secretOn(enrol), fixture.clock()), name: 'bob' })
  const [adas] = await fixture.credentials.list(fixture.ada.id)
  const own = await bobs.open(accountOf(fixture))
  const csrf = /name="csrf" value="([^"]+)"/.exec(own.body)?.[1] ?? ''
  const { session } = (await fixture.sessions.list(fixture.ada.id))[0]!
  for (const path of [`factors/${adas?.id}/rename`, `factors/${adas?.id}/remove`, `sessions/${session.id}/end`])
    t.equal((await bobs.postTo(`${accountOf(fixture)}/${path}`, { csrf, name: 'mine' })).status, 404, path)
  t.equal((await bobs.get(`${accountOf(fixture)}/factors/${adas?.id}/remove`)).status, 404)
  t.equal((await fixture.credentials.get(fixture.ada.id, adas?.id ?? ''))?.name, 'phone')
  t.equal((await visitor.get(accountOf(fixture))).status, 200)
  const page = await visitor.open(accountOf(fixture))
  for (const hidden of [secret, session.tokens['gate.localhost'] ?? 'none', 'publicKey', '$argon2'])
    t.notOk(page.body.includes(hidden), 'no secret, no digest on the page')
})

t.test('an enrolment begun by one session is worth nothing in another (W20, M6)', async t => {
  const fixture = await openFixture(t)
  const { visitor, secret } = await enrolled(fixture)
  const { visitor: other } = await signedIn(fixture, secret)
  const mine = await visitor.open(`${fixture.portalOrigin}/.factorgate/enrol/totp`)
  const theirs = await other.open(`${fixture.portalOrigin}/.factorgate/enrol/totp`)
  const ceremony = /name="ceremony" value="([^"]+)"/.exec(mine.body)?.[1] ?? ''
  const csrf = /name="csrf" value="([^"]+)"/.exec(theirs.body)?.[1] ?? ''
  const url = `${fixture.portalOrigin}/.factorgate/enrol/totp`
  const answer = await other.postTo(url, {
    csrf,
    ceremony,
    code: codeAt(secretOn(mine), fixture.clock()),
    name: 'x',
    secret: secretOn(mine)
  })
  t.equal(answer.status, 401)
  t.not(secretOn(answer), secretOn(mine))
})

t.test('the journal’s refusal takes a new factor back', async t => {
  const fixture = await openFixture(t)
  const { visitor } = await enrolled(fixture)
  const page = await visitor.open(`${fixture.portalOrigin}/.factorgate/enrol/totp`)
  fixture.audit.commit = async () => {
    throw new Error('disk full')
  }
  t.equal((await visitor.post(page, { code: codeAt(secretOn(page), fixture.clock()), name: 'x' })).status, 500)
  t.equal((await fixture.credentials.list(fixture.ada.id)).length, 1)
})
