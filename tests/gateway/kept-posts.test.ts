/** POSTs that wait while their sender signs in or confirms: what is kept, for whom, and that each arrives once, byte for byte. */
import { readFileSync } from 'node:fs'
import type http from 'node:http'
import net from 'node:net'
import path from 'node:path'
import t, { type Test } from 'tap'
import { KeptPosts, keptSeconds } from '../../src/kept/kept-posts.ts'
import { StoreUnreachable } from '../../src/store/store.ts'
import { echoApp } from '../fixtures/in-process/gateway.ts'
import { formsOf, type Page, Person, totpCode } from '../fixtures/in-process/person.ts'
import { openSignInGate, password, read } from '../fixtures/in-process/signing-in.ts'
import { until } from '../fixtures/in-process/until.ts'

interface Seen {
  readonly url: string
  readonly headers: http.IncomingHttpHeaders
  readonly body: Buffer
}

const seen: Seen[] = []
const app = await echoApp(t, (request, response) => {
  const parts: Buffer[] = []
  request
    .on('data', part => parts.push(part))
    .on('end', () => {
      const login = request.headers.authorization ?? ''
      if (
        /^(?:\/old)?\/basic$/.test(request.url ?? '') &&
        Buffer.from(login.slice(6), 'base64').toString() !== 'ada:right'
      )
        return void response.writeHead(401, { 'www-authenticate': 'Basic realm="old"' }).end()
      seen.push({ url: request.url ?? '', headers: request.headers, body: Buffer.concat(parts) })
      response.setHeader('content-type', 'text/html; charset=utf-8')
      response.end(`<!doctype html><h1>app got ${request.method} ${request.url}</h1>`)
    })
})

const apps = `  - id: own
    title: Notebooks
    url: "http://own.localhost:PORT"
    upstream: "${app.url}"
    keepPosts: { limit: 600KiB, foreign: [/saml/acs] }
    rules:
      - { path: /fresh/**, access: mfa, within: 5m }
      - { path: /open/**, access: public }
      - { path: /never/**, access: deny }
      - { access: mfa }
  - id: down
    title: Notebooks
    url: "http://own.localhost:PORT/down"
    upstream: "http://127.0.0.1:9"
  - id: old
    title: Old app
    url: "http://own.localhost:PORT/old"
    upstream: "${app.url}"
    upstreamLogin: { kind: basic, per: person }
  - id: plain
    title: Plain
    url: "http://plain.localhost:PORT"
    upstream: "${app.url}"
    keepPosts: false
`
const fixture = await openSignInGate(t, apps)
const { gate, time, runtime } = fixture
const own = gate.origin('own')
const host = new URL(own).host
const form = 'application/x-www-form-urlencoded'
const idp = 'https://idp.example'

interface Post {
  readonly path?: string
  readonly type?: string
  readonly body: string
  readonly headers?: http.OutgoingHttpHeaders
}

/** A form of a page of the app. */
const send = (person: Person, { path = '/write', type = form, body, headers = {} }: Post) =>
  person.request('POST', own + path, {
    headers: { origin: own, referer: `${own}/page`, 'sec-fetch-site': 'same-origin', 'content-type': type, ...headers },
    body
  })

/** What a browser sends for another site: no cookie of ours. */
async function sendForeign(person: Person, { path = '/saml/acs', type = form, body, headers = {} }: Post) {
  const held = person.cookies(host)
  person.forget(host)
  const page = await person.request('POST', own + path, {
    headers: { origin: idp, 'sec-fetch-site': 'cross-site', 'content-type': type, ...headers },
    body
  })
  for (const pair of held.split('; ').filter(Boolean)) person.hold(host, pair)
  return page
}

type Who = Awaited<ReturnType<typeof fixture.withPassword>>

async function signIn(person: Person, page: Page, who: Who): Promise<Page> {
  const asked = await person.submit(page, { username: who.account.name, password }, /login/)
  const landed = await person.submit(asked, { code: totpCode(who.secret, time.now) }, /totp/)
  time.advance(30)
  return landed
}

async function confirm(person: Person, page: Page, who: Who): Promise<Page> {
  const landed = await person.submit(page, { code: totpCode(who.secret, time.now) }, /totp/)
  time.advance(30)
  return landed
}

