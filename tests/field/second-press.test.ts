/** FIELD G6 where several processes answer: the second press of a button arrives at another gate on the same real Redis than the first. */
import t from 'tap'
import { Authenticator } from '../fixtures/in-process/authenticator.ts'
import type { Running } from '../fixtures/in-process/gateway.ts'
import { type Page, Person, totpCode, wrongCode } from '../fixtures/in-process/person.ts'
import { openSignInGate, password } from '../fixtures/in-process/signing-in.ts'
import { startRedis } from '../fixtures/process/redis-server.ts'

const apps = `  - id: own
    title: Notebooks
    url: "http://own.localhost:PORT"
    upstream: "UPSTREAM"
`
const redis = await startRedis(t)
const fixture = await openSignInGate(t, apps, '', redis.url)
const { gate, time } = fixture
const other = await fixture.secondGate()
const gates = [gate, other]
const goal = `${gate.origin('own')}/g6`
const csrfOf = ({ body }: Page, where: RegExp) => where.exec(body)?.[1] ?? ''

/** How the presses of one form come: at which gate each arrives, and what the first one is doing then. */
const arrivals = ['at once', 'one after the other', 'before the token is new', 'after the token is new'] as const

/** Presses twice, as `arrival` says. The first gate is held until the other one has looked for its answer. */
async function pressTwice(arrival: (typeof arrivals)[number], press: (at: Running) => Promise<Page>): Promise<Page[]> {
  if (arrival === 'at once') return Promise.all(gates.map(at => press(at)))
  if (arrival === 'one after the other') return [await press(gate), await press(other)]
  const { sessions } = gate.server.runtime
  const shared = other.server.runtime.sharedAnswers
  // Without the mend nobody looks: the test fails then, and does not hang.
  if (shared === null) return [await press(gate), await press(other)]
  const prove = sessions.prove.bind(sessions)
  const find = shared.find.bind(shared)
  let reached = () => {}
  let looked = () => {}
  const isReached = new Promise<void>(resolve => {
    reached = resolve
  })
  const hasLooked = new Promise<void>(resolve => {
    looked = resolve
  })
  sessions.prove = async (principal, proof) => {
    const early = arrival === 'after the token is new' ? await prove(principal, proof) : null
    reached()
    await hasLooked
    return early ?? prove(principal, proof)
  }
  shared.find = key => {
    looked()
    return find(key)
  }
  const first = press(gate)
  await isReached
  const second = press(other).finally(looked)
  const both = await Promise.all([first, second])
  Object.assign(sessions, { prove })
  Object.assign(shared, { find })
  return both
}

t.test('FIELD G6 a form that is pressed twice leads on, whichever gate each press arrives at', async t => {
  for (const factor of ['totp', 'recovery'] as const)
    for (const arrival of arrivals) {
      const what = `${factor}, ${arrival}`
      const ada = await fixture.withPassword(['totp', 'recovery'])
      const person = new Person(gate.port)
      const half = await person.submit(await person.open(goal), { username: ada.account.name, password }, /login/)
      const code = factor === 'totp' ? totpCode(ada.secret, time.now) : (ada.codes[0] as string)
      const csrf = csrfOf(half, /name="csrf" value="([^"]+)"/)
      const url = half.url.replace('/challenge?', `/challenge/${factor}?`)
      const cookie = person.cookies(fixture.host)
      const press = (at: Running, typed = code, held = cookie) =>
        new Person(at.port).request('POST', url, {
          headers: {
            'content-type': 'application/x-www-form-urlencoded',
            'sec-fetch-site': 'same-origin',
            origin: gate.portal,
            cookie: held
          },
          body: new URLSearchParams({ csrf, code: typed }).toString()
        })
      const answers = await pressTwice(arrival, press)
      t.same(answers.map(({ status }) => status).sort(), [302, 303], `${what}: one success, and its answer once more`)
      const again = answers.find(({ status }) => status === 302)
      for (const line of again?.headers['set-cookie'] ?? []) person.hold(fixture.host, line)
      const landed = await person.open(new URL(again?.headers.location ?? '', url).href)
      t.match([landed.status, landed.url], [200, goal], `${what}: the browser that kept the second answer is in`)

      const otherNonce = cookie.replace(/nonce([^=]*)=(.)/, (_, port, one) => `nonce${port}=${one === 'A' ? 'B' : 'A'}`)
      const noToken = cookie.replace(/factorgate[^=;]*=[\w-]{43}(?:; )?/g, one => (one.includes('nonce') ? one : ''))
      for (const [whose, typed, held] of [
        ['another code', code === '000000' ? '000001' : '000000', cookie],
        ['another browser', code, otherNonce],
        ['a browser without the token', code, noToken]
      ] as const)
        for (const at of gates) {
          const { status, headers } = await press(at, typed, held)
          t.match([status, headers.location], [302, /\/login\?/], `${what}: ${whose} signs in first`)
          t.notOk(
            headers['set-cookie']?.some(line => line.includes('known')),
            `${what}: ${whose} gets no cookies`
          )
        }
      time.advance(60)
      for (const at of gates) t.match((await press(at)).headers.location, /\/login\?/, `${what}: later it is spent`)
    }
})

