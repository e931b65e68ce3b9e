/** Device-bound sign-ins over HTTP: what a browser with a key gets, what one without gets, and what a thief with the whole cookie jar gets (THREATS S18). */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { Totp } from '../../src/factor/totp.ts'
import { StoreUnreachable } from '../../src/store/store.ts'
import { BoundBrowser } from '../fixtures/in-process/bound-browser.ts'
import { echoApp, navigation, startGateway } from '../fixtures/in-process/gateway.ts'
import { TestClock } from '../fixtures/in-process/memory-store.ts'
import { totpCode } from '../fixtures/in-process/person.ts'

const gate = 'gate.localhost'
const one = 'one.localhost'
const bound = '__Host-factorgate-device'
const session = '__Host-factorgate'
const lifetime = 1200
const forwarded = (host: string, uri: string) => ({
  'x-forwarded-for': '192.0.2.1',
  'x-forwarded-host': host,
  'x-forwarded-uri': uri,
  'x-forwarded-method': 'GET',
  'x-forwarded-proto': 'https'
})
const needsKey = /^401 device_proof_required/

t.test('device-bound sign-ins', async t => {
  const time = new TestClock()
  const app = await echoApp(t, (request, response) => {
    request.resume()
    response.setHeader('clear-site-data', '"cookies", "storage", "cache"')
    response.setHeader('secure-session-challenge', '"mine";id="x"')
    response.setHeader('secure-session-registration', '(ES256);path="/x"')
    response.setHeader('set-cookie', `${bound}=planted; Path=/; Secure`)
    response.end(JSON.stringify({ url: request.url, headers: request.headers }))
  })
  const running = await startGateway(t, {
    isHttps: true,
    clock: time.read,
    extra: 'trustedProxies: [127.0.0.1]\ndevice: { lifetime: 20m }\nwatch: { unusual: {} }',
    apps: `
  - { id: one, title: One, url: https://one.localhost, upstream: "${app.url}", deviceBound: preferred, rules: [{ path: /open, access: public }, { path: /free, access: mfa, deviceBound: off }, { path: /fresh, access: mfa, within: 5m }, { access: mfa }] }
  - { id: bait, title: Bait, url: https://bait.localhost, upstream: "${app.url}", deviceBound: preferred, decoys: [/finance/**] }
  - { id: side, title: Side, url: https://one.localhost/side, upstream: "${app.url}" }
  - { id: strict, title: Strict, url: https://strict.localhost, upstream: "${app.url}", deviceBound: required }
  - { id: plain, title: Plain, url: https://plain.localhost, upstream: "${app.url}" }`
  })
  const { server, port } = running
  const journal = async (kind: string) => {
    await server.runtime.journal.commit({ kind: 'gate.reload', at: time.now })
    const lines = readFileSync(path.join(running.folder, 'journal.jsonl'), 'utf8').trim().split('\n')
    return lines.map(line => JSON.parse(line)).filter(line => line.kind === kind)
  }
  const ada = await running.account('ada')
  /** Signed in at the portal, a minute ago, so that the next page of the portal offers a registration. */
  const browser = async (isAble = true, account = ada) => {
    const { cookies } = await running.signIn(account)
    const it = new BoundBrowser(port, isAble)
    it.set(gate, cookies.gate!)
    time.advance(61)
    await it.open(`https://${gate}/.factorgate/`)
    return it
  }
  /** The same, on the app's host too. */
  const visitor = async () => {
    const it = await browser()
    const { status } = await it.open(`https://${one}/`)
    if (status !== 200) throw new Error(`the app answers ${status}`)
    return it
  }

  await t.test('a browser that can binds each host, and the app hears nothing of it', async t => {
    const it = await browser()
    t.ok(it.bound.has(gate), 'the portal')
    const arrived = await it.open(`https://${one}/x?y=1`)
    t.equal(arrived.status, 200)
    t.match(arrived.trail, [`302 https://${one}/x`, /^303 .*login/, /^303 .*callback/, `200 https://${one}/x`])
    t.ok(it.bound.has(one), 'the app')
    t.equal(arrived.headers['secure-session-challenge'], undefined, "the app's own challenge")
    t.equal(arrived.headers['secure-session-registration'], undefined)
    t.equal(arrived.headers['clear-site-data'], '"cache"')
    t.notMatch(arrived.headers['set-cookie'] ?? [], [/device/], 'the app plants no bound cookie')
    const later = await it.request('GET', `https://${one}/x`, {
      'secure-session-skipped': 'quota_exceeded',
      'sec-secure-session-id': 'x',
      'Secure_Session-Response': 'y'
    })
    const got = JSON.parse(later.body).headers
    t.same(
      Object.keys(got).filter(name => /secure.session/.test(name)),
      []
    )
    t.equal(got.cookie, undefined)
    const registered = await it.refresh(one)
    t.equal(registered.status, 200)
    t.match(
      registered.headers['set-cookie']?.[0],
      new RegExp(`^${bound}=[^;]+; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=${lifetime}$`)
    )
    t.equal((await it.open(`https://plain.localhost/`)).status, 200)
    t.notOk(it.bound.has('plain.localhost'), 'no key where no app asks for one')
  })

  await t.test('what a registration tells the browser', async t => {
    const it = await browser()
    const { cookies } = await running.signIn(ada)
    const other = new BoundBrowser(port, false)
    other.set(gate, cookies.gate!)
    time.advance(61)
    const page = await other.open(`https://${gate}/.factorgate/`)
    const offer = String(page.headers['secure-session-registration'])
    t.match(offer, /^\(ES256 RS256\);path="\/\.factorgate\/device\/register";challenge="[\w.-]+"$/)
    const answer = await it.register(gate, offer)
    t.match(JSON.parse(answer.body), {
      session_identifier: /^[\w-]{22}\.[\w-]{8}$/,
      refresh_url: '/.factorgate/device/refresh',
      scope: { include_site: false },
      credentials: [{ type: 'cookie', name: bound, attributes: 'Path=/; Secure; HttpOnly; SameSite=Lax' }],
      allowed_refresh_initiators: [one, 'bait.localhost', 'strict.localhost']
    })
    t.equal(answer.headers['cache-control'], 'no-store')
    t.match(answer.headers['secure-session-challenge'], /^"[\w.-]+";id="[\w-]{22}\.[\w-]{8}"$/)
    const again = await it.register(gate, offer)
    t.equal(again.status, 400)
    t.equal(again.headers['set-cookie'], undefined, 'a refused one takes no live cookie away')
  })

  await t.test('a thief with the whole jar has it until the bound cookie ends, and then nothing', async t => {
    const owner = await visitor()
    const thief = owner.stolen()
    const here = `https://${one}`
    const ways: readonly [string, () => ReturnType<BoundBrowser['request']>, RegExp][] = [
      ['a page', () => thief.request('GET', `${here}/`, navigation), /^302 /],
      [
        'a link from elsewhere',
        () => thief.request('GET', `${here}/`, { ...navigation, 'sec-fetch-site': 'cross-site' }),
        /^302 /
      ],
      ['a fetch', () => thief.request('GET', `${here}/api`, { 'sec-fetch-mode': 'cors' }), needsKey],
      ['a POST', () => thief.request('POST', `${here}/api`, { 'sec-fetch-mode': 'cors' }, 'x'), needsKey],
      ['a form', () => thief.request('POST', `${here}/form`, { ...navigation, origin: here }, 'x=1'), needsKey],
      ['an event stream', () => thief.request('GET', `${here}/events`, { accept: 'text/event-stream' }), needsKey],
      [
        'a download',
        () => thief.request('GET', `${here}/big.tar`, { 'user-agent': 'curl/8', range: 'bytes=0-9' }),
        needsKey
      ],
      ['WebDAV', () => thief.request('PROPFIND', `${here}/dav/`, { depth: '1' }), needsKey],
      ['WebDAV, a copy', () => thief.request('COPY', `${here}/dav/a`, { destination: `${here}/dav/b` }), needsKey],
      [
        'a WebSocket',
        () =>
          thief.request('GET', `${here}/ws`, {
            connection: 'Upgrade',
            upgrade: 'websocket',
            'sec-websocket-version': '13',
            'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
            origin: here
          }),
        needsKey
      ],
      ['forward-auth', () => thief.request('GET', `${here}/.factorgate/auth`, forwarded(one, '/api')), needsKey],
      [
        'a path that asks for a fresh proof',
        () => thief.request('GET', `${here}/fresh`, { 'sec-fetch-mode': 'cors' }),
        needsKey
      ],
      [
        'a path that the rules do not know',
        () => thief.request('DELETE', `${here}/x`, { 'sec-fetch-mode': 'cors' }),
        needsKey
      ]
    ]
    const jar = new Map([...thief.jar].map(([host, cookies]) => [host, new Map(cookies)]))
    const restore = () => {
      for (const [host, cookies] of jar) thief.jar.set(host, new Map(cookies))
    }
    for (const [name, send] of ways) {
      const { status } = await send()
      t.not(status, 401, `${name} works while the bound cookie lives: ${status}`)
    }
    time.advance(lifetime + 31)
    for (const [name, send, after] of ways) {
      restore()
      const { status, headers } = await send()
      t.match(`${status} ${headers['factorgate-error']}`, after, name)
    }
    restore()
    const page = await thief.open(`${here}/`)
    t.match(page.url, `https://${gate}/.factorgate/login`, 'no hand-over: the portal demands its own key')
    t.equal(page.status, 200)
    t.notMatch(page.body, /\bada\b/i, 'the page does not say whose token it is')
    const stepUp = await thief.request('GET', `https://${gate}/.factorgate/challenge?rd=${here}/fresh`, navigation)
    t.match([stepUp.status, stepUp.headers['factorgate-error']], [302, 'device_proof_required'], 'no step-up')
    const typed = await thief.request(
      'POST',
      `https://${gate}/.factorgate/challenge/totp`,
      { ...navigation, origin: `https://${gate}`, 'content-type': 'application/x-www-form-urlencoded' },
      'code=123456'
    )
    t.not(typed.status, 200)
    t.equal(typed.headers['set-cookie']?.some(line => line.startsWith(`${session}=`)) ?? false, false)
    for (const own of ['account', '', 'enrol', 'admin'])
      t.match(
        (await thief.request('GET', `https://${gate}/.factorgate/${own}`, navigation)).status,
        302,
        `portal page ${own}`
      )
    restore()
    t.equal((await thief.request('GET', `${here}/open`)).status, 200, 'a public path is public')
    t.equal(
      JSON.parse((await thief.request('GET', `${here}/open`)).body).headers['remote-user'],
      undefined,
      'and gets no name'
    )
    t.equal((await thief.request('GET', `${here}/free`)).status, 200, 'a rule that looks at no keys takes the token')
    t.equal((await thief.request('GET', `${here}/side/x`)).status, 200, 'and so does an app beside it')
    const lost = await journal('device.lost')
    t.same(lost.map(({ host }) => host).sort(), [gate, one], 'the journal says it once for each host')
    t.match(lost[0], { account: ada.id, session: owner.bound.get(one)!.id.slice(0, 22) })
    t.equal((await owner.refresh(one)).status, 200, 'the owner goes on')
    t.equal((await owner.request('GET', `${here}/`, navigation)).status, 200)
    t.equal((await owner.refresh(gate)).status, 200)
    t.equal((await owner.request('GET', `https://${gate}/.factorgate/account`, navigation)).status, 200)
  })

  await t.test('a form that comes without the proof is kept, and is sent only with the proof', async t => {
    const owner = await visitor()
    const here = `https://${one}`
    const thief = owner.stolen()
    time.advance(lifetime + 31)
    const own = { ...navigation, origin: here, 'sec-fetch-site': 'same-origin' }
    const form = { ...own, 'content-type': 'application/x-www-form-urlencoded' }
    const post = (who: BoundBrowser) => who.request('POST', `${here}/save`, form, 'text=three+pages')
    const kept = await post(owner)
    t.match([kept.status, kept.headers['factorgate-error']], [303, 'device_proof_required'])
    const page = String(kept.headers.location)
    t.match((await owner.request('GET', page, navigation)).headers.location, `https://${gate}/.factorgate/login?`)
    t.equal((await owner.refresh(one)).status, 200)
    const shown = await owner.request('GET', page, navigation)
    const [, name = '', value = ''] = /name="([\w-]+)" value="([\w.-]+)"/.exec(shown.body) ?? []
    const press = (who: BoundBrowser) =>
      who.request('POST', `${here}/save`, { ...own, 'content-type': 'text/plain' }, `${name}=${value}`)
    for (const [host, cookies] of owner.jar)
      for (const [cookie, text] of cookies) if (/-kept-/.test(cookie)) thief.set(host, `${cookie}=${text}`)
    const stolen = await press(thief)
    t.match([stolen.status, stolen.headers['factorgate-error']], [303, 'device_proof_required'], 'a thief')
    const sent = await press(owner)
    t.equal(sent.status, 200)
    t.equal(JSON.parse(sent.body).url, '/save')
  })

  await t.test('a thief with a live jar and a key of their own gets no other host, and takes no key away', async t => {
    const owner = await visitor()
    const login = `https://${gate}/.factorgate/login`
    time.advance(61)
    for (const host of [one, 'strict.localhost', 'plain.localhost']) {
      const thief = owner.stolen()
      thief.jar.delete(host)
      const arrived = await thief.open(`https://${host}/`)
      t.match([arrived.status, arrived.trail.slice(1)], [200, [`307 ${login}`, `200 ${login}`]], host)
      t.notMatch(arrived.body, /\bada\b/i)
      t.same([...thief.bound.keys()], [], 'no key of the thief')
    }
    const stubborn = owner.stolen()
    const cookie = owner.cookie(gate)
    const asked = `${login}?${new URLSearchParams({ rd: `https://${one}/`, state: 'A'.repeat(43) })}`
    const first = await stubborn.request('GET', asked, { ...navigation, cookie })
    t.equal(first.status, 307)
    const next = new URL(String(first.headers.location), login).href
    const again = await stubborn.request('GET', next, { ...navigation, cookie })
    t.equal(again.status, 200, 'the bound cookie that the gate has ended is no proof, and there is no circle')
    t.equal((await owner.request('GET', `https://${one}/`, navigation)).status, 200, 'the owner keeps the key')
    const strict = await owner.open('https://strict.localhost/x')
    t.match(
      strict.trail.slice(1),
      [`307 ${login}`, `303 ${login}`, /^303 .*callback/, '200 https://strict.localhost/x'],
      'the owner shows the key on the way'
    )
    const plain = await owner.open('https://plain.localhost/')
    t.notMatch(plain.trail.join('\n'), /^307/m, 'one proof is enough for tabs that are opened together')
    time.advance(61)
    owner.jar.delete(one)
    const old = owner.bound.get(one)!
    owner.bound.delete(one)
    t.match((await owner.open(`https://${one}/`)).trail.at(-1), `200 https://${one}/`)
    t.not(owner.bound.get(one)!.challenge, old.challenge, 'who shows the key of the portal replaces a lost one')
  })

  await t.test('a token of the portal without a key replaces no key of a host, unless a factor is fresh', async t => {
    const owner = new BoundBrowser(port)
    owner.set(gate, (await running.signIn(ada)).cookies.gate!)
    await owner.open(`https://${one}/`)
    t.same([...owner.bound.keys()], [one])
    const thief = owner.stolen()
    thief.jar.delete(one)
    time.advance(16 * 60)
    const arrived = await thief.open(`https://${one}/`)
    t.match(arrived.url, `https://${gate}/.factorgate/login?switch=1`)
    t.equal((await owner.refresh(one)).status, 200)
    t.equal((await owner.request('GET', `https://${one}/`, navigation)).status, 200)
  })

  await t.test('proofs that a thief overhears', async t => {
    const owner = await visitor()
    const thief = owner.stolen()
    const { id, challenge } = owner.bound.get(one)!
    const proof = owner.device!.refresh(challenge)
    const send = (headers: Record<string, string>, host = one) =>
      thief.request('POST', `https://${host}/.factorgate/device/refresh`, { 'content-length': 0, ...headers })
    const first = await send({ 'sec-secure-session-id': id, 'secure-session-response': proof })
    t.equal(first.status, 200)
    const second = await send({ 'sec-secure-session-id': id, 'secure-session-response': proof })
    t.match([second.status, second.headers['set-cookie']], [403, undefined], 'an old proof')
    t.ok(second.headers['secure-session-challenge'])
    t.equal(
      (await send({ 'sec-secure-session-id': id, 'secure-session-response': `"${owner.device!.refresh('other')}"` }))
        .status,
      403
    )
    t.equal(
      (await send({ 'sec-secure-session-id': id, 'secure-session-response': proof }, gate)).status,
      400,
      'another host'
    )
    t.equal((await send({ 'secure-session-response': proof })).status, 400, 'without an id')
    t.equal((await send({ 'sec-secure-session-id': id, 'secure-session-response': 'x.y.z' })).status, 400)
    t.equal(
      (await thief.request('GET', `https://${one}/.factorgate/device/refresh`, { 'sec-secure-session-id': id })).status,
      404,
      'POST only'
    )
    t.equal((await owner.refresh(one)).status, 200, 'the owner only needs one round more')
    const refusals = (await journal('device.refused')).map(({ why }) => why)
    t.same(refusals.slice(-3), ['unreadable', 'unreadable', 'unreadable'])
    t.match((await journal('device.bound')).at(-1), { host: one, alg: 'ES256', account: ada.id })
  })

  await t.test('a navigation that does not wait for a refresh comes to the app all the same', async t => {
    const it = await visitor()
    time.advance(lifetime + 31)
    const link = await it.open(`https://${one}/x?y=1`, 'cross-site')
    t.match(link.trail, [`302 https://${one}/x`, `200 https://${one}/.factorgate/device/return`])
    const there = /content="0;url=([^"]+)"/.exec(link.body)?.[1]?.replaceAll('&amp;', '&') ?? ''
    t.equal(new URL(there).searchParams.get('rd'), '/x?y=1')
    await it.refresh(one)
    const after = await it.open(there, 'same-origin')
    t.match(after.trail, [`303 https://${one}/.factorgate/device/return`, `200 https://${one}/x`])
    time.advance(lifetime + 31)
    await it.refresh(gate)
    const without = await it.open(there, 'same-origin')
    t.equal(without.status, 200, 'without its key the portal gives a new token, and asks for nothing')
    t.ok(without.trail.some(step => /callback/.test(step)))
    t.equal((await it.request('GET', `https://${one}/x`)).status, 200, 'which is bound again')
    time.advance(lifetime + 31)
    const portal = await it.open(`https://${gate}/.factorgate/account`, 'same-site')
    t.match(portal.trail.at(-1), /^200 .*device\/return$/, 'the portal does the same for its pages')
    for (const rd of [
      '//evil.example/',
      'https://evil.example/',
      '/\\evil.example',
      'x',
      '/.factorgate/device/return?rd=/'
    ]) {
      const { headers } = await it.request(
        'GET',
        `https://${one}/.factorgate/device/return?${new URLSearchParams({ rd })}`,
        navigation
      )
      t.match(new URL(String(headers.location)).hostname, /^(?:one|gate)\.localhost$/, rd)
    }
  })

  await t.test('a link of another site leads through it to no decoy, and what follows counts as led (B2)', async t => {
    const bait = 'https://bait.localhost'
    const eve = await running.account('eve')
    const suspended = async () => (await server.runtime.accounts.byId(eve.id))?.suspended ?? null
    const it = await browser(true, eve)
    await it.open(`${bait}/`)
    t.ok(it.bound.has('bait.localhost'))
    const led: (boolean | undefined)[] = []
    const stop = server.runtime.observers.add(({ exchange, phase }) => {
      if (phase === 'start') led.push(exchange.isLed)
    })
    t.teardown(stop)
    const follow = async (url: string, from: string) => {
      time.advance(lifetime + 31)
      const page = await it.open(url, from)
      t.match(page.trail.at(-1), /^200 .*device\/return$/)
      await it.refresh('bait.localhost')
      return it.open(/content="0;url=([^"]+)"/.exec(page.body)?.[1]?.replaceAll('&amp;', '&') ?? '', 'same-origin')
    }
    for (const url of ['/finance/a', '/.factorgate/device/return?rd=/finance/a', '/x/..%2ffinance/a']) {
      const { trail, status } = await follow(bait + url, 'cross-site')
      t.match([status, trail.at(-1)], [200, `200 ${bait}/`], url)
    }
    t.equal(await suspended(), null)
    time.advance(61)
    led.length = 0
    t.match((await follow(`${bait}/x`, 'cross-site')).trail.at(-1), `200 ${bait}/x`)
    await it.open(`${bait}/y`, 'same-origin')
    time.advance(61)
    await it.open(`${bait}/z`, 'same-origin')
    t.same(led, [true, true, false])
    await it.open(`${bait}/finance/a`, 'none')
    t.not(await suspended(), null, 'whoever goes there alone touches it')
  })

  await t.test('the second factor comes with the offer, and a new sign-in ends the one whose key is lost', async t => {
    const { runtime } = server
    const { store, clock, limiter, credentials } = runtime
    const totp = new Totp({
      store,
      clock,
      limiter,
      credentials,
      keyring: () => runtime.keyring,
      issuer: 'Lab',
      algorithm: 'SHA1',
      digits: 6,
      period: 30,
      skew: 1
    })
    const bob = await running.account('bob')
    await runtime.local.setPassword(bob.id, 'correct horse battery')
    const { ceremony, secret } = await totp.begin(bob, 'test')
    await totp.finish({
      accountId: bob.id,
      binding: 'test',
      ceremony,
      code: totpCode(secret, time.now),
      name: 'phone',
      address: '127.0.0.1'
    })
    const it = new BoundBrowser(port)
    const post = async (path: string, fields: Record<string, string>) => {
      const page = await it.request('GET', `https://${gate}${path}`, navigation)
      const csrf = /name="csrf" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
      const headers = { ...navigation, origin: `https://${gate}`, 'content-type': 'application/x-www-form-urlencoded' }
      return it.request(
        'POST',
        `https://${gate}${path.replace('challenge', 'challenge/totp')}`,
        headers,
        String(new URLSearchParams({ csrf, ...fields }))
      )
    }
    const signIn = async () => {
      time.advance(30)
      const first = await post('/.factorgate/login', { username: 'bob', password: 'correct horse battery' })
      t.match(
        [first.status, first.headers['secure-session-registration']],
        [303, undefined],
        'no offer after one factor'
      )
      return post('/.factorgate/challenge', { code: totpCode(secret, time.now) })
    }
    const second = await signIn()
    t.equal(second.status, 303)
    t.match(second.headers['secure-session-registration'], /^\(ES256 RS256\)/)
    const old = it.bound.get(gate)!
    t.ok(old)
    it.jar.get(gate)?.delete(bound)
    time.advance(60)
    const again = await signIn()
    t.match(again.headers['secure-session-registration'], /^\(ES256 RS256\)/)
    t.not(it.bound.get(gate)!.id, old.id)
    const left = await runtime.sessions.list(bob.id)
    t.equal(left.length, 1, 'otherwise the browser would refresh both, and one cookie would replace the other')
    it.bound.set(gate, old)
    const ended = await it.refresh(gate)
    t.match([ended.status, ended.headers['set-cookie']?.length], [400, 1])
  })

  await t.test('the sign-in page keeps the token of a browser that has lost its key', async t => {
    const it = await visitor()
    const { id } = it.bound.get(gate)!
    time.advance(lifetime + 31)
    it.jar.get(gate)?.delete(bound)
    const page = await it.request('GET', `https://${gate}/.factorgate/login`, navigation)
    t.equal(page.status, 200)
    t.ok(it.jar.get(gate)?.has(session), 'the page keeps the token, so that the sign-in knows which one to end')
    const sessions = await server.runtime.sessions.list(ada.id)
    t.ok(sessions.some(({ session }) => id.startsWith(session.id)))
  })

  await t.test('required: nothing passes before the key is there, and a browser that cannot is told', async t => {
    const strict = 'https://strict.localhost'
    const able = await browser()
    const arrived = await able.open(`${strict}/x`)
    t.match(arrived.trail.at(-1), `200 ${strict}/x`)
    t.ok(able.bound.has('strict.localhost'))
    const other = await browser(false)
    const before = app.seen.length
    const refused = await other.open(`${strict}/x`)
    t.match([refused.status, refused.headers['factorgate-error']], [401, 'device_required'])
    t.match(refused.body, /Chrome on Windows/)
    t.match(
      (await other.request('GET', `${strict}/api`, { 'sec-fetch-mode': 'cors' })).headers['factorgate-error'],
      'device_required'
    )
    t.equal(app.seen.length, before, 'the app hears nothing')
    t.equal((await other.open(`https://${one}/`)).status, 200, 'preferred lets it in as ever')
  })

  await t.test('a proxy that asks the gate sends people the same ways', async t => {
    const it = await visitor()
    const unable = await browser(false)
    unable.set('strict.localhost', (await running.signIn(ada, 'strict')).cookies.strict!)
    const verdict = (who: BoundBrowser, host: string, headers: Record<string, string>, isNginx = false) => {
      const asked = isNginx
        ? { 'x-forwarded-for': '192.0.2.1', 'x-original-url': `https://${host}/x?y=1`, 'x-original-method': 'GET' }
        : forwarded(host, '/x?y=1')
      return who.request('GET', `https://${host}/.factorgate/auth`, { ...navigation, ...headers, ...asked })
    }
    t.equal((await verdict(it, one, {})).status, 200)
    time.advance(lifetime + 31)
    const back = `https://${one}/.factorgate/device/return?rd=%2Fx%3Fy%3D1`
    const link = await verdict(it, one, { 'sec-fetch-site': 'cross-site' })
    t.match([link.status, link.headers.location], [302, back])
    const nginx = await verdict(it, one, { 'sec-fetch-site': 'cross-site' }, true)
    t.match([nginx.status, nginx.headers.location], [401, back])
    const typed = await verdict(it, one, {})
    t.match([typed.status, typed.headers['factorgate-error']], [302, 'device_proof_required'])
    t.match(typed.headers.location, `https://${gate}/.factorgate/login?`)
    const strict = await verdict(unable, 'strict.localhost', {})
    t.match([strict.status, strict.headers['factorgate-error']], [302, 'device_required'])
    t.match(strict.headers.location, 'https://strict.localhost/.factorgate/device/return?')
  })

  await t.test('a token without its key keeps no session alive, and is told nothing of its end', async t => {
    const owner = await visitor()
    const id = owner.bound.get(one)!.id.slice(0, 22)
    const seen = async () => {
      const all = await server.runtime.sessions.list(ada.id)
      return all.find(({ session }) => session.id === id)?.lastSeenAt
    }
    const ends = async () =>
      JSON.parse((await owner.request('GET', `https://${one}/.factorgate/session`)).body).endsIn as number
    t.ok((await ends()) > 0)
    time.advance(lifetime + 31)
    const before = await seen()
    for (const path of ['/x', '/open', '/.factorgate/auth', '/.factorgate/device/return?rd=/x']) {
      const asked = path === '/.factorgate/auth' ? forwarded(one, '/x') : {}
      const cookie = owner.cookie(one)
      await owner.request('GET', `https://${one}${path}`, { 'sec-fetch-mode': 'cors', cookie, ...asked })
    }
    t.equal(await seen(), before, 'no refused request is a use')
    t.equal(await ends(), 0)
    await owner.refresh(one)
    t.equal(await seen(), before, 'nor is a refresh by itself')
    t.ok((await ends()) > 0)
    await owner.request('GET', `https://${one}/x`, navigation)
    t.equal(await seen(), time.now, 'the owner is seen')
  })

  await t.test('a sign-out without the key ends the session, and never says so before', async t => {
    for (const host of [gate, one]) {
      const owner = await visitor()
      const id = owner.bound.get(one)!.id.slice(0, 22)
      const stands = () => server.runtime.sessions.stands(id)
      time.advance(lifetime + 31)
      const signOut = `https://${host}/.factorgate/logout`
      const headers = { ...navigation, origin: `https://${host}`, 'content-type': 'application/x-www-form-urlencoded' }
      const page = await owner.request('GET', signOut, navigation)
      t.equal(page.status, 200, 'it asks')
      t.notMatch(page.body, /\bada\b/i)
      const forged = await owner.request('POST', signOut, headers, 'csrf=x')
      t.match([forged.status, await stands()], [403, true], 'a forged form ends nothing')
      t.equal(
        (await owner.request('GET', `https://${gate}/.factorgate/signed-out`, navigation)).status,
        303,
        'no page says that it has ended'
      )
      const csrf = /name="csrf" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
      const done = await owner.request('POST', signOut, headers, String(new URLSearchParams({ csrf })))
      t.match([done.status, done.headers.location], [303, /signed-out/])
      t.equal(await stands(), false)
      t.match((await journal('logout')).at(-1), { account: ada.id, session: id })
    }
  })

  await t.test('a sign-out takes the bound cookie along, and a later refresh ends the key', async t => {
    const it = await visitor()
    const list = await it.request('GET', `https://${gate}/.factorgate/account`, navigation)
    t.match(list.body, /Bound to its device since/)
    await server.runtime.sessions.endAccount(ada.id, 'logout')
    const ended = await it.refresh(one)
    t.equal(ended.status, 400)
    t.match(ended.headers['set-cookie'], [new RegExp(`^${bound}=;.*Max-Age=0$`)])
  })

  await t.test('the store is away: no key is lost', async t => {
    const it = await visitor()
    const { store } = server.runtime
    const { add } = store
    store.add = () => Promise.reject(new StoreUnreachable('gone'))
    t.equal((await it.refresh(one)).status, 503, 'never a 4xx')
    store.add = add
    t.equal((await it.refresh(one)).status, 200)
  })
})
