/** Keys, proofs, challenges, the bound cookie, and what a thief can do with any of them, without a browser and without HTTP (THREATS S18, S19). */
import t from 'tap'
import { type DeviceKey, deviceKeyOf } from '../../src/device/device-key.ts'
import { readProof } from '../../src/device/device-proof.ts'
import { identifierOf } from '../../src/device/wire.ts'
import { makeKeyring, newMasterKey } from '../../src/keyring/keyring.ts'
import { sessionKey, sessionRecord } from '../../src/session/records.ts'
import { testDevice } from '../fixtures/in-process/device.ts'
import { deviceWorld, lifetimeSeconds } from '../fixtures/in-process/device-world.ts'

for (const alg of ['ES256', 'RS256'] as const)
  t.test(`a browser with an ${alg} key registers it, refreshes, and shows the bound cookie`, async t => {
    const { time, bound, binding, find } = await deviceWorld()
    const { browser, answer, token, principal } = await bound(testDevice(alg))
    t.equal(binding.bindingOf(principal, answer.cookie), 'fresh')
    t.equal(binding.bindingOf(principal, answer.cookie), 'fresh', 'from memory')
    t.equal(binding.bindingOf(principal, null), 'stale', 'the token alone is nothing')
    t.equal(binding.bindingOf(principal, `${answer.cookie.slice(0, -1)}x`), 'stale')
    time.advance(lifetimeSeconds + 29)
    t.equal(binding.bindingOf(principal, answer.cookie), 'fresh', 'within the leeway')
    time.advance(2)
    t.equal(binding.bindingOf(principal, answer.cookie), 'stale')
    const refreshed = await binding.refresh('gate', answer.identifier, browser.refresh(answer.nextChallenge))
    if (refreshed.kind !== 'refreshed') return t.fail(refreshed.kind)
    t.equal(binding.bindingOf(await find('gate', token), refreshed.cookie), 'fresh')
    t.equal(binding.bindingOf(principal, answer.cookie), 'stale', 'the old one stays dead')
  })

t.test('D17: a bound cookie of a clock that was ahead is not good for longer, also from memory', async t => {
  const { time, bound, binding } = await deviceWorld()
  const { answer, principal } = await bound()
  t.equal(binding.bindingOf(principal, answer.cookie), 'fresh')
  time.advance(-3600)
  t.equal(binding.bindingOf(principal, answer.cookie), 'stale')
})

t.test('a proof is read bare or in quotes, and nothing else is a proof', async t => {
  const browser = testDevice()
  t.equal(readProof(browser.register('C'))?.jti, 'C')
  t.equal(readProof(`"${browser.register('C')}"`)?.jti, 'C')
  const wrong: readonly [string, string][] = [
    ['nothing', ''],
    ['two parts', 'a.b'],
    ['another type', browser.register('C', { header: { typ: 'JWT' } })],
    ['no type', browser.register('C', { header: { typ: undefined } })],
    ['the algorithm none', browser.register('C', { header: { alg: 'none' } })],
    ['a symmetric algorithm', browser.register('C', { header: { alg: 'HS256' } })],
    ['an extension that must be understood', browser.register('C', { header: { crit: ['exp'] } })],
    ['no challenge', browser.register('C', { payload: { jti: undefined } })],
    ['a number for a challenge', browser.register('C', { payload: { jti: 1 } })],
    ['a list for a payload', `${Buffer.from('{}').toString('base64url')}.W10.AA`],
    ['too much', browser.register('C'.repeat(9000))]
  ]
  for (const [name, header] of wrong) t.equal(readProof(header), null, name)
})

t.test('keys that are too weak, or no keys, are not taken', async t => {
  const x = 'A'.repeat(43)
  const wrong: readonly [string, 'ES256' | 'RS256', object][] = [
    ['a point that is not on the curve', 'ES256', { kty: 'EC', crv: 'P-256', x, y: x }],
    ['another curve', 'ES256', { kty: 'EC', crv: 'P-384', x, y: x }],
    ['an RSA key for ES256', 'ES256', { kty: 'RSA', n: 'A'.repeat(342), e: 'AQAB' }],
    ['1024 bits', 'RS256', { kty: 'RSA', n: 'w'.repeat(171), e: 'AQAB' }],
    ['8192 bits', 'RS256', { kty: 'RSA', n: 'w'.repeat(1366), e: 'AQAB' }],
    ['an exponent of 3', 'RS256', { kty: 'RSA', n: 'w'.repeat(342), e: 'Aw' }],
    ['a symmetric key', 'ES256', { kty: 'oct', k: 'AAAA' }]
  ]
  for (const [name, alg, jwk] of wrong) t.equal(deviceKeyOf(alg, jwk as Record<string, unknown>, 1), null, name)
})

