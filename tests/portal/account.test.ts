import t from 'tap'
import { enrolled, password, signedIn } from '../fixtures/pipeline/people.ts'
import { codeAt, type House, openHouse } from '../fixtures/pipeline/portal.ts'
import { codesOn, secretOn, textOf, Visitor } from '../fixtures/pipeline/visitor.ts'

const accountOf = (house: House) => `${house.portalOrigin}/.factorgate/account`

/** A second factor beside the first, which removal needs. */
async function addAnother(house: House, visitor: Visitor, name: string) {
  const page = await visitor.open(`${house.portalOrigin}/.factorgate/enrol/totp`)
  const added = await visitor.submit(page, { code: codeAt(secretOn(page), house.clock()), name })
  house.time.advance(30)
  return added
}

t.test('factors are listed with name, kind and use; a name can be changed', async t => {
  const house = await openHouse(t)
  const { visitor } = await enrolled(house)
  const page = await visitor.open(accountOf(house))
  t.match(textOf(page.body), /phone Authenticator app, added a minute ago/)
  t.match(textOf(page.body), /10 of 10 left/)
  const renamed = await visitor.submit(page, { name: '  Old   Nokia ' }, /rename/)
  t.match(textOf(renamed.body), /The new name is “Old Nokia” *\..*Old Nokia/)
  for (const name of ['', ' ', 'x'.repeat(65), 'a\u202Eb', 'a\u0000b']) {
    const refused = await visitor.submit(await visitor.open(accountOf(house)), { name }, /rename/)
    t.match([refused.status, textOf(refused.body)], [403, /1 to 64 characters.*Old Nokia/], JSON.stringify(name))
  }
})

t.test('the last factor stays (M23); one of two can go, with a fresh proof and a word on other sign-ins', async t => {
  const house = await openHouse(t)
  const { visitor, secret } = await enrolled(house)
  await signedIn(house, secret)
  const [only] = await house.credentials.list(house.ada.id)
  const path = `${accountOf(house)}/factors/${only?.id}/remove`
  const page = await visitor.open(path)
  t.match(textOf(page.body), /your only second factor/)
  const csrf = /name="csrf" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
  const forced = await visitor.postTo(path, { csrf })
  t.same([forced.status, forced.headers['factorgate-error']], [403, 'last_factor'])

  const added = await addAnother(house, visitor, 'Tablet')
  t.match(textOf(added.body), /“Tablet” is added\. You are also signed in elsewhere.*Tablet/)
  const removed = await visitor.submit(await visitor.open(path), {}, /remove/)
  t.match(textOf(removed.body), /“phone” is removed/)
  t.same(
    (await house.credentials.list(house.ada.id)).map(one => one.name),
    ['Tablet']
  )
  t.match(house.events.at(-1), { kind: 'factor.remove', factor: 'totp', name: 'ada' })
})

t.test('changes to factors want a proof of the last five minutes (M22)', async t => {
  const house = await openHouse(t)
  const { visitor, secret } = await enrolled(house)
  await addAnother(house, visitor, 'Tablet')
  const [first] = await house.credentials.list(house.ada.id)
  const path = `${accountOf(house)}/factors/${first?.id}/remove`
  const form = await visitor.open(path)
  house.time.advance(400)
  const late = await visitor.post(form, {}, /remove/)
  t.match([late.status, late.headers.location], [302, /\/challenge\?rd=.*account/])
  for (const page of [
    path,
    `${house.portalOrigin}/.factorgate/enrol`,
    `${house.portalOrigin}/.factorgate/enrol/recovery`
  ]) {
    const asked = await visitor.open(page)
    t.match(textOf(asked.body), /To change your account, you need a confirmation at most 5 minutes old/, page)
  }
  t.equal((await house.credentials.list(house.ada.id)).length, 2)
  const asked = await visitor.open(path)
  const back = await visitor.submit(asked, { code: codeAt(secret, house.clock()) }, /totp/)
  t.equal(back.url, path, 'and lead back to what one was doing')
  t.match(textOf(back.body), /Remove “phone” *\?/)
})

t.test('a new list of recovery codes kills the old one', async t => {
  const house = await openHouse(t)
  const { visitor, codesPage } = await enrolled(house)
  const [old = ''] = codesOn(codesPage)
  await visitor.submit(codesPage, { saved: 'yes' })
  const page = await visitor.open(
    `${house.portalOrigin}/.factorgate/enrol/recovery?rd=${encodeURIComponent(accountOf(house))}`
  )
  const fresh = await visitor.submit(page, {}, /enrol\/recovery/)
  t.equal(codesOn(fresh).length, 10)
  t.notOk(codesOn(fresh).includes(old))
  t.equal((await visitor.submit(fresh, { saved: 'yes' }, /saved/)).url, accountOf(house))
  const other = new Visitor(house.app)
  const challenge = await other.submit(await other.open(`${house.portalOrigin}/.factorgate/login`), {
    username: 'ada',
    password
  })
  t.equal((await other.post(challenge, { code: old }, /recovery/)).status, 401)
})