t.test('FIELD G6 a wrong code waits for nobody, and two at once not for each other', async t => {
  const ada = await fixture.withPassword(['totp'])
  const person = new Person(gate.port)
  const half = await person.submit(await person.open(goal), { username: ada.account.name, password }, /login/)
  const code = wrongCode(ada.secret, time.now)
  const press = (at: Running) =>
    new Person(at.port).request('POST', half.url.replace('/challenge?', '/challenge/totp?'), {
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        origin: gate.portal,
        cookie: person.cookies(fixture.host)
      },
      body: new URLSearchParams({ csrf: csrfOf(half, /name="csrf" value="([^"]+)"/), code }).toString()
    })
  const underWay = () => redis.cli('EVAL', "return #redis.call('KEYS', '*answer-presses:*')", '0')
  const before = await underWay()
  const statuses = [(await press(gate)).status, ...(await Promise.all(gates.map(press))).map(({ status }) => status)]
  t.ok(
    statuses.every(status => status === 401 || status === 429),
    statuses.join()
  )
  t.equal(await underWay(), before, 'nothing says any more that a press is under way')
})

t.test('FIELD G6 a passkey that is answered twice leads on, at one gate and at two', async t => {
  const { account } = await fixture.resident([])
  const key = new Authenticator({ origin: gate.portal, counts: false })
  const json = (at: Running, path: string, cookie: string, body: object) =>
    new Person(at.port).request('POST', `${gate.portal}/.factorgate/webauthn/${path}`, {
      headers: { 'content-type': 'application/json', accept: 'application/json', origin: gate.portal, cookie },
      body: JSON.stringify(body)
    })
  const enrolling = await fixture.browserOf(account, ['password', 'totp'])
  const page = await enrolling.open(`${gate.portal}/.factorgate/enrol/webauthn`)
  const cookie = enrolling.cookies(fixture.host)
  const csrf = csrfOf(page, /data-csrf="([^"]+)"/)
  const begun = JSON.parse((await json(gate, 'options?for=enrol', cookie, { csrf })).body)
  const enrolment = { csrf, ceremony: begun.ceremony, name: 'Key', response: key.register(begun.options) }
  for (const at of [gate, gate, other]) {
    const answer = await json(at, 'verify?for=enrol', cookie, enrolment)
    t.match([answer.status, answer.body], [at === gate ? /200|208/ : 208, /"redirect":"\/.factorgate\/enrol\/recovery/])
  }
  t.equal((await fixture.runtime.credentials.list(account.id)).length, 1, 'it is enrolled once')

  for (const way of ['login', 'challenge'] as const)
    for (const [first, second] of [
      [gate, gate],
      [gate, other]
    ] as const)
      for (const arrival of ['at once', 'one after the other'] as const) {
        const what = `${way}, ${arrival}, ${first === second ? 'one gate' : 'two gates'}`
        const person = way === 'login' ? new Person(gate.port) : await fixture.browserOf(account, ['password'])
        const page = await person.open(goal)
        const query = new URL(page.url).search.replace('?', '&')
        const cookie = person.cookies(fixture.host)
        const csrf = csrfOf(page, /data-csrf="([^"]+)"/)
        const { ceremony, options } = JSON.parse(
          (await json(first, `options?for=${way}${query}`, cookie, { csrf })).body
        )
        const body = { csrf, ceremony, response: key.assert(options) }
        const press = (at: Running, held = cookie, sent: object = body) =>
          json(at, `verify?for=${way}${query}`, held, sent)
        const both =
          arrival === 'at once'
            ? await Promise.all([press(first), press(second)])
            : [await press(first), await press(second)]
        const [one, again] = both.sort((a, b) => a.status - b.status)
        t.same([one?.status, again?.status], [200, 208], `${what}: ${again?.body}`)
        t.same([again?.body, again?.headers['set-cookie']], [one?.body, one?.headers['set-cookie']], what)

        const strange = cookie.replace(/nonce([^=]*)=(.)/, (_, port, x) => `nonce${port}=${x === 'A' ? 'B' : 'A'}`)
        const lie = { ...body, response: { ...body.response, id: key.id.replace(/^./, x => (x === 'A' ? 'B' : 'A')) } }
        for (const refused of [await press(second, strange), await press(second, cookie, lie)]) {
          t.match(JSON.parse(refused.body).error.code, /./, `${what}: another browser or answer is refused`)
          t.equal(refused.headers['set-cookie'], undefined)
        }

        for (const line of again?.headers['set-cookie'] ?? []) person.hold(fixture.host, line)
        const stored = await press(second, person.cookies(fixture.host))
        t.same([stored.status, stored.body], [208, one?.body], `${what}: also once the browser has stored the first`)
        const landed = await person.open(new URL(JSON.parse(again?.body ?? '{}').redirect, gate.portal).href)
        t.match([landed.status, landed.url], [200, goal], `${what}: the browser is in`)
        time.advance(60)
        t.ok((await press(second)).status >= 400, `${what}: later it is spent`)
      }
})

t.test('FIELD G6 what lies in the store is sealed and short-lived', async t => {
  const keys = (await redis.cli('KEYS', 'factorgate:answer:*')).split('\n').filter(Boolean)
  t.ok(keys.length > 0)
  for (const key of keys) {
    t.match(await redis.cli('GET', key), /^v1\.[\w-]{11}\.[\w-]+$/)
    const life = Number(await redis.cli('PTTL', key))
    t.ok(life <= 20_000, `${life}`)
  }
})