t.test('a registration that is not the first, not in time, or not for this is refused', async t => {
  const { time, binding, signIn, visit, offered, sessions, find } = await deviceWorld()
  const browser = testDevice()
  const { half, principal, token } = await signIn()
  const challenge = offered(principal)
  const why = async (header: string, host = 'gate') => {
    const answer = await binding.register(host, header)
    return answer.kind === 'refused' ? answer.why : answer.kind
  }
  t.equal(binding.offer(half.principal), null, 'a half-way sign-in gets no offer')
  t.equal(await why('nonsense'), 'unreadable')
  t.equal(await why(browser.register('C1')), 'unknown_challenge')
  t.equal(await why(browser.register(challenge), 'app'), 'other_host', 'a proof for another host')
  t.equal(await why(browser.refresh(challenge)), 'key', 'without its key')
  t.equal(await why(browser.register(challenge, { isDer: true })), 'signature')
  const { jwk } = JSON.parse(Buffer.from(testDevice().register('').split('.')[0]!, 'base64url').toString())
  t.equal(await why(browser.register(challenge, { header: { jwk } })), 'signature', "with somebody else's key")
  t.equal(await why(browser.register(challenge, { header: { alg: 'RS256' } })), 'key', 'with another algorithm')
  time.advance(120)
  t.equal(await why(browser.register(challenge)), 'late', 'after two minutes')
  const again = offered(principal)
  t.equal(await why(browser.register(again)), 'bound')
  t.equal(await why(browser.register(again)), 'bound_already', 'the same proof again')
  t.equal(await why(testDevice().register(again)), 'bound_already', 'a second key')
  t.equal(binding.offer(await find('gate', token)), null, 'a bound token gets no offer')
  const app = await visit(principal, 'app')
  const late = offered(app.principal)
  await visit(principal, 'app')
  t.equal(await why(browser.register(late), 'app'), 'token_replaced')
  const other = await signIn()
  const ending = offered(other.principal)
  await sessions.end(other.principal.session.id, 'logout')
  t.equal(await why(browser.register(ending)), 'ended')
})

t.test('what the refresh address answers to whatever comes', async t => {
  const { time, binding, bound, store, visit, offered } = await deviceWorld()
  const { browser, answer, principal } = await bound()
  const { identifier } = answer
  const said = async (id: string, header: string | null, host = 'gate') => {
    const got = await binding.refresh(host, id, header)
    return got.kind === 'refused' || got.kind === 'challenge' ? `${got.kind} ${got.why}` : got.kind
  }
  const asked = async () => {
    const got = await binding.refresh('gate', identifier, null)
    return got.kind === 'challenge' ? got.challenge : ''
  }
  t.equal(await said(identifier, null), 'challenge first', 'without a proof it gets a challenge, and needs no token')
  t.equal(await said(`"${identifier}"`, null), 'challenge first', 'the identifier in quotes')
  t.equal(await said('nonsense', null), 'refused unreadable')
  t.equal(await said(identifierOf('AAAAAAAAAAAAAAAAAAAAAA', 'gate'), null), 'refused ended', 'a session that never was')
  t.equal(await said(identifier, null, 'app'), 'refused unreadable', 'the identifier of another host')
  t.equal(await said(identifierOf(principal.session.id, 'app'), null, 'app'), 'refused ended', 'a host without a key')
  const challenge = await asked()
  t.equal(await said(identifier, testDevice().refresh(challenge)), 'refused signature', "a thief's key")
  t.equal(
    await said(identifier, browser.refresh(challenge, { header: { alg: 'RS256' } })),
    'refused signature',
    'alg swap'
  )
  t.equal(await said(identifier, browser.refresh(challenge, { isDer: true })), 'refused signature')
  const proof = browser.refresh(challenge)
  t.equal(await said(identifier, proof), 'refreshed')
  t.equal(await said(identifier, proof), 'challenge spent', 'the same proof again is never fatal, and gets no cookie')
  t.equal(await said(identifier, browser.refresh('made up')), 'challenge late', 'a challenge of an app')
  const { principal: there } = await visit(principal, 'app')
  const registered = await binding.register('app', browser.register(offered(there)))
  const elsewhere = registered.kind === 'bound' ? registered.nextChallenge : ''
  t.equal(await said(identifier, browser.refresh(elsewhere)), 'challenge late', 'a proof for another host')
  const waiting = await asked()
  store.isDown = true
  await t.rejects(binding.refresh('gate', identifier, browser.refresh(waiting)), { code: 'store_unreachable' })
  store.isDown = false
  time.advance(3601)
  t.equal(await said(identifier, browser.refresh(waiting)), 'refused ended', 'the session has idled meanwhile')
})