/** Presses the button that sends it on. */
async function press(person: Person, page: Page): Promise<Page> {
  const found = formsOf(page.body).find(({ names }) => names.includes('factorgate-kept'))
  if (found === undefined) throw new Error(`nothing to send on ${page.url} (${page.status}): ${read(page)}`)
  return person.request('POST', found.action as string, {
    headers: { 'content-type': 'text/plain', origin: own, referer: page.url, 'sec-fetch-site': 'same-origin' },
    body: `factorgate-kept=${found.hidden['factorgate-kept']}\r\n`
  })
}

const isSentByItself = (page: Page) => /data-kept="now"/.test(page.body)
const end = (who: Who) => runtime.sessions.endAccount(who.account.id, 'revoked')
const follow = (person: Person, page: Page) => person.open(new URL(page.headers.location as string, page.url).href)

async function signedIn(): Promise<{ who: Who; person: Person }> {
  const who = await fixture.withPassword(['totp'])
  const person = new Person(gate.port)
  await signIn(person, await person.open(`${own}/page`), who)
  seen.length = 0
  return { who, person }
}

const boundary = '----WebKitFormBoundaryAbC'
const multipart = [
  `--${boundary}\r\nContent-Disposition: form-data; name="title"\r\n\r\nA tale`,
  `\r\n--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="säge.bin"\r\nContent-Type: application/octet-stream\r\n\r\n`,
  `\u0000\u00ff\r\n${'x'.repeat(500_000)}\r\n--${boundary}--\r\n`
].join('')

const bodies: readonly (readonly [string, Post])[] = [
  ['a form', { body: 'text=three+pages&more=%E2%82%AC' }],
  [
    'an upload of half a megabyte, of bytes that are no text',
    { type: `multipart/form-data; boundary=${boundary}`, body: multipart }
  ],
  ['a form as text', { type: 'text/plain', body: 'a=b\r\n' }],
  ['JSON of a navigation', { type: 'application/json', body: '{"a":1}' }]
]

t.test(
  'FIELD F17 what is sent after the end of a session waits for the same person and arrives once, byte for byte',
  async t => {
    const { who, person } = await signedIn()
    for (const [title, post] of bodies)
      await t.test(title, async t => {
        await end(who)
        const stopped = await send(person, { path: '/write?n=1', ...post })
        t.match([stopped.status, stopped.headers['factorgate-error']], [303, 'sign_in_required'])
        const login = await follow(person, stopped)
        t.match(read(login), /to Notebooks/)
        t.equal(seen.length, 0)
        const page = await signIn(person, login, who)
        t.ok(isSentByItself(page), read(page))
        const answer = await press(person, page)
        t.match([answer.status, answer.body], [200, /app got POST \/write\?n=1/])
        t.equal(seen.length, 1)
        const [got] = seen.splice(0)
        t.ok(got?.body.equals(Buffer.from(post.body)), 'the same bytes')
        t.match(got?.headers, {
          'content-type': post.type ?? form,
          origin: own,
          referer: `${own}/page`,
          'sec-fetch-site': 'same-origin',
          'remote-user': who.account.name
        })
        t.equal(got?.headers.cookie, undefined)
        const again = await press(person, page)
        t.match([again.status, again.headers['factorgate-error']], [410, 'kept_gone'])
        t.equal((await person.open(page.url)).status, 410)
        t.equal(seen.length, 0)
      })
  }
)

t.test('every way in which a session ends leaves its owner known', async t => {
  const ways: readonly (readonly [string, (who: Who) => Promise<unknown> | unknown])[] = [
    ['it was idle', () => time.advance(3 * 3600)],
    ['it reached its absolute end', () => time.advance(24 * 3600 + 60)],
    ['a new proof is needed', () => time.advance(600)]
  ]
  for (const [title, way] of ways)
    await t.test(title, async t => {
      const { who, person } = await signedIn()
      await way(who)
      const stopped = await send(person, { path: '/fresh/x', body: 'a=1' })
      t.equal(stopped.status, 303)
      const asked = await follow(person, stopped)
      const page = title.startsWith('a new') ? await confirm(person, asked, who) : await signIn(person, asked, who)
      t.match((await press(person, page)).body, /app got POST \/fresh\/x/)
      t.match(String(seen[0]?.body), 'a=1')
    })
})

