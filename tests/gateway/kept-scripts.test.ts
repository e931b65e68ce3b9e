/** What scripts save by PUT and PATCH while their person has to prove something: it waits under the rules of its own method, and whoever comes back is led to it. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { StoreUnreachable } from '../../src/store/store.ts'
import { echoApp } from '../fixtures/in-process/gateway.ts'
import { formsOf, type Page, Person, totpCode } from '../fixtures/in-process/person.ts'
import { openSignInGate, password, read } from '../fixtures/in-process/signing-in.ts'

const seen: string[] = []
const app = await echoApp(t, (request, response) => {
  const parts: Buffer[] = []
  request
    .on('data', part => parts.push(part))
    .on('end', () => {
      seen.push(`${request.method} ${request.url} ${request.headers['if-match'] ?? ''} ${Buffer.concat(parts)}`)
      response.end('done')
    })
})
const fixture = await openSignInGate(
  t,
  `  - id: own
    title: Notebooks
    url: "http://own.localhost:PORT"
    upstream: "${app.url}"
    rules:
      - { path: /notes/**, methods: [PUT, PATCH], access: mfa, within: 5m }
      - { path: /sealed/**, methods: [PUT], access: deny }
      - { path: /open/**, access: public }
      - { access: mfa }
  - id: trial
    title: Trial
    url: "http://own.localhost:PORT/trial"
    upstream: "${app.url}"
    enforce: report
`
)
const { gate, time, runtime } = fixture
const own = gate.origin('own')
type Who = Awaited<ReturnType<typeof fixture.withPassword>>

const script = { accept: '*/*', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', 'sec-fetch-site': 'same-origin' }
const opened = {
  accept: 'text/html',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none'
}
const save = (person: Person, method: string, at: string, body: string) =>
  person.request(method, own + at, {
    headers: { ...script, origin: own, referer: `${own}/page`, 'content-type': 'application/json', 'if-match': '"7"' },
    body
  })

async function confirm(person: Person, page: Page, who: Who): Promise<Page> {
  const landed = await person.submit(page, { code: totpCode(who.secret, time.now) }, /totp/)
  time.advance(30)
  return landed
}

async function signIn(person: Person, page: Page, who: Who): Promise<Page> {
  return confirm(person, await person.submit(page, { username: who.account.name, password }, /login/), who)
}

async function signedIn() {
  const who = await fixture.withPassword(['totp'])
  const person = new Person(gate.port)
  await signIn(person, await person.open(`${own}/page`), who)
  seen.length = 0
  return { who, person }
}

/** As the script of the page does it. */
function press(person: Person, page: Page) {
  const found = formsOf(page.body).find(({ names }) => names.includes('factorgate-kept'))
  return person.request('POST', String(found?.action), {
    headers: { ...script, 'content-type': 'text/plain', origin: own, referer: page.url },
    body: `factorgate-kept=${found?.hidden['factorgate-kept']}`
  })
}

for (const method of ['PUT', 'PATCH'])
  t.test(`FIELD F17: a ${method} waits for a fresh proof, and keeps its method`, async t => {
    const { who, person } = await signedIn()
    time.advance(6 * 60)
    const stopped = await save(person, method, '/notes/1', '{"text":"three pages"}')
    const { error } = JSON.parse(stopped.body)
    t.match([stopped.status, error.code, error.keptUrl], [401, 'fresh_proof_required', `${own}/.factorgate/kept/`])
    const page = await confirm(person, await person.open(error.challengeUrl), who)
    t.match(read(page), new RegExp(`${method} ${own}/notes/1`))
    time.advance(6 * 60)
    const late = await press(person, page)
    t.match([late.status, seen.length], [401, 0], 'the rule for this method counts when it is sent')
    const again = await confirm(person, await person.open(page.url), who)
    t.equal((await press(person, again)).status, 200)
    t.same(seen, [`${method} /notes/1 "7" {"text":"three pages"}`])
    await runtime.journal.commit({ kind: 'gate.reload', at: time.now })
    const lines = readFileSync(path.join(gate.folder, 'journal.jsonl'), 'utf8').split('\n')
    t.match(JSON.parse(lines.findLast(line => line.includes('"kind":"exchange"')) ?? ''), { method, status: 200 })
  })

t.test('what is forbidden, and what loses nothing, does not wait', async t => {
  const { who, person } = await signedIn()
  t.match((await save(person, 'PUT', '/sealed/1', '{}')).status, 403)
  await runtime.sessions.endAccount(who.account.id, 'revoked')
  for (const [method, at] of [
    ['PUT', '/sealed/1'],
    ['DELETE', '/notes/1']
  ] as const)
    t.notOk('keptUrl' in JSON.parse((await save(person, method, at, '{}')).body).error, `${method} ${at}`)
})

t.test('whoever loads the app again and has to sign in is led to what waits, and nobody else', async t => {
  const { who, person } = await signedIn()
  await runtime.sessions.endAccount(who.account.id, 'revoked')
  const { error } = JSON.parse((await save(person, 'PUT', '/notes/2', '{"text":"four pages"}')).body)
  const other = await fixture.withPassword(['totp'])
  const theirs = await signIn(person, await person.open(`${own}/page`), other)
  t.match([theirs.status, theirs.url, theirs.body], [200, `${own}/`, 'done'], 'another person in the same browser')
  await runtime.sessions.endAccount(other.account.id, 'revoked')
  const mine = await signIn(person, await person.open(`${own}/page`), who)
  t.match([mine.url, read(mine)], [error.keptUrl, /four pages/])
  t.equal((await person.open(`${own}/page`)).status, 200, 'once signed in, pages open as always')
  t.equal((await press(person, mine)).status, 200)
  await runtime.sessions.endAccount(who.account.id, 'revoked')
  t.equal((await signIn(person, await person.open(`${own}/page`), who)).url, `${own}/page`, 'nothing waits any more')
})