t.test('a challenge that came with a cookie is good when that cookie ends, and not for ever', async t => {
  const { time, binding, bound, sessions } = await deviceWorld()
  const { browser, answer, token } = await bound()
  time.advance(3500)
  await sessions.find('gate', token)
  time.advance(99)
  const got = await binding.refresh('gate', answer.identifier, browser.refresh(answer.nextChallenge))
  t.equal(got.kind, 'refreshed')
  const next = got.kind === 'refreshed' ? got.nextChallenge : ''
  time.advance(3000)
  await sessions.find('gate', token)
  time.advance(600)
  const late = await binding.refresh('gate', answer.identifier, browser.refresh(next))
  t.match(late, { kind: 'challenge', why: 'late' })
})

t.test('which changes of a token keep its key', async t => {
  const { binding, bound, sessions, proof, visit, find, offered } = await deviceWorld()
  const { answer, principal } = await bound()
  const stepped = await sessions.prove(principal, proof('totp'))
  t.equal(binding.bindingOf(stepped!.principal, answer.cookie), 'fresh', 'a step-up keeps it, cookie and all')
  t.equal(binding.bindingOf(stepped!.principal, null), 'stale')
  const one = await visit(stepped!.principal, 'app')
  t.equal(binding.bindingOf(one.principal, null), 'none', 'each host has a key of its own')
  const registered = await binding.register('app', testDevice().register(offered(one.principal)))
  const cookie = registered.kind === 'bound' ? registered.cookie : ''
  t.equal(binding.bindingOf(one.principal, answer.cookie), 'none', 'until its record is read')
  const there = await find('app', one.token)
  t.equal(binding.bindingOf(there, cookie), 'fresh')
  t.equal(binding.bindingOf(there, answer.cookie), 'stale', "the portal's cookie counts on the portal only")
  const again = await sessions.prove(stepped!.principal, proof('totp'))
  const shown = await visit(again!.principal, 'app', there)
  t.equal(binding.bindingOf(shown.principal, cookie), 'fresh', 'a hand-over to a browser that shows the key keeps it')
  const lost = await visit(again!.principal, 'app', null)
  t.equal(binding.bindingOf(lost.principal, cookie), 'none', 'a hand-over to one that does not begins anew')
  t.not(binding.offer(lost.principal), null)
})

t.test('while a key is registered on one gate, fifty requests on it and on another one are right', async t => {
  const { binding, signIn, offered, gate, find } = await deviceWorld()
  const other = await gate()
  const { principal, token } = await signIn()
  const devices = Array.from({ length: 5 }, () => testDevice())
  await other.sessions.find('gate', token)
  const [, ...answers] = await Promise.all([
    Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const who = await (i % 2 ? other.sessions : { find: () => find('gate', token) }).find('gate', token)
        const binds = (i % 2 ? other.binding : binding).bindingOf(who!, null)
        t.ok(binds === 'none' || binds === 'stale', binds)
      })
    ),
    ...devices.map(one => binding.register('gate', one.register(offered(principal))))
  ])
  t.equal(answers.filter(({ kind }) => kind === 'bound').length, 1, 'one of several registrations wins')
  const won = answers.findIndex(({ kind }) => kind === 'bound')
  const answer = answers[won]!
  if (answer.kind !== 'bound') return
  const there = await other.sessions.find('gate', token)
  t.equal(other.binding.bindingOf(there!, answer.cookie), 'fresh', 'the other gate takes its cookie')
  t.equal(other.binding.bindingOf(there!, null), 'stale')
  const proof = devices[won]!.refresh(answer.nextChallenge)
  const both = await Promise.all([binding, other.binding].map(one => one.refresh('gate', answer.identifier, proof)))
  t.same(both.map(({ kind }) => kind).sort(), ['challenge', 'refreshed'], 'a proof is spent once for all gates')
})

t.test('key rotate ends no binding', async t => {
  const { keys, keyrings, time, bound, binding } = await deviceWorld()
  const { browser, answer, principal } = await bound()
  const fresh = newMasterKey()
  keyrings.replace(makeKeyring([fresh, ...keys]), time.now)
  t.equal(binding.bindingOf(principal, answer.cookie), 'fresh')
  time.advance(3)
  keyrings.replace(makeKeyring([fresh]), time.now)
  const { bindingOf } = binding
  t.equal(
    bindingOf.call(binding, { ...principal }, answer.cookie),
    'fresh',
    'the retired key counts as long as a cookie lives'
  )
  const stale = await binding.refresh('gate', answer.identifier, browser.refresh(answer.nextChallenge))
  t.match(stale, { kind: 'challenge' }, 'its challenge costs one more round')
  const got =
    stale.kind === 'challenge'
      ? await binding.refresh('gate', answer.identifier, browser.refresh(stale.challenge))
      : null
  t.match(got, { kind: 'refreshed' })
  time.advance(lifetimeSeconds + 31)
  t.equal(keyrings.within(lifetimeSeconds * 1000, time.now).length, 1)
})