t.test('nobody else gets it, and nothing is sent unseen', async t => {
  const cases: readonly (readonly [string, (t: Test) => Promise<void>])[] = [
    [
      'R21 · another person signs in in that browser → 410, and no word of it',
      async t => {
        const { who, person } = await signedIn()
        await end(who)
        const other = await fixture.withPassword(['totp'])
        const page = await signIn(person, await follow(person, await send(person, { body: 'private=words' })), other)
        t.match([page.status, page.headers['factorgate-error']], [410, 'kept_gone'])
        t.notMatch(page.body, /private/)
      }
    ],
    [
      'another browser of the same person',
      async t => {
        const { who, person } = await signedIn()
        await end(who)
        const stopped = await send(person, { body: 'a=1' })
        const elsewhere = new Person(gate.port)
        await signIn(elsewhere, await elsewhere.open(`${own}/page`), who)
        seen.length = 0
        t.equal((await elsewhere.open(stopped.headers.location as string)).status, 410)
      }
    ],
    [
      'R20 · another site sends a form → it is shown with its origin and its fields, and waits for a button',
      async t => {
        const { person, who } = await signedIn()
        const stopped = await sendForeign(person, { path: '/transfer', body: 'to=mallory&csrf_token=hidden-value' })
        t.equal(stopped.status, 303)
        const page = await follow(person, stopped)
        t.notOk(isSentByItself(page))
        t.match(
          read(page),
          /https:\/\/idp\.example sent this to Notebooks.*own\.localhost:\d+\/transfer.*to\s*:\s*mallory/
        )
        t.notMatch(page.body, /hidden-value/)
        t.equal(seen.length, 0)
        t.match((await press(person, page)).body, /app got POST \/transfer/)
        t.match(seen[0]?.headers, { origin: idp, 'sec-fetch-site': 'cross-site', 'remote-user': who.account.name })
      }
    ],
    [
      'the form of that page is worth nothing from another site, or with another mark',
      async t => {
        const { person } = await signedIn()
        const page = await follow(person, await sendForeign(person, { path: '/transfer', body: 'to=mallory' }))
        const value = formsOf(page.body).find(one => one.names.includes('factorgate-kept'))?.hidden['factorgate-kept']
        const sendMark = (mark: string, headers: http.OutgoingHttpHeaders) =>
          person.request('POST', `${own}/transfer`, {
            headers: { 'content-type': 'text/plain', ...headers },
            body: `factorgate-kept=${mark}\r\n`
          })
        const here = { origin: own, 'sec-fetch-site': 'same-origin' }
        const from = (await sendMark(`${value}`, { origin: idp, 'sec-fetch-site': 'cross-site' })).status
        t.equal(from, 403)
        t.equal(
          (
            await sendMark(
              `${value}`.replace(/\.(.)/, (_, first) => (first === 'A' ? '.B' : '.A')),
              here
            )
          ).status,
          303
        )
        t.equal((await sendMark(`${'A'.repeat(22)}.${`${value}`.split('.')[1]}`, here)).status, 303)
        t.equal(seen.length, 0)
        await person.submit(
          page,
          { csrf: formsOf(page.body).find(f => /drop/.test(f.action ?? ''))?.hidden.csrf ?? '' },
          /drop/
        )
        t.equal((await press(person, page)).status, 410, 'dropped')
      }
    ],
    [
      'a form of another site at a path that expects it goes on by itself, for who is signed in and for who is not yet',
      async t => {
        const { person, who } = await signedIn()
        const page = await follow(
          person,
          await sendForeign(person, { body: 'SAMLResponse=x', headers: { origin: 'null' } })
        )
        t.ok(isSentByItself(page))
        t.match((await press(person, page)).body, /app got POST \/saml\/acs/)
        t.equal(seen[0]?.headers.origin, 'null')
        await end(who)
        const later = await signIn(
          person,
          await follow(person, await sendForeign(person, { body: 'SAMLResponse=y' })),
          who
        )
        t.ok(isSentByItself(later))
        t.match((await press(person, later)).body, /app got POST \/saml\/acs/)
      }
    ],
    [
      'the rules are asked again',
      async t => {
        const { person, who } = await signedIn()
        time.advance(600)
        const page = await confirm(
          person,
          await follow(person, await send(person, { path: '/fresh/y', body: 'a=1' })),
          who
        )
        time.advance(600)
        const again = await press(person, page)
        t.match([again.status, again.headers['factorgate-error']], [303, 'fresh_proof_required'])
        t.equal(seen.filter(({ url }) => url === '/fresh/y').length, 0)
        const later = await confirm(person, await follow(person, again), who)
        t.match((await press(person, later)).body, /app got POST \/fresh\/y/)
      }
    ],
    [
      'after fifteen minutes it is gone',
      async t => {
        const { who, person } = await signedIn()
        await end(who)
        const login = await follow(person, await send(person, { body: 'a=1' }))
        time.advance(15 * 60 + 1)
        t.equal((await signIn(person, login, who)).status, 410)
      }
    ]
  ]
  for (const [title, check] of cases)
    await t.test(title, async t => {
      seen.length = 0
      await check(t)
    })
})

