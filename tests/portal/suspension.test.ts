/** A suspended person reads the reason, after proofs that only they have; nobody else does. */
import t from 'tap'
import { errorFrame } from '../../plugins/portal/error-page.tsx'
import { renderFramedError } from '../../plugins/portal/framed-page.tsx'
import { reason as found, type Reason } from '../../src/reasons/reason.ts'
import { csrfOn, enrolled, password, signedIn, withPasskey } from '../fixtures/pipeline/people.ts'
import { type Fixture, openFixture } from '../fixtures/pipeline/portal.ts'
import { formsOf, textOf, Visitor } from '../fixtures/pipeline/visitor.ts'

const login = 'http://gate.localhost/.factorgate/login'
const why = 'More than 5 GiB left with your account today.'
const reason = new RegExp(`Your access is suspended.*The reason: “${why}”.*helpdesk@lab\\.example`)

/** As `factorgate user suspend` does it. */
async function suspend({ accounts, sessions, ada }: Fixture): Promise<void> {
  await accounts.suspend(ada.id, why)
  await sessions.endAccount(ada.id, 'suspended')
}

async function signIn(fixture: Fixture, username: string, secret: string) {
  const visitor = new Visitor(fixture.app)
  return visitor.submit(await visitor.open(login), { username, password: secret })
}

t.test('a person whose session a suspension ends reads why, and whom to ask', async t => {
  const fixture = await openFixture(t)
  const { visitor } = await enrolled(fixture)
  await visitor.open('http://notebooks.localhost/')
  await suspend(fixture)
  const page = await visitor.open('http://notebooks.localhost/')
  t.match([page.status, page.headers['factorgate-error']], [403, 'account_suspended'])
  t.match(textOf(page.body), reason)
  const mail = /href="(mailto:[^"]+)">Ask by mail/.exec(page.body)?.[1]?.replaceAll('&amp;', '&')
  const { subject, body } = Object.fromEntries(new URL(mail ?? '').searchParams)
  t.match([subject, body], ['Your access is suspended', /^Reference: \S+$/])
  t.match(page.body, `>Sign in as somebody else</a>`)
  t.notMatch(page.body, 'class="who"', 'nobody is signed in')
})

t.test('a right password reads why; a wrong one and an unknown name read what they always read (M15)', async t => {
  const fixture = await openFixture(t)
  await enrolled(fixture)
  const stranger = textOf((await signIn(fixture, 'nobody', password)).body)
  await suspend(fixture)
  const wrong = await signIn(fixture, 'ada', 'not this one')
  t.equal(wrong.status, 401)
  t.equal(textOf(wrong.body), stranger)
  t.notMatch(wrong.body, /suspended/)
  const page = await signIn(fixture, 'ada', password)
  t.equal(page.status, 403)
  t.match(textOf(page.body), reason)
  t.match(fixture.events.at(-1), { kind: 'login', outcome: 'suspended', account: fixture.ada.id })
})

t.test('a right passkey reads why; a wrong one reads what it always reads', async t => {
  const fixture = await openFixture(t)
  const { key } = await withPasskey(fixture)
  await suspend(fixture)
  const visitor = new Visitor(fixture.app)
  const csrf = csrfOn(await visitor.open(login))
  const post = (end: string, value: object) =>
    visitor.send('POST', `http://gate.localhost/.factorgate/webauthn/${end}?for=login`, {
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ csrf, ...value })
    })
  const verify = async (spoil: (signature: string) => string) => {
    const { ceremony, options } = JSON.parse((await post('options', {})).body)
    const made = key.assert(options)
    const response = { ...made, response: { ...made.response, signature: spoil(made.response.signature) } }
    const { status, body } = await post('verify', { ceremony, response })
    return [status, JSON.parse(body).error]
  }
  const wrong = await verify(signature => signature.replace(/^.{8}/, 'AAAAAAAA'))
  t.match(wrong, [
    401,
    { code: 'wrong_credentials', message: 'That passkey did not work here. Try again, or use your password.' }
  ])
  t.match(await verify(signature => signature), [403, { code: 'account_suspended', message: `The reason: “${why}”` }])
})