t.test('where only the save needs a proof, whoever loads the app again is led once to what waits', async t => {
  const { who, person } = await signedIn()
  time.advance(6 * 60)
  const page = () => person.request('GET', `${own}/page`, { headers: { ...opened } })
  t.equal((await page()).status, 200, 'nothing waits')
  const { error } = JSON.parse((await save(person, 'PUT', '/notes/3', '{"text":"five pages"}')).body)
  t.equal(error.code, 'fresh_proof_required')
  const prefetched = { ...opened, 'sec-purpose': 'prefetch' }
  const picture = { ...script, 'sec-fetch-dest': 'image', 'sec-fetch-mode': 'no-cors' }
  for (const headers of [prefetched, picture, script])
    t.equal((await person.request('GET', `${own}/page`, { headers })).status, 200, 'only a page that somebody opens')
  const led = await page()
  t.match([led.status, led.headers.location, led.headers['cache-control']], [302, error.keptUrl, 'no-store'])
  t.equal((await page()).status, 200, 'once')
  const shown = await confirm(person, await person.open(error.keptUrl), who)
  t.match(read(shown), /five pages/)
  t.equal((await press(person, shown)).status, 200)
  t.equal(seen.at(-1), 'PUT /notes/3 "7" {"text":"five pages"}')
})

t.test('whose access ends while the gate looks for what waits is judged anew, as any request', async t => {
  const { sessions } = runtime
  const { standing } = sessions
  const ends: readonly (readonly [string, (account: string) => Promise<unknown>, object, string | null])[] = [
    [
      'the session ends',
      account => sessions.endAccount(account, 'revoked'),
      {
        status: 302,
        headers: { 'factorgate-error': 'sign_in_required', location: `${gate.portal}/.factorgate/login?` }
      },
      'sign_in_required'
    ],
    [
      'the store falls silent',
      () => Promise.reject(new StoreUnreachable('The store is away.')),
      { status: 503, headers: { 'factorgate-error': 'store_unreachable', 'retry-after': /^\d+$/ } },
      'store_unreachable'
    ]
  ]
  for (const [title, end, closed, would] of ends)
    await t.test(title, async t => {
      for (const [at, answer] of [
        ['/page', closed],
        ['/open/page', { status: 200, body: 'done' }],
        ['/trial/page', { status: 200, body: 'done' }]
      ] as const) {
        const { who, person } = await signedIn()
        time.advance(6 * 60)
        t.match(JSON.parse((await save(person, 'PUT', '/notes/4', '{}')).body).error.code, 'fresh_proof_required')
        await person.request('GET', `${own}/page`, { headers: opened })
        let looked = 0
        sessions.standing = async id => {
          looked++
          await end(who.account.id)
          return standing.call(sessions, id)
        }
        const page = await person.request('GET', own + at, { headers: opened })
        Reflect.deleteProperty(sessions, 'standing')
        t.equal(looked, 1, at)
        t.match(page, answer, at)
        t.equal(seen.length, page.status === 200 ? 1 : 0, at)
        if (!at.startsWith('/trial')) continue
        await runtime.journal.commit({ kind: 'gate.reload', at: time.now })
        const lines = readFileSync(path.join(gate.folder, 'journal.jsonl'), 'utf8').split('\n')
        const line = JSON.parse(lines.findLast(line => line.includes('"kind":"exchange"')) ?? '')
        t.equal(line.reason, would, 'the journal says what the rules would do')
      }
    })
})

t.test('five forms, five forms in frames and five saves of a script stay, whichever of them is opened', async t => {
  const { who, person } = await signedIn()
  await runtime.sessions.endAccount(who.account.id, 'revoked')
  const form = { 'content-type': 'application/x-www-form-urlencoded', origin: own, referer: `${own}/page` }
  const typed = { ...opened, ...form, 'sec-fetch-site': 'same-origin' }
  const urls: string[] = []
  for (let n = 0; n < 5; n++) {
    for (const dest of ['document', 'iframe'])
      await person.request('POST', `${own}/write`, { headers: { ...typed, 'sec-fetch-dest': dest }, body: `n=${n}` })
    urls.push(JSON.parse((await save(person, 'PUT', '/notes/1', '{}')).body).error.keptUrl)
  }
  const { host } = new URL(own)
  const before = person.cookies(host).match(/factorgate-kept-/g)?.length
  await signIn(person, await person.open(urls[4]!), who)
  t.same([before, person.cookies(host).match(/factorgate-kept-/g)?.length], [15, 15])
  t.match((await person.open(urls[0]!)).status, 200)
})

t.test('whoever opens the app again is led to each of them', async t => {
  const { who, person } = await signedIn()
  await runtime.sessions.endAccount(who.account.id, 'revoked')
  const framed = { ...opened, 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'same-origin', origin: own }
  const headers = { ...framed, referer: `${own}/page`, 'content-type': 'application/x-www-form-urlencoded' }
  for (let n = 0; n < 4; n++) {
    await person.request('POST', `${own}/write`, { headers, body: `n=${n}` })
    await save(person, 'PUT', '/page', '{}')
  }
  const { url } = await signIn(person, await person.open(`${own}/page`), who)
  const led = new Set([url])
  for (let n = 0; n < 9; n++) {
    const answer = await person.request('GET', `${own}/page`, { headers: opened })
    if (answer.status === 200) break
    led.add(String(answer.headers.location))
  }
  t.equal([...led].filter(url => url.includes('/kept/')).length, 8)
})
