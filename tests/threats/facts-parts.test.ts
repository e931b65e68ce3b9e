/**
 * THREATS 0.11 to 0.13, 0.15 and 0.16: the behaviour of Fastify, otplib, SimpleWebAuthn, session plugins and ioredis by themselves, and of
 * the gate with them. A new version is tested here first.
 */
import { readFileSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import { verifySync } from 'otplib'
import t from 'tap'
import { newToken, tokenDigest } from '../../src/ids.ts'
import { Caller, codeOf, Fixture, newKey, password, tally } from '../fixtures/in-process/callers.ts'
import { startRedis } from '../fixtures/process/redis-server.ts'
import { isIn } from './s/sessions-ways.ts'
import { Forger, isRefusal } from './w/webauthn-forger.ts'

/** The HTTP servers that are told to listen while `act` runs. */
async function listening<T>(act: () => Promise<T>): Promise<{ result: T; servers: http.Server[] }> {
  const servers: http.Server[] = []
  const { listen } = net.Server.prototype
  net.Server.prototype.listen = function (this: net.Server, ...all: unknown[]) {
    if (this instanceof http.Server) servers.push(this)
    return (listen as (...all: unknown[]) => net.Server).apply(this, all)
  } as typeof listen
  try {
    return { result: await act(), servers }
  } finally {
    net.Server.prototype.listen = listen
  }
}

t.test('the measured facts, of parts', async t => {
  const { result: fixture, servers } = await listening(() => Fixture.start(t))

  await t.test('0.11 every server that listens has a limit where Fastify and Node have none', async t => {
    const ports = servers.map(server => (server.address() as net.AddressInfo | null)?.port)
    t.ok(ports.includes(fixture.gate.port) && ports.includes(fixture.gate.adminPort), 'both of them')
    for (const server of servers.filter(one => one.listening)) {
      const { port } = server.address() as net.AddressInfo
      // Node's minute will do on the private one.
      const longest = port === fixture.gate.port ? 15_000 : 60_000
      t.ok(server.headersTimeout > 0 && server.headersTimeout <= longest, `${port}: heads end`)
      t.ok(server.keepAliveTimeout > 0 && server.keepAliveTimeout <= 120_000, `${port}: idle connections end`)
    }
    const gate = servers.find(one => (one.address() as net.AddressInfo | null)?.port === fixture.gate.port)!
    t.equal(gate.maxHeadersCount, 0, 'no header is hidden from us')
    t.notOk((gate as { insecureHTTPParser?: boolean }).insecureHTTPParser)
    const form = { csrf: 'x', username: 'a'.repeat(17 * 1024) }
    t.equal(codeOf(await new Caller(fixture).post('/.factorgate/login', form)), 'body_too_large', '16 KiB, not 1 MiB')
    const said = await new Caller(fixture).get('/.factorgate/login', { 'x-forwarded-host': 'evil.test' })
    t.notMatch(said.body + said.lines.join(), /evil\.test/, 'no proxy is trusted by itself')
  })

  await t.test(
    '0.12 otplib answers with an object, throws, and remembers nothing: a wrong code is 401, counted, and good once',
    async t => {
      const person = await fixture.somebody()
      const { secret } = person
      const epoch = fixture.time.now / 1000
      t.match(verifySync({ secret, token: person.wrongCode(), epoch }), { valid: false }, 'an object, which is truthy')
      for (const token of ['12345', '1234567', 'abcdef', '１２３４５６'])
        t.throws(() => verifySync({ secret, token, epoch }), `${token} throws`)
      for (let n = 0; n < 2; n++)
        t.ok(verifySync({ secret, token: person.code(), epoch }).valid, 'as good again and again')

      const [address = ''] = await person.knownAddresses(1)
      const caller = await person.halfWay(address)
      const answers = []
      for (const code of [person.wrongCode(), '12345', '１２３４５６']) answers.push(await caller.totp(code))
      t.same(tally(answers), { 401: 3 })
      await caller.totp('abcdef')
      t.equal((await caller.totp(person.code())).status, 429, 'what otplib throws at is counted like what it refuses')
      fixture.time.advance(300)
      const code = person.code()
      t.equal((await caller.totp(code)).status, 303)
      const [other = ''] = await person.knownAddresses(1)
      t.equal((await (await person.halfWay(other)).totp(code)).status, 401, 'once')
    }
  )

  await t.test(
    '0.13 SimpleWebAuthn takes another’s user handle and frames of other sites: the gate does not',
    async t => {
      const forger = new Forger(fixture)
      const { person, key } = await forger.owner()
      const other = await forger.owner()
      for (const way of ['challenge', 'login'] as const)
        for (const changes of [
          { userHandle: other.key.userHandle },
          { crossOrigin: true },
          { crossOrigin: true, topOrigin: 'https://evil.test' },
          { topOrigin: 'https://evil.test' }
        ])
          t.ok(
            isRefusal(await (await forger.begun(person, way)).assert(way, key, changes)),
            `${way} ${JSON.stringify(changes)}`
          )
      const browser = await person.signedIn()
      for (const changes of [{ crossOrigin: true }, { crossOrigin: true, topOrigin: 'https://evil.test' }])
        t.ok(isRefusal(await browser.enrol(newKey(fixture), changes)), `enrolment ${JSON.stringify(changes)}`)
      const caller = await forger.half(person)
      const { ceremony, options } = await caller.options('challenge')
      t.equal((await caller.verify('challenge', ceremony, key.assert(options))).status, 200)
      const again = await forger.half(person)
      t.ok(isRefusal(await again.verify('challenge', ceremony, key.assert(options))), 'a challenge is good once')
    }
  )

  await t.test(
    '0.15 @fastify/session kept the session from before the sign-in: it is not used, and ours is dead',
    async t => {
      const { packages } = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')) as {
        packages: Record<string, unknown>
      }
      t.same(
        Object.keys(packages).filter(name => /@fastify\/(?:secure-)?session$/.test(name)),
        []
      )
      const person = await fixture.somebody()
      const caller = new Caller(fixture)
      const known = newToken()
      caller.jar().set('factorgate', known)
      const csrf = fixture.runtime.keyring.mac('csrf', `${caller.jar().get('factorgate-nonce')}.-`)
      t.equal((await caller.post('/.factorgate/login', { csrf, username: person.account.name, password })).status, 303)
      const half = caller.token()
      t.equal((await caller.totp(person.code())).status, 303)
      t.ok(await isIn(fixture, caller.token()))
      for (const token of [known, half]) {
        t.notOk(await isIn(fixture, token))
        t.equal(await fixture.runtime.store.get(`token:${tokenDigest(token)}`), null)
      }
    }
  )
})