t.test('right passwords of a suspended person buy no new guesses (M11)', async t => {
  const fixture = await openFixture(t)
  await enrolled(fixture)
  await suspend(fixture)
  const statuses: number[] = []
  for (let i = 0; i < 8; i++) statuses.push((await signIn(fixture, 'ada', password)).status)
  t.equal(statuses[0], 403)
  t.equal(statuses.at(-1), 429)
})

t.test('a person who was let in again meanwhile signs in as always', async t => {
  const fixture = await openFixture(t)
  const { visitor } = await enrolled(fixture)
  await suspend(fixture)
  await fixture.accounts.resume(fixture.ada.id)
  const page = await visitor.open('http://gate.localhost/.factorgate/account')
  t.equal(page.status, 200)
  t.notMatch(textOf(page.body), /suspended/)
})

t.test('a session that an operator ended says the reason that the operator gave, once', async t => {
  const fixture = await openFixture(t)
  const { visitor } = await enrolled(fixture)
  await fixture.sessions.endAccount(fixture.ada.id, 'revoked', undefined, 'Device lost <b>')
  const page = await visitor.open('http://gate.localhost/.factorgate/account')
  t.match(textOf(page.body), /The people who run this gate ended your sign-in ?\. The reason: “Device lost/)
  t.match(page.body, 'Device lost &lt;b>')
  t.notMatch((await visitor.open('http://gate.localhost/.factorgate/account')).body, /Device lost/)
})

t.test('an end that an older release wrote is explained without a reason', async t => {
  const fixture = await openFixture(t)
  const { visitor } = await enrolled(fixture)
  await suspend(fixture)
  for await (const { key, value } of fixture.store.scan('ended:'))
    await fixture.store.put(key, value.split('\n')[0] as string, 3600)
  const page = await visitor.open('http://gate.localhost/.factorgate/account')
  t.match(textOf(page.body), /Your access is suspended.*Ask them for the reason/)
})

const gibibyte = 1024 ** 3
const budget = found('budgetFetched', {
  amount: 2.5 * gibibyte,
  app: 'notebooks',
  seconds: 7200,
  budget: 'theft',
  limit: 2 * gibibyte
})
const inGerman = 'Es wurden innerhalb von 2 Stunden 2,5 GiB aus notebooks abgerufen. Das Budget „theft“ erlaubt 2 GiB.'

/** As the watch does it. */
async function suspendWith({ accounts, sessions, ada }: Fixture, reasons: readonly Reason[]): Promise<void> {
  await accounts.suspend(ada.id, { why: 'ada has fetched 2.5 GiB.', reasons }, { cause: 'budget' })
  await sessions.endAccount(ada.id, 'suspended')
}

/** What a right password shows. */
async function pageIn({ app }: Fixture, language: string) {
  const visitor = new Visitor(app)
  const page = await visitor.open(login)
  const fields = { ...formsOf(page.body)[0]?.hidden, username: 'ada', password }
  return visitor.postTo(page.url, fields as Record<string, string>, { 'accept-language': language })
}

t.test('what the watch has said is read in the language of the person, with the numbers of the language', async t => {
  const fixture = await openFixture(t)
  await enrolled(fixture)
  await suspendWith(fixture, [budget])
  t.match(textOf((await pageIn(fixture, 'de')).body), `Der Grund: „${inGerman}“`)
  t.match(
    textOf((await pageIn(fixture, 'pl')).body),
    'Dane pobrane w ciągu 2 godzin (notebooks): 2,5 GiB. Limit budżetu „theft”: 2 GiB.'
  )
  const arabic = await pageIn(fixture, 'ar')
  t.match(arabic.body, /<html lang="ar" dir="rtl"/)
  t.match(arabic.body, 'المقدار الذي جُلب من <bdi>notebooks</bdi>', 'a name of the other direction is kept apart')
  await fixture.accounts.suspend(fixture.ada.id, 'The badge was returned.')
  const both = (await pageIn(fixture, 'de')).body
  t.match(both, `<li>The badge was returned.</li><li>${inGerman}</li>`, 'typed words stay')
})