t.test('shown codes wait sealed, for this very session', async t => {
  const house = await openHouse(t)
  const { visitor, codesPage, secret } = await enrolled(house)
  const cookie = visitor.jar('gate.localhost').get('factorgate-codes') as string
  for (const code of codesOn(codesPage))
    t.notOk(
      Buffer.from(cookie, 'base64url')
        .toString()
        .includes(code as string)
    )
  t.match(
    (await visitor.open(`${house.portalOrigin}/.factorgate/enrol/recovery`)).body,
    /class="secret codes"/,
    'a reload loses nothing'
  )
  const { visitor: other } = await signedIn(house, secret)
  other.jar('gate.localhost').set('factorgate-codes', cookie)
  t.notMatch((await other.open(`${house.portalOrigin}/.factorgate/enrol/recovery`)).body, /class="secret codes"/)
})

t.test('sign-ins are sentences; each can be ended, and a stranger’s leads to advice', async t => {
  const house = await openHouse(t)
  const { visitor, secret } = await enrolled(house)
  const phone = new Visitor(house.app, {
    address: '198.51.100.4',
    userAgent: 'Mozilla/5.0 (Linux; Android 15) Chrome/131.0 Mobile Safari/537.36'
  })
  await signedIn(house, secret, phone)
  const page = await visitor.open(accountOf(house))
  t.match(textOf(page.body), /Firefox on Linux, this device, now .*Chrome on Android, 198\.51\.100\.4, now/)
  const other = (await house.sessions.list(house.ada.id)).find(one => one.session.device.address === '198.51.100.4')
  const advice = await visitor.submit(page, { stranger: 'yes' }, new RegExp(`${other?.session.id}/end`))
  t.match(textOf(advice.body), /That sign-in is ended.*Do these four things now: Change your password now/)
  t.match(textOf((await phone.open(accountOf(house))).body), /marked this sign-in as “That was not me”/)
  t.match(house.events.at(-1), { kind: 'session.end', outcome: 'not_me' })

  await signedIn(house, secret, phone)
  await signedIn(house, secret)
  const all = await visitor.submit(await visitor.open(accountOf(house)), {}, /others\/end/)
  t.match(textOf(all.body), /All other sign-ins are ended/)
  t.equal((await house.sessions.list(house.ada.id)).length, 1)
})

t.test('nobody reaches another’s factor or sign-in (R18, W20)', async t => {
  const house = await openHouse(t)
  const { visitor, secret } = await enrolled(house)
  const bob = await house.accounts.create({ name: 'bob', groups: ['researchers'] })
  const bobs = new Visitor(house.app)
  await bobs.submit(await bobs.open(await house.invite(bob.id)), { password })
  const enrol = await bobs.open(`${house.portalOrigin}/.factorgate/enrol/totp`)
  await bobs.submit(enrol, { code: codeAt(secretOn(enrol), house.clock()), name: 'bob' })
  const [adas] = await house.credentials.list(house.ada.id)
  const own = await bobs.open(accountOf(house))
  const csrf = /name="csrf" value="([^"]+)"/.exec(own.body)?.[1] ?? ''
  const { session } = (await house.sessions.list(house.ada.id))[0]!
  for (const path of [`factors/${adas?.id}/rename`, `factors/${adas?.id}/remove`, `sessions/${session.id}/end`])
    t.equal((await bobs.postTo(`${accountOf(house)}/${path}`, { csrf, name: 'mine' })).status, 404, path)
  t.equal((await bobs.get(`${accountOf(house)}/factors/${adas?.id}/remove`)).status, 404)
  t.equal((await house.credentials.get(house.ada.id, adas?.id ?? ''))?.name, 'phone')
  t.equal((await visitor.get(accountOf(house))).status, 200)
  const page = await visitor.open(accountOf(house))
  for (const hidden of [secret, session.tokens['gate.localhost'] ?? 'none', 'publicKey', '$argon2'])
    t.notOk(page.body.includes(hidden), 'no secret, no digest on the page')
})

t.test('an enrolment begun by one session is worth nothing in another (W20, M6)', async t => {
  const house = await openHouse(t)
  const { visitor, secret } = await enrolled(house)
  const { visitor: other } = await signedIn(house, secret)
  const mine = await visitor.open(`${house.portalOrigin}/.factorgate/enrol/totp`)
  const theirs = await other.open(`${house.portalOrigin}/.factorgate/enrol/totp`)
  const ceremony = /name="ceremony" value="([^"]+)"/.exec(mine.body)?.[1] ?? ''
  const csrf = /name="csrf" value="([^"]+)"/.exec(theirs.body)?.[1] ?? ''
  const url = `${house.portalOrigin}/.factorgate/enrol/totp`
  const answer = await other.postTo(url, {
    csrf,
    ceremony,
    code: codeAt(secretOn(mine), house.clock()),
    name: 'x',
    secret: secretOn(mine)
  })
  t.equal(answer.status, 401)
  t.not(secretOn(answer), secretOn(mine))
})

t.test('the journal’s refusal takes a new factor back', async t => {
  const house = await openHouse(t)
  const { visitor } = await enrolled(house)
  const page = await visitor.open(`${house.portalOrigin}/.factorgate/enrol/totp`)
  house.audit.commit = async () => {
    throw new Error('disk full')
  }
  t.equal((await visitor.post(page, { code: codeAt(secretOn(page), house.clock()), name: 'x' })).status, 500)
  t.equal((await house.credentials.list(house.ada.id)).length, 1)
})