t.test('what is not kept is refused as before, and says so', async t => {
  const { who, person } = await signedIn()
  await end(who)
  const stranger = new Person(gate.port)
  const cases: readonly (readonly [string, () => Promise<Page>])[] = [
    ['a body beyond the limit', () => send(person, { body: `a=${'x'.repeat(600 * 1024)}` })],
    ['a form with a password in it', () => send(person, { body: 'user=ada&newPassword=x' })],
    [
      'an upload with a password in it',
      () =>
        send(person, {
          type: `multipart/form-data; boundary=${boundary}`,
          body: multipart.replace('"title"', '"passwd"')
        })
    ],
    ['a form of nobody known', () => send(stranger, { body: 'a=1' })],
    ['a body of an unknown kind', () => send(person, { type: 'application/octet-stream', body: 'x' })],
    [
      'an app that keeps nothing',
      () =>
        person.request('POST', `${gate.origin('plain')}/x`, {
          headers: { origin: gate.origin('plain'), 'content-type': form },
          body: 'a=1'
        })
    ]
  ]
  for (const [title, ask] of cases) {
    const page = await ask()
    t.match([page.status, read(page)], [401, /did not get what you sent/], title)
    t.notMatch(String(page.headers['set-cookie']), 'factorgate-kept', title)
  }
  t.equal(seen.length, 0)
})