t.test(
  'several reasons are a list, on the page, in a frame, at a passkey, and none of them says that the account is suspended',
  async t => {
    const fixture = await openFixture(t)
    await enrolled(fixture)
    await suspendWith(fixture, [
      found('twoPlaces', {}),
      found('decoy', { decoy: '/x', app: 'a' }),
      found('decoySuspended', {})
    ])
    const { body } = await pageIn(fixture, 'en')
    const list = /<ul class="reasons">(.*?)<\/ul>/s.exec(body)?.[1]
    t.equal(list?.match(/<li>/g)?.length, 2)
    t.match(list, /two networks.*nobody has business opening/s)
    t.match(
      textOf(body),
      /Your account is suspended\. These are the reasons: .* Your data in the apps is unchanged\. Ask the people who run this gate/
    )
    const frame = errorFrame({ title: 'Lab', contact: null, accent: null }, undefined, '')
    const context = {
      ...frame.look,
      reference: 'r',
      portalOrigin: '',
      words: [{ why: 'x', reasons: [budget, found('twoPlaces', {})] }]
    }
    t.match(renderFramedError('account_suspended', context, '/'), /<ul class="reasons"><li>.*<li>/)
    await fixture.accounts.resume(fixture.ada.id)
    await suspendWith(fixture, [found('decoy', { decoy: '/x', app: 'a' }), found('decoySuspended', {})])
    t.match(
      textOf((await pageIn(fixture, 'en')).body),
      /The reason: “The app a has a decoy [^”]* with this account\.” Your data/
    )
  }
)

t.test('a record of another release says its words', async t => {
  const fixture = await openFixture(t)
  await enrolled(fixture)
  await suspendWith(fixture, [])
  t.match(textOf((await pageIn(fixture, 'de')).body), 'Der Grund: „ada has fetched 2.5 GiB.“', 'an older one')
  await fixture.accounts.resume(fixture.ada.id)
  await suspendWith(fixture, [budget, { id: 'ofTomorrow', facts: {} } as never])
  t.match(textOf((await pageIn(fixture, 'de')).body), 'Der Grund: „ada has fetched 2.5 GiB.“', 'a newer one')
})

t.test('a sign-in that the watch has ended says why in the language of the person', async t => {
  const fixture = await openFixture(t)
  const { visitor, secret } = await enrolled(fixture)
  const endedBy = async (words: Parameters<Fixture['sessions']['end']>[2]) => {
    const [one] = await fixture.sessions.list(fixture.ada.id)
    await fixture.sessions.end(one!.session.id, 'revoked', words)
    const headers = { 'accept-language': 'fr', 'sec-fetch-mode': 'navigate', accept: 'text/html' }
    return textOf((await visitor.send('GET', 'http://gate.localhost/.factorgate/login', { headers })).body)
  }
  t.match(
    await endedBy({ why: 'Two networks.', reasons: [found('twoPlaces', {})] }),
    'Le portail a fermé votre connexion pour protéger votre compte. La raison : « Une connexion a été utilisée depuis deux réseaux en même temps. »'
  )
  const { visitor: again } = await signedIn(fixture, secret)
  const [one] = await fixture.sessions.list(fixture.ada.id)
  await fixture.sessions.end(one!.session.id, 'revoked', { why: 'x', reasons: [found('twoPlaces', {}), budget] })
  const headers = { 'sec-fetch-mode': 'navigate', accept: 'text/html' }
  const { body } = await again.send('GET', 'http://gate.localhost/.factorgate/login', { headers })
  t.match(body, /role="status"><p>The gate ended your .* These are the reasons:<\/p><ul class="reasons"><li>/)
})