t.test('the measured facts, of ioredis', async t => {
  const redis = await startRedis(t)
  const fixture = await Fixture.start(t, { store: redis.url })
  const person = await fixture.somebody()

  await t.test(
    '0.16 ioredis would wait and try again: without Redis a guess is refused at once, and none is carried out later',
    async t => {
      // Strangers are counted by their network (FIELD A8).
      const { address } = new Caller(fixture)
      await redis.signal('SIGKILL')
      const guesses = await Promise.all(
        Array.from({ length: 20 }, () => new Caller(fixture, address).signIn(person.account.name, 'wrong password'))
      )
      // They have all been answered, and Redis is still down: nothing waits for it.
      t.same(tally(guesses), { 503: 20 })
      await redis.start()
      let answer = await new Caller(fixture, address).signIn(person.account.name, 'wrong password')
      while (answer.status === 503)
        answer = await new Caller(fixture, address).signIn(person.account.name, 'wrong password')
      t.equal(answer.status, 401)
      for (let n = 0; n < 3; n++)
        t.equal(
          (await new Caller(fixture, address).signIn(person.account.name, 'wrong password')).status,
          401,
          'three more are free (FIELD A8)'
        )
      await new Caller(fixture, address).signIn(person.account.name, 'wrong password')
      t.equal(
        (await new Caller(fixture, address).signIn(person.account.name)).status,
        429,
        'as many as were made since, none of before'
      )
    }
  )
})