t.test('a POST of a script waits too, is never sent unseen, and its answer names the page', async t => {
  const { who, person } = await signedIn()
  const script = { accept: '*/*', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', 'x-csrftoken': 'of-the-app' }
  await end(who)
  const post = { path: '/api/save', type: 'application/json', body: '{"text":"three pages"}' }
  const refused = await send(person, { ...post, headers: { ...script, authorization: 'Bearer x' } })
  t.notOk('keptUrl' in JSON.parse(refused.body).error, 'its credential could not be kept')
  const stopped = await send(person, { ...post, headers: script })
  const { error } = JSON.parse(stopped.body)
  t.match([stopped.status, error], [401, { code: 'sign_in_required', keptUrl: `${own}/.factorgate/kept/` }])
  const page = await signIn(person, await person.open(error.challengeUrl), who)
  t.match([page.url, page.body], [error.keptUrl, /data-kept="script"/])
  t.match(read(page), /three pages/)
  t.equal(seen.length, 0)
  await t.test('the script of that page is told that nothing was sent where the sign-in has changed', async t => {
    const value = formsOf(page.body).find(one => one.names.includes('factorgate-kept'))?.hidden['factorgate-kept']
    const wrong = `${value}`.replace(/\.(.)/, (_, first) => (first === 'A' ? '.B' : '.A'))
    const answer = await person.request('POST', `${own}/api/save`, {
      headers: { 'content-type': 'text/plain', origin: own, 'sec-fetch-site': 'same-origin', ...script },
      body: `factorgate-kept=${wrong}`
    })
    t.match(
      [answer.status, answer.headers['factorgate-error'], answer.headers.location],
      [401, 'sign_in_required', undefined]
    )
    t.equal(JSON.parse(answer.body).error.keptUrl, page.url)
    t.equal(seen.length, 0)
  })
  t.match((await press(person, page)).status, 200)
  t.match(seen[0], { url: '/api/save', headers: { 'content-type': 'application/json', 'x-csrftoken': 'of-the-app' } })
})

t.test('a hundred strangers send half a megabyte each, slowly → the form of a person who is known waits', async t => {
  const { who, person } = await signedIn()
  await end(who)
  const head = [
    `POST /saml/acs HTTP/1.1\r\nHost: ${host}\r\nAccept: text/html\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document`,
    `Origin: ${idp}\r\nSec-Fetch-Site: cross-site\r\nContent-Type: ${form}\r\nContent-Length: 524288\r\n\r\na=`
  ].join('\r\n')
  const slow = Array.from({ length: 100 }, () => net.connect(gate.port, '127.0.0.1').on('error', () => {}))
  for (const socket of slow) socket.write(head)
  const quick = await sendForeign(new Person(gate.port), { body: 'SAMLResponse=x' })
  t.equal(quick.status, 303, 'and so does that of a stranger')
  const stopped = await send(person, { body: 'text=three+pages' })
  t.match([stopped.status, stopped.headers.location], [303, `${own}/.factorgate/kept/`])
  for (const socket of slow) socket.destroy()
})

t.test('while the app does not answer it goes on waiting, and the page leads back to it', async t => {
  const { who, person } = await signedIn()
  await end(who)
  const page = await signIn(person, await follow(person, await send(person, { path: '/down/x', body: 'a=1' })), who)
  for (let n = 0; n < 2; n++) {
    const answer = await press(person, page)
    t.match([answer.status, answer.headers['factorgate-error']], [502, 'app_unreachable'])
    t.match(answer.body, `href="${page.url}"`)
    t.ok(isSentByItself(await person.open(page.url)))
  }
})

t.test(
  'the app is away, and then the store: it waits again when the store is back, and the page leads there',
  async t => {
    const { who, person } = await signedIn()
    await end(who)
    const page = await signIn(person, await follow(person, await send(person, { path: '/down/x', body: 'a=1' })), who)
    const { putBack } = KeptPosts.prototype
    t.teardown(() => Object.assign(KeptPosts.prototype, { putBack }))
    KeptPosts.prototype.putBack = () => Promise.reject(new StoreUnreachable('The store is away.'))
    const answer = await press(person, page)
    t.match([answer.status, answer.body], [502, `href="${page.url}"`])
    t.equal((await person.open(page.url)).status, 410, 'nobody can send it a second time meanwhile')
    Object.assign(KeptPosts.prototype, { putBack })
    await until(async () => isSentByItself(await person.open(page.url)), 'it waits again', 50)
  }
)

t.test('while the app refuses the login of the person there it goes on waiting', async t => {
  const { who, person } = await signedIn()
  await end(who)
  const stopped = await send(person, { path: '/old/basic', body: 'text=three+pages' })
  const page = await signIn(person, await follow(person, stopped), who)
  let shown = page
  for (const [code, secret] of [
    ['upstream_login_required', 'wrong'],
    ['upstream_login_refused', 'right']
  ] as const) {
    const refused = await press(person, shown)
    t.match([refused.status, refused.headers['factorgate-error']], [403, code])
    const [, link = ''] = /href="([^"]*account\/logins\/old[^"]*)"/.exec(refused.body) ?? []
    shown = await person.submit(await person.open(link.replaceAll('&amp;', '&')), { user: 'ada', password: secret })
    t.match([shown.url, isSentByItself(shown)], [stopped.headers.location, true], 'it leads back')
  }
  t.match((await press(person, shown)).body, /app got POST \S*\/basic/)
  t.equal(String(seen[0]?.body), 'text=three+pages')
})

t.test('of one person the newest wait', async t => {
  const { who, person } = await signedIn()
  await end(who)
  const urls: string[] = []
  for (let n = 0; n < 7; n++) {
    urls.push((await send(person, { body: `n=${n}` })).headers.location as string)
    time.advance(1)
  }
  await signIn(person, await person.open(`${own}/page`), who)
  const statuses = await Promise.all(urls.map(async url => (await person.open(url)).status))
  t.same(statuses, [410, 410, 200, 200, 200, 200, 200])
})

t.test('a page that sends for ever leaves few cookies in the browser', async t => {
  const { who, person } = await signedIn()
  await end(who)
  const headers = { accept: '*/*', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }
  for (let n = 0; n < 30; n++) {
    const answer = await send(person, { path: '/api/poll', type: 'application/json', body: `{"n":${n}}`, headers })
    t.equal(answer.status, 401)
    time.advance(4)
  }
  t.equal(person.cookies(host).match(/factorgate-kept-/g)?.length, 5)
})

t.test(
  'R25 CWE-770 · another site sends form after form in a window → the cookies of the newest stay, and these can be sent',
  async t => {
    const { person } = await signedIn()
    let page = await follow(person, await sendForeign(person, { path: '/transfer', body: 'n=0' }))
    for (let n = 1; n < 40; n++)
      page = await follow(person, await sendForeign(person, { path: '/transfer', body: `n=${n}` }))
    t.equal(person.cookies(host).match(/factorgate-kept-/g)?.length, 16)
    t.match((await press(person, page)).body, /app got POST \/transfer/)
    t.match(seen.at(-1)?.body.toString(), 'n=39')
  }
)

t.test('a form of the app that looks like that of the page passes unharmed', async t => {
  const { person } = await signedIn()
  await follow(person, await sendForeign(person, { path: '/transfer', body: 'a=1' }))
  const body = 'some=thing\r\n'
  t.equal((await send(person, { path: '/like', type: 'text/plain', body })).status, 200)
  t.match(seen[0], { url: '/like', headers: { 'content-type': 'text/plain', 'content-length': String(body.length) } })
  t.equal(String(seen[0]?.body), body)
})

t.test('the journal has a line for each step, and no word of what was sent', async t => {
  const { who, person } = await signedIn()
  await end(who)
  const page = await signIn(person, await follow(person, await send(person, { body: 'text=very+private' })), who)
  await press(person, page)
  await runtime.journal.commit({ kind: 'gate.reload', at: time.now })
  const lines = readFileSync(path.join(gate.folder, 'journal.jsonl'), 'utf8')
  t.notMatch(lines, /very.private/)
  const last = (kind: string) => lines.split('\n').findLast(line => line.includes(`"kind":"${kind}"`)) ?? '{}'
  const kept = JSON.parse(last('post.keep'))
  t.match(kept, { account: who.account.id, app: 'own', path: '/write', bytes: 17, outcome: 'kept' })
  t.match(JSON.parse(last('post.send')), { account: who.account.id, kept: kept.request, bytes: 17 })
  t.match(JSON.parse(last('exchange')), { kept: kept.request, status: 200, bytesIn: 17 })
  t.match(JSON.parse(last('post.drop')), { app: 'own', bytes: 10 })
})

t.test('the metrics say what becomes of what is sent, and how much waits', async t => {
  const read = () => {
    const text = runtime.metrics.render()
    const value = (line: RegExp) => Number(line.exec(text)?.[1] ?? 0)
    const of = (outcome: string) =>
      value(new RegExp(`^factorgate_kept_posts_total\\{outcome="${outcome}"\\} (\\d+)$`, 'm'))
    const outcomes = ['kept', 'refused', 'too_many', 'sent', 'returned', 'dropped', 'gone'].map(of)
    return [...outcomes, value(/^factorgate_kept_bytes (\d+)$/m)]
  }
  time.advance(keptSeconds)
  const { who, person } = await signedIn()
  const keep = async (post: Post) => {
    await end(who)
    const stopped = await send(person, post)
    return stopped.status === 303 ? await signIn(person, await follow(person, stopped), who) : stopped
  }
  let before = read()
  t.equal(before.at(-1), 0, 'what was kept earlier has ended')
  const next = async (title: string, act: () => Promise<unknown>, expected: readonly number[]) => {
    await act()
    const after = read()
    t.same(
      after.map((value, i) => value - (before[i] as number)),
      expected,
      title
    )
    before = after
  }
  let page: Page | undefined
  const keeps = (path: string) => async () => {
    page = await keep({ path, body: 'text=0123456789' })
  }
  await next('kept', keeps('/write'), [1, 0, 0, 0, 0, 0, 0, 15])
  const sends = async () => {
    await press(person, page as Page)
    // It is deleted behind the answer.
    while (read().at(-1) !== 0) await new Promise(setImmediate)
  }
  await next('sent', sends, [0, 0, 0, 1, 0, 0, 0, -15])
  await next('gone', () => press(person, page as Page), [0, 0, 0, 0, 0, 0, 1, 0])
  await next('its page', () => person.open((page as Page).url), [0, 0, 0, 0, 0, 0, 1, 0])
  await next('a password in it', () => keep({ body: 'password=x' }), [0, 1, 0, 0, 0, 0, 0, 0])
  await next('too large', () => keep({ body: `a=${'x'.repeat(600 * 1024)}` }), [0, 1, 0, 0, 0, 0, 0, 0])
  await next('the app is away', keeps('/down/x'), [1, 0, 0, 0, 0, 0, 0, 15])
  await next('it waits again', () => press(person, page as Page), [0, 0, 0, 1, 1, 0, 0, 0])
  const csrf = async () => {
    page = await person.open((page as Page).url)
    await person.submit(
      page,
      { csrf: formsOf(page.body).find(f => /drop/.test(f.action ?? ''))?.hidden.csrf ?? '' },
      /drop/
    )
  }
  await next('dropped', csrf, [0, 0, 0, 0, 0, 1, 0, -15])
  await next('it ends', keeps('/write'), [1, 0, 0, 0, 0, 0, 0, 15])
  await next('by itself', async () => time.advance(keptSeconds), [0, 0, 0, 0, 0, 0, 0, -15])
})
