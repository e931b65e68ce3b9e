/** `X-HTTP-Method-Override` and its kin: for an app that asks for them, the rules judge the methods that they name too. */
import { readFileSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import t from 'tap'
import { echoApp, startGateway } from '../fixtures/in-process/gateway.ts'

const spellings = ['X-HTTP-Method-Override', 'X-Http-Method', 'x-method-override', 'X_HTTP_METHOD_OVERRIDE']

t.test('headers that override the method', async t => {
  const upstream = await echoApp(t, (request, response) => {
    response.setHeader('content-type', 'application/json')
    response.write(JSON.stringify({ headers: request.headers, from: request.socket.remotePort }))
    if (request.url !== '/open') response.end()
  })
  const rules = `rules:
      - { path: /open, access: public }
      - { path: /form, methods: [POST], access: public }
      - { methods: [DELETE], access: deny }
      - { path: /keys/**, methods: [PATCH], access: mfa, factors: [webauthn] }
      - { groups: [researchers], access: mfa }`
  const gate = await startGateway(t, {
    apps: `  - id: one
    url: "http://one.localhost:PORT"
    upstream: "${upstream.url}"
    passHeaders: [${spellings.slice(0, 3).join(', ')}]
    ${rules}
  - id: two
    url: "http://two.localhost:PORT"
    upstream: "${upstream.url}"
    ${rules}`
  })
  const { cookies } = await gate.signIn(await gate.account('alice'), 'one', 'two')
  const ask = (host: string, method: string, path: string, headers: Record<string, string>, isAlice = true) =>
    gate.request(method, gate.origin(host) + path, {
      'sec-fetch-mode': 'cors',
      ...(method === 'GET' ? {} : { 'content-length': '0' }),
      ...(isAlice ? { cookie: cookies[host] as string } : {}),
      ...headers
    })

  t.test('reach an app that lists them, where the rules permit both methods', async t => {
    for (const name of spellings) {
      const answer = await ask('one', 'POST', '/x', { [name]: 'PUT' })
      t.equal(answer.status, 200, name)
      t.equal(JSON.parse(answer.body).headers[name.toLowerCase()], 'PUT', name)
    }
  })

  t.test('M26: are refused with a method that is denied, in any spelling and beside others', async t => {
    const before = upstream.seen.length
    for (const method of ['POST', 'GET'])
      for (const name of spellings)
        for (const value of ['DELETE', 'delete', ' DELETE ', 'PUT, DELETE'])
          t.equal((await ask('one', method, '/x', { [name]: value })).status, 403, `${method} ${name}: ${value}`)
    const nobody = await ask('one', 'POST', '/form', { 'x-http-method': 'PUT' }, false)
    t.equal(nobody.headers['factorgate-error'], 'sign_in_required', 'what is public for POST is not for PUT')
    t.equal(upstream.seen.length, before)
  })

  t.test('make of a GET a request that is not sent twice: it gets a new connection', async t => {
    const from = async (headers: Record<string, string>) =>
      JSON.parse((await ask('one', 'GET', '/x', headers)).body).from
    const first = await from({})
    t.equal(await from({}), first)
    t.equal(await from({ 'x-http-method': 'REPORT' }), first)
    t.not(await from({ 'x-http-method': 'PUT' }), first)
  })

  t.test('ask for the proof of the method that they name, and the portal hears of it', async t => {
    for (const method of ['POST', 'GET']) {
      const answer = await ask('one', method, '/keys/x', { 'x-http-method-override': 'PATCH' })
      t.equal(answer.headers['factorgate-error'], 'other_factor_required')
      const { challengeUrl } = JSON.parse(answer.body).error
      t.equal(new URL(challengeUrl).searchParams.get('ask'), `${method},PATCH ${gate.origin('one')}/keys/x`)
    }
  })

  t.test('do not reach another app, whose rules see the method alone', async t => {
    for (const name of spellings) {
      const answer = await ask('two', 'POST', '/x', { [name]: 'DELETE' })
      t.equal(answer.status, 200, name)
      t.notMatch(answer.body.toLowerCase(), /method.override/)
    }
  })

  t.test('a POST with one is not kept: it would be sent again without', async t => {
    const headers = { 'content-type': 'application/json', origin: gate.origin('one'), 'sec-fetch-site': 'same-origin' }
    const body = '{"a":1}'
    const own = { ...headers, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', cookie: cookies.one as string }
    const send = (more: Record<string, string>) =>
      gate.request('POST', `${gate.origin('one')}/keys/x`, { ...own, ...more }, body)
    const answer = await send({ 'x-http-method-override': 'PATCH' })
    t.equal(answer.headers['factorgate-error'], 'other_factor_required')
    t.equal(JSON.parse(answer.body).error.keptUrl, undefined)
  })

  t.test('a transfer ends when a new rule denies the method that its header names', async t => {
    const socket = net.connect(gate.port, '127.0.0.1')
    t.teardown(() => socket.destroy())
    const ended = new Promise<void>(resolve => socket.on('error', () => {}).on('close', () => resolve()))
    const host = `one.localhost:${gate.port}`
    const head = `GET /open HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookies.one}\r\nX-HTTP-Method: REPORT\r\n\r\n`
    socket.write(head)
    t.match(String(await new Promise(resolve => socket.once('data', resolve))), /^HTTP\/1\.1 200/)
    const denied = '- { methods: [REPORT], access: deny }\n      - { path: /open, access: public }'
    const text = readFileSync(gate.configFile, 'utf8')
    writeFileSync(gate.configFile, text.replaceAll('- { path: /open, access: public }', denied))
    await gate.server.reload(await gate.load())
    await ended
    t.pass('it is cut')
  })
})
