/** The message for a person who has to wait, for each factor. */
import t from 'tap'
import { wrongCode } from '../fixtures/in-process/person.ts'
import { csrfOn, enrolled, halfWay, password, signedIn, withPasskey } from '../fixtures/pipeline/people.ts'
import { codeAt, openFixture } from '../fixtures/pipeline/portal.ts'
import { type Answer, secretOn, textOf, Visitor } from '../fixtures/pipeline/visitor.ts'

t.test('a passkey that has to wait says so, and how long', async t => {
  const fixture = await openFixture(t)
  const { key, id } = await withPasskey(fixture)
  const now = fixture.clock()
  await fixture.store.put(
    `attempts:passkey:${id}@192.0.2.17`,
    JSON.stringify({ failures: 70, at: now, until: now + 25_000 })
  )
  const visitor = new Visitor(fixture.app)
  const csrf = csrfOn(await visitor.open(`${fixture.portalOrigin}/.factorgate/login`))
  const post = (end: string, value: object) =>
    visitor.send('POST', `${fixture.portalOrigin}/.factorgate/webauthn/${end}?for=login`, {
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ csrf, ...value })
    })
  const { ceremony, options } = JSON.parse((await post('options', {})).body)
  const answer = await post('verify', { ceremony, response: key.assert(options) })
  t.match([answer.status, answer.headers['retry-after']], [429, '25'])
  t.equal(JSON.parse(answer.body).error.message, 'There were too many tries. You can try again in 25 seconds.')
})

t.test('M11: a sign-in gives its address the one attempt back that it counted, a step-up none', async t => {
  const fixture = await openFixture(t)
  const { secret } = await enrolled(fixture)
  const key = 'attempts:neighbours:192.0.2.17'
  const failures = async () => JSON.parse((await fixture.store.get(key)) ?? '{}').failures
  await fixture.store.put(key, JSON.stringify({ failures: 50, at: fixture.clock(), until: 0 }))
  await halfWay(fixture)
  t.equal(await failures(), 51, 'half-way')
  const { visitor: whole } = await signedIn(fixture, secret)
  t.equal(await failures(), 51, 'another, whole')
  // Without the device cookie, otherwise the known network would not count.
  whole.jar('gate.localhost').delete('factorgate-known')
  fixture.time.advance(400)
  await fixture.store.put(key, JSON.stringify({ failures: 50, at: fixture.clock(), until: 0 }))
  const again = await whole.open(`${fixture.portalOrigin}/.factorgate/enrol`)
  t.equal((await whole.post(again, { code: codeAt(secret, fixture.clock()) }, /totp/)).status, 303)
  t.equal(await failures(), 50, 'a step-up')
})

/** Sends wrong answers until a wait follows, which that answer must tell. */
async function untilWait(send: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 0; tries < 8; tries++) {
    const answer = await send()
    if (answer.status === 429) throw new Error('the wait was not announced')
    if (answer.headers['retry-after'] !== undefined) return answer
  }
  throw new Error('no wait came')
}

const waits = /You can try again in \d+ seconds?\./

t.test('FIELD N6 a wait is announced by the failure that brings it: on the page for a new password', async t => {
  const fixture = await openFixture(t)
  const { visitor, secret } = await enrolled(fixture)
  const page = await visitor.open(`${fixture.portalOrigin}/.factorgate/account/password`)
  const answer = await untilWait(() => visitor.post(page, { old: 'not my password', password: 'quite another staple' }))
  t.match([answer.status, textOf(answer.body)], [401, waits])
  t.match(answer.body, /data-wait="\d+"/)
  fixture.time.advance(Number(answer.headers['retry-after']))
  const changed = await visitor.post(answer, { old: password, password: 'quite another staple' })
  t.equal(changed.status, 303, 'and after it the right one is taken')
  t.ok(secret)
})

t.test('FIELD N6 ... while an authenticator app is added', async t => {
  const fixture = await openFixture(t)
  const { visitor } = await enrolled(fixture)
  const page = await visitor.open(`${fixture.portalOrigin}/.factorgate/enrol/totp`)
  const code = wrongCode(secretOn(page), fixture.clock())
  const answer = await untilWait(() => visitor.post(page, { code, name: 'Other' }))
  t.match([answer.status, textOf(answer.body)], [401, waits])
  t.match(answer.body, /data-wait="\d+"/)
})

t.test('FIELD N6 ... when an invitation goes on with its password', async t => {
  const fixture = await openFixture(t)
  const link = await fixture.invite()
  const first = new Visitor(fixture.app)
  await first.submit(await first.open(link), { password })
  const visitor = new Visitor(fixture.app)
  const page = await visitor.open(link)
  const answer = await untilWait(() => visitor.post(page, { password: 'not that one' }))
  t.match([answer.status, textOf(answer.body)], [401, waits])
})

t.test('FIELD N6 ... when a passkey is refused: to sign in, to confirm, and while one is added', async t => {
  for (const purpose of ['login', 'challenge', 'enrol']) {
    const fixture = await openFixture(t)
    const { visitor } = await enrolled(fixture)
    const { key, id } = await withPasskey(fixture)
    const old = { failures: 69, at: fixture.clock(), until: 0 }
    await fixture.store.put(`attempts:passkey:${id}@192.0.2.17`, JSON.stringify(old))
    const pages = { login: 'login?switch=1', challenge: 'challenge?rd=x', enrol: 'enrol/webauthn' }
    const half = purpose === 'challenge' ? (await halfWay(fixture)).visitor : visitor
    const page = await half.open(`${fixture.portalOrigin}/.factorgate/${pages[purpose as 'login']}`)
    const csrf = csrfOn(page) || (/data-csrf="([^"]+)"/.exec(page.body)?.[1] ?? '')
    const post = (end: string, value: object) =>
      half.send('POST', `${fixture.portalOrigin}/.factorgate/webauthn/${end}?for=${purpose}`, {
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify({ csrf, ...value })
      })
    const answer = await untilWait(async () => {
      const { ceremony, options } = JSON.parse((await post('options', {})).body)
      const changes = { origin: 'https://elsewhere.example' }
      const response = purpose === 'enrol' ? key.register(options, changes) : key.assert(options, changes)
      return post('verify', { ceremony, response })
    })
    t.match([answer.status, JSON.parse(answer.body).error.message], [401, waits], purpose)
  }
})