t.test('a new device.lifetime counts for the proofs that were given', async t => {
  const { time, bound, binding, gate } = await deviceWorld()
  const { answer, principal } = await bound()
  const [shorter, longer] = [(await gate(300)).binding, (await gate(2 * lifetimeSeconds)).binding]
  t.equal(
    shorter.bindingOf(principal, answer.cookie),
    'fresh',
    'a young proof goes on, so that not all browsers sign at once'
  )
  t.ok(shorter.isJustProven(principal, answer.cookie))
  for (const seconds of [61, 240]) {
    time.advance(seconds)
    for (const one of [binding, shorter, longer]) t.notOk(one.isJustProven(principal, answer.cookie), `${seconds} s`)
  }
  time.advance(28)
  t.equal(shorter.bindingOf(principal, answer.cookie), 'fresh', 'within the leeway')
  time.advance(2)
  t.equal(shorter.bindingOf(principal, answer.cookie), 'stale')
  t.notOk(shorter.isJustProven(principal, answer.cookie))
  time.advance(lifetimeSeconds - 300)
  t.equal(binding.bindingOf(principal, answer.cookie), 'stale')
  t.equal(longer.bindingOf(principal, answer.cookie), 'fresh')
  t.notOk(longer.isJustProven(principal, answer.cookie))
})

t.test('a session record of an older release opens, and a damaged key makes it none', async t => {
  const { signIn, store } = await deviceWorld()
  const { principal } = await signIn()
  const text = (await store.get(sessionKey(principal.session.id))) ?? ''
  t.notMatch(text, 'devices')
  t.ok(sessionRecord.parse(text))
  const damaged = {
    ...JSON.parse(text),
    devices: { gate: { alg: 'ES256', x: 1 } satisfies object as unknown as DeviceKey }
  }
  t.equal(sessionRecord.parse(JSON.stringify(damaged)), null)
})

t.test('a host gets its offer again while its token is young, and never beside the first', async t => {
  const { time, binding, signIn, offered, find } = await deviceWorld()
  const { principal, token } = await signIn()
  t.not(binding.offer(principal), null)
  t.equal(binding.offerAgain(principal), null)
  time.advance(60)
  t.not(binding.offerAgain(principal), null)
  t.equal(binding.offerAgain(principal), null, 'documents side by side cost one signature')
  time.advance(60)
  t.not(binding.offerAgain(principal), null)
  t.ok(binding.isYoung(principal))
  await binding.register('gate', testDevice().register(offered(principal)))
  t.equal(binding.offerAgain(await find('gate', token)), null)
  const other = await signIn()
  time.advance(15 * 60)
  t.equal(binding.offerAgain(other.principal), null)
  t.notOk(binding.isYoung(other.principal))
  t.equal(binding.offerAgain({ ...other.principal, tokenAt: null }), null, 'a token of an older release')
})

t.test(
  'a request that was sent before the first cookie of a new key had arrived waits for it, for a bounded time',
  async t => {
    const { time, binding, bound, signIn, find } = await deviceWorld()
    const unbound = await signIn()
    t.equal(binding.firstCookieWait(unbound.principal), null, 'without a key there is no cookie to come')
    const { answer, principal, token } = await bound()
    const waits: number[] = []
    for (let wait = binding.firstCookieWait(principal); wait !== null; wait = binding.firstCookieWait(principal)) {
      waits.push(wait)
      time.advance(wait / 1000)
    }
    t.same(waits, [100, 100, 200, 400, 800, 1600, 3000, 3000, 3000], 'fewer redirects than browsers follow')
    t.equal(binding.bindingOf(principal, null), 'stale', 'nothing passes meanwhile')
    t.equal(binding.bindingOf(principal, answer.cookie), 'fresh')
    t.equal(binding.firstCookieWait(principal), 0, 'the browser has the cookie: late requests do not wait')
    time.advance(20)
    t.equal(binding.firstCookieWait(principal), null, 'the key is not new any more')
    time.advance(-3600)
    t.equal(
      binding.firstCookieWait(await find('gate', token)),
      null,
      'a clock that was ahead makes no key new (THREATS D17)'
    )
  }
)

t.test(
  'the gate that has registered a key has a clock that is ahead: a browser follows few redirects there too',
  async t => {
    for (const [ahead, most] of [
      [0.05, 10],
      [3, 13],
      [9, 13],
      [11, 0],
      [50, 0]
    ] as const) {
      const { time, binding, bound } = await deviceWorld()
      const { principal } = await bound()
      time.advance(-ahead)
      let waits = 0
      for (let wait = binding.firstCookieWait(principal); wait !== null; wait = binding.firstCookieWait(principal)) {
        waits++
        time.advance(wait / 1000)
      }
      t.ok(waits <= most, `${ahead} s: ${waits} redirects`)
    }
  }
)
