/** Requests that are under way while their browser's new key is registered (THREATS S18): they are sent again, and pass with the key's cookie alone. */
import t from 'tap'
import { BoundBrowser } from '../fixtures/in-process/bound-browser.ts'
import { echoApp, navigation, startGateway } from '../fixtures/in-process/gateway.ts'
import { TestClock } from '../fixtures/in-process/memory-store.ts'

const gate = 'gate.localhost'
const one = 'one.localhost'
const bound = '__Host-factorgate-device'
const browser = { 'user-agent': 'test' }
const script = { ...browser, 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'empty' }
const page = { ...navigation, ...browser }

t.test('requests that were sent before the first cookie', async t => {
  const time = new TestClock()
  const app = await echoApp(t)
  const running = await startGateway(t, {
    isHttps: true,
    clock: time.read,
    extra: 'trustedProxies: [127.0.0.1]',
    apps: `
  - { id: one, title: One, url: https://one.localhost, upstream: "${app.url}", deviceBound: preferred, keepPosts: {}, rules: [{ path: /open, access: public }, { access: mfa }] }
  - { id: strict, title: Strict, url: https://strict.localhost, upstream: "${app.url}", deviceBound: required }`
  })
  const ada = await running.account('ada')
  const untilBound = async (owner: BoundBrowser, host: string) => {
    let at = host === gate ? `https://${gate}/.factorgate/` : `https://${host}/`
    while (owner.jar.get(host)?.has(bound) !== true) {
      const { headers } = await owner.request('GET', at, page)
      at = new URL(headers.location ?? at, at).href
    }
  }
  /** A person whose browser has a key since this moment, and a request that it has sent before: without the key's cookie. */
  const person = async (hasShown: boolean) => {
    const owner = new BoundBrowser(running.port)
    owner.set(gate, (await running.signIn(ada)).cookies.gate!)
    time.advance(61)
    await untilBound(owner, gate)
    for (const host of [one, 'strict.localhost']) {
      await untilBound(owner, host)
      if (hasShown) await owner.open(`https://${host}/`)
    }
    const before = owner.stolen()
    for (const cookies of before.jar.values()) cookies.delete(bound)
    return { owner, before }
  }
  const forwarded = {
    'x-forwarded-for': '192.0.2.1',
    'x-forwarded-host': one,
    'x-forwarded-uri': '/a?b=1',
    'x-forwarded-method': 'GET',
    'x-forwarded-proto': 'https'
  }
  const ways = (who: BoundBrowser): readonly [string, string, () => ReturnType<BoundBrowser['request']>][] => {
    const send = (method: string, path: string, headers: Record<string, string>, body?: string) => () =>
      who.request(method, `https://${one}${path}`, headers, body)
    const form = { ...page, origin: `https://${one}`, 'content-type': 'application/x-www-form-urlencoded' }
    return [
      ['a page', `https://${one}/a?b=1`, send('GET', '/a?b=1', page)],
      ['a fetch', `https://${one}/a?b=1`, send('GET', '/a?b=1', script)],
      ['a picture', `https://${one}/p.png`, send('GET', '/p.png', { ...script, 'sec-fetch-dest': 'image' })],
      [
        'a POST of a script',
        `https://${one}/save`,
        send('POST', '/save', { ...script, 'content-type': 'text/plain' }, 'x')
      ],
      ['a form', `https://${one}/save`, send('POST', '/save', form, 'x=1')],
      ['WebDAV', `https://${one}/dav/`, send('PROPFIND', '/dav/', { ...script, depth: '1' })],
      ['forward-auth', `https://${one}/a?b=1`, send('GET', '/.factorgate/auth', { ...script, ...forwarded })],
      ['how long the session lasts', `https://${one}/.factorgate/session`, send('GET', '/.factorgate/session', script)],
      [
        'an app that demands a key',
        'https://strict.localhost/x',
        () => who.request('GET', 'https://strict.localhost/x', page)
      ]
    ]
  }

  const [pictureUrl, picture] = ['/p.png', { ...script, 'sec-fetch-dest': 'image' }]
  const told = { 'factorgate-error': 'device_proof_required' }

  await t.test(
    'they are sent to their own address again, and the app hears nothing before the cookie comes',
    async t => {
      const { owner, before } = await person(false)
      const heard = app.seen.length
      for (const [name, url, send] of ways(before)) {
        const { status, headers } = await send()
        t.match([status, headers.location, headers['cache-control']], [307, url, 'no-store'], name)
        t.equal(headers['set-cookie'], undefined, `${name} takes no cookie away`)
      }
      t.equal(app.seen.length, heard)
      const [, , fetched] = ways(owner)[1]!
      t.equal((await fetched()).status, 200, 'with the cookie it passes')
      t.equal((await before.request('GET', `https://${one}/open`, script)).status, 200, 'a public path needs no cookie')
    }
  )

  await t.test('the portal does the same', async t => {
    const owner = new BoundBrowser(running.port)
    owner.set(gate, (await running.signIn(ada)).cookies.gate!)
    time.advance(61)
    await untilBound(owner, gate)
    const before = owner.stolen()
    before.jar.get(gate)?.delete(bound)
    for (const path of ['account', `login?rd=https%3A%2F%2F${one}%2F`]) {
      const url = `https://${gate}/.factorgate/${path}`
      t.match(await before.request('GET', url, page), { status: 307, headers: { location: url } })
    }
  })

  await t.test('parts of a page may be late, also when the cookie has been seen', async t => {
    const { owner, before } = await person(true)
    const late = () => before.request('GET', `https://${one}${pictureUrl}`, picture)
    t.match(await late(), { status: 307, headers: { location: `https://${one}${pictureUrl}` } })
    for (const [name, , send] of ways(before).filter(([name]) => name !== 'a picture')) {
      const { status } = await send()
      t.ok([200, 302, 303, 401].includes(status), `${name} is told at once: ${status}`)
    }
    time.advance(31)
    t.match(await late(), { status: 401, headers: told })
    t.equal((await owner.request('GET', `https://${one}/a`, script)).status, 200, 'the owner goes on')
  })

  await t.test('what follows no redirect, or says that it has no cookie, is told at once', async t => {
    const { before } = await person(false)
    const socket = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      origin: `https://${one}`,
      ...script
    }
    t.match(await before.request('GET', `https://${one}/ws`, socket), { status: 401, headers: told })
    const skipped = { ...script, 'secure-session-skipped': 'unreachable;session_identifier="x"' }
    t.match(await before.request('GET', `https://${one}/a`, skipped), { status: 401, headers: told })
    const { status } = await before.request('POST', `https://${one}/.factorgate/device/refresh`, {
      'content-length': 0
    })
    t.equal(status, 400, 'a refresh is never redirected')
  })

  await t.test(
    'the script on the page of a kept save takes a redirect for the answer of the app, so it is told at once',
    async t => {
      /** Its browser has not had the time to register a key for the app. */
      const before = new BoundBrowser(running.port, false)
      const ended = await running.signIn(ada, 'one')
      before.set(one, ended.cookies.one!)
      await running.server.runtime.sessions.end(ended.principal.session.id, 'revoked')
      const write = { ...script, origin: `https://${one}`, referer: `https://${one}/a` }
      const json = { ...write, 'content-type': 'application/json' }
      const stopped = await before.request('PUT', `https://${one}/saved`, json, '{}')
      const { keptUrl } = JSON.parse(stopped.body).error
      const owner = new BoundBrowser(running.port)
      owner.set(gate, (await running.signIn(ada)).cookies.gate!)
      time.advance(61)
      await untilBound(owner, gate)
      before.jar.set(gate, new Map(owner.jar.get(gate)))
      let offer: unknown
      let shown = ''
      for (let at: string | undefined = keptUrl; at !== undefined; ) {
        const { headers, body } = await before.request('GET', at, page)
        offer ??= headers['secure-session-registration']
        at = headers.location === undefined ? undefined : new URL(headers.location, at).href
        shown = body
      }
      const value = /name="factorgate-kept" value="([^"]*)"/.exec(shown)?.[1]
      t.type(value, 'string')
      owner.jar.set(one, new Map(before.jar.get(one)))
      await owner.register(one, String(offer))
      const press = { ...write, referer: keptUrl, 'content-type': 'text/plain' }
      const pressed = (who: BoundBrowser) =>
        who.request('POST', `https://${one}/saved`, press, `factorgate-kept=${value}`)
      t.match(await pressed(before), { status: 401, headers: told })
      const again = await before.request('GET', keptUrl, page)
      t.match([again.status, again.headers.location], [307, keptUrl], 'the page, loaded again, waits for the cookie')
      t.equal((await pressed(owner)).status, 200, 'and the save still waits')
    }
  )

  await t.test('a client that is not that browser is told at once', async t => {
    const { before } = await person(false)
    for (const headers of [
      {},
      browser,
      { 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' },
      { ...script, 'user-agent': 'curl' }
    ])
      for (const path of ['/a', pictureUrl])
        t.match(await before.request('GET', `https://${one}${path}`, headers), { status: 401, headers: told })
  })

  await t.test('a thief who has the token without the cookie gets nothing, whatever it says of itself', async t => {
    const { owner, before } = await person(false)
    const heard = app.seen.length
    for (const [, , send] of ways(before)) t.equal((await send()).status, 307)
    time.advance(11)
    for (const [name, , send] of ways(before)) {
      const { status } = await send()
      t.ok([200, 302, 303, 401].includes(status), `${name}: ${status}`)
    }
    t.equal(app.seen.length, heard)
    const { body } = await before.request('GET', `https://${one}/.factorgate/session`, script)
    t.match(JSON.parse(body), { endsIn: 0 })
    t.equal((await owner.request('GET', `https://${one}/a`, script)).status, 200, 'the owner goes on')
  })
})
