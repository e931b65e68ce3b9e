import t from 'tap'
import { newestProof } from '../../src/factor/proof.ts'
import { newToken, tokenDigest } from '../../src/ids.ts'
import { tokenKey } from '../../src/session/records.ts'
import { SessionCache } from '../../src/session/session-cache.ts'
import { type Principal, Sessions } from '../../src/session/sessions.ts'
import { MemoryStore } from '../fixtures/in-process/memory-store.ts'

const minute = 60_000
const device = { userAgent: 'Mozilla/5.0', address: '127.0.0.1' }

async function fixture(limits = { idleSeconds: 3600, absoluteSeconds: 86_400, maxPerUser: 3 }) {
  const time = { now: 1_700_000_000_000 }
  const clock = () => time.now
  const store = new MemoryStore(clock)
  const account = {
    id: 'A1',
    name: 'alice',
    displayName: 'Alice',
    email: null,
    groups: ['researchers'],
    directory: 'local',
    suspended: null,
    createdAt: time.now
  }
  await store.put('account:A1', JSON.stringify(account))
  const gateway = async () => {
    const cache = new SessionCache(store)
    await cache.watch(['session:', 'token:', 'account:'])
    return new Sessions({ store, cache, clock, limits })
  }
  const sessions = await gateway()
  const password = () => ({ kind: 'password' as const, at: time.now, userVerified: false })
  const totp = () => ({ kind: 'totp' as const, at: time.now, userVerified: false })
  const start = () => sessions.start({ accountId: 'A1', proof: password(), device, host: 'gate' })
  const signIn = async () => {
    const entered = await sessions.prove((await start()).principal, totp())
    if (entered === null) throw new Error('not signed in')
    return entered
  }
  const visit = async (principal: Principal, host: string) => {
    const entered = await sessions.redeem(
      await sessions.handOver(principal, host, 'state', `http://${host}/`),
      host,
      'state'
    )
    if (entered === null) throw new Error('not handed over')
    return entered
  }
  return { time, store, account, gateway, sessions, password, totp, start, signIn, visit }
}

t.test('a token is 256 random bits, and no two are alike', async t => {
  const tokens = new Set(Array.from({ length: 10_000 }, newToken))
  t.equal(tokens.size, 10_000)
  for (const token of tokens) if (!/^[A-Za-z0-9_-]{43}$/.test(token)) t.fail(token)
})

t.test('every step up makes a new token, and the old one is dead', async t => {
  const { sessions, start, totp } = await fixture()
  const first = await start()
  t.notOk(first.principal.isFullySignedIn)
  const second = await sessions.prove(first.principal, totp())
  t.ok(second?.principal.isFullySignedIn)
  t.not(second?.token, first.token)
  t.equal(await sessions.find('gate', first.token), null)
})

t.test("a token is worth nothing on another host, and the store holds no token's text", async t => {
  const { sessions, store, signIn } = await fixture()
  const { token } = await signIn()
  t.equal(await sessions.find('one', token), null)
  for await (const { key, value } of store.scan('')) t.notOk(key.includes(token) || value.includes(token), key)
  t.ok(await store.get(tokenKey(tokenDigest(token))))
})

t.test('a hand-over code works once, in time, on its host, in its browser', async t => {
  const { sessions, signIn, time } = await fixture()
  const { principal } = await signIn()
  const code = () => sessions.handOver(principal, 'one', 'state', 'http://one/x')
  t.equal(await sessions.redeem(await code(), 'two', 'state'), null, 'another host')
  t.equal(await sessions.redeem(await code(), 'one', 'other'), null, 'another browser')
  const late = await code()
  time.now += 31_000
  t.equal(await sessions.redeem(late, 'one', 'state'), null, 'too late')
  const good = await code()
  const tries = await Promise.all(Array.from({ length: 20 }, () => sessions.redeem(good, 'one', 'state')))
  t.equal(tries.filter(Boolean).length, 1, 'one of twenty at once')
  t.equal(tries.find(Boolean)?.returnTo, 'http://one/x')
})

t.test('a token shows no proof younger than itself', async t => {
  const { sessions, signIn, visit, time, totp } = await fixture()
  const portal = await signIn()
  const one = await visit(portal.principal, 'one')
  time.now += 10 * minute
  const stepped = await sessions.prove(portal.principal, totp())
  const before = await sessions.find('one', one.token)
  t.ok(before?.isFullySignedIn, 'the other host stays signed in')
  t.equal(newestProof(before!.proofs, ['totp'])?.at, time.now - 10 * minute, 'at its old level')
  const again = await visit(stepped!.principal, 'one')
  t.equal(newestProof(again.principal.proofs, ['totp'])?.at, time.now)
  t.equal(await sessions.find('one', one.token), null, 'and its old token is dead')
})

t.test(
  'why a session ended is known for an hour, and of a suspended person for as long as it could have lasted',
  async t => {
    const { sessions, signIn, time } = await fixture()
    const [revoked, suspended] = [await signIn(), await signIn()]
    await sessions.end(revoked.principal.session.id, 'revoked')
    await sessions.endAccount('A1', 'suspended')
    const whyOf = async ({ token }: { token: string }) => (await sessions.whyEnded(token))?.why
    t.same([await whyOf(revoked), await whyOf(suspended)], ['revoked', 'suspended'])
    time.now += 23 * 60 * minute
    t.same([await whyOf(revoked), await whyOf(suspended)], [undefined, 'suspended'], '23 hours later')
    time.now += 61 * minute
    t.equal(await whyOf(suspended), undefined, 'after 24 hours')
  }
)

t.test('ends when idle, at the absolute limit, and half-way sign-ins soon', async t => {
  const { sessions, signIn, start, time } = await fixture()
  const half = await start()
  time.now += 11 * minute
  t.equal(await sessions.find('gate', half.token), null, 'half-way')
  const idle = await signIn()
  time.now += 61 * minute
  t.equal(await sessions.find('gate', idle.token), null, 'idle')
  t.equal((await sessions.whyEnded(idle.token))?.why, 'idle')
  const busy = await signIn()
  for (let i = 0; i < 47; i++) {
    time.now += 30 * minute
    await sessions.flush()
    t.ok(await sessions.find('gate', busy.token), `busy after ${i / 2} h`)
  }
  time.now += 31 * minute
  t.equal(await sessions.find('gate', busy.token), null, 'absolute, with constant use')
})

t.test('one sign-in too many ends the one seen longest ago', async t => {
  const { sessions, signIn, time } = await fixture()
  const tokens: string[] = []
  for (let i = 0; i < 4; i++) {
    tokens.push((await signIn()).token)
    time.now += minute
  }
  t.same(await Promise.all(tokens.map(async token => (await sessions.find('gate', token)) !== null)), [
    false,
    true,
    true,
    true
  ])
})

t.test('logout ends all of it at once, on every gateway', async t => {
  const { sessions, gateway, signIn, visit } = await fixture()
  const portal = await signIn()
  const one = await visit(portal.principal, 'one')
  const other = await gateway()
  t.ok(await other.find('one', one.token))
  t.ok(other.peek('one', one.token), 'from memory now')
  t.ok(await sessions.end(portal.principal.session.id, 'logout'))
  t.equal(other.peek('one', one.token), undefined)
  t.equal(await other.find('one', one.token), null)
  t.equal(await sessions.find('gate', portal.token), null)
  t.same(await sessions.list('A1'), [])
})

t.test('a suspension and changed groups count from the next request on', async t => {
  const { sessions, signIn, store, account } = await fixture()
  const { token } = await signIn()
  t.same(sessions.peek('gate', token)?.subject.groups, ['researchers'])
  await store.put('account:A1', JSON.stringify({ ...account, groups: ['guests'] }))
  t.same((await sessions.find('gate', token))?.subject.groups, ['guests'])
  await store.put('account:A1', JSON.stringify({ ...account, suspended: { at: 1, why: 'odd downloads' } }))
  t.equal(await sessions.find('gate', token), null)
})

t.test('a cache whose notices are lost answers nothing from memory', async t => {
  const { sessions, signIn, store } = await fixture()
  const { token } = await signIn()
  t.ok(sessions.peek('gate', token))
  store.tell({ kind: 'lost' })
  t.equal(sessions.peek('gate', token), undefined)
  t.ok(await sessions.find('gate', token), 'the store is asked')
  t.equal(sessions.peek('gate', token), undefined, 'and nothing is kept')
  store.tell({ kind: 'ready' })
  await sessions.find('gate', token)
  t.ok(sessions.peek('gate', token))
  store.isDown = true
  store.tell({ kind: 'lost' })
  await t.rejects(sessions.find('gate', token), { name: 'StoreUnreachable' })
})

t.test('signed-in requests cost the store nothing', async t => {
  const { sessions, signIn, store } = await fixture()
  const { token } = await signIn()
  const before = store.calls
  for (let i = 0; i < 10_000; i++) sessions.peek('gate', token) ?? t.fail('the store was needed')
  t.equal(store.calls, before)
})

t.test('a record that is not wholly right is nobody', async t => {
  const { sessions, signIn, store } = await fixture()
  const { token, principal } = await signIn()
  const whole = JSON.parse((await store.get(`session:${principal.session.id}`)) as string)
  for (const [name, record] of Object.entries({
    'no JSON': '{',
    'another type': '[]',
    'no proofs': JSON.stringify({ ...whole, proofs: undefined }),
    'a proof of a made-up kind': JSON.stringify({
      ...whole,
      proofs: [{ kind: 'magic', at: 1, userVerified: true, generation: 1 }]
    }),
    'verified in words': JSON.stringify({
      ...whole,
      proofs: [{ kind: 'totp', at: 1, userVerified: 'true', generation: 1 }]
    }),
    'no end': JSON.stringify({ ...whole, expiresAt: null })
  })) {
    await store.put(`session:${principal.session.id}`, record)
    t.equal(await sessions.find('gate', token), null, name)
  }
})

t.test('fifty steps up at once lose no proof and leave one token', async t => {
  const { sessions, start, totp } = await fixture()
  const { principal } = await start()
  const entered = await Promise.all(Array.from({ length: 20 }, () => sessions.prove(principal, totp())))
  const alive = await Promise.all(
    entered.map(async one => one !== null && (await sessions.find('gate', one.token)) !== null)
  )
  t.equal(alive.filter(Boolean).length, 1)
})

t.test('S14: sign-ins that stopped half-way end each other, and never a whole one', async t => {
  const { time, sessions, start, signIn } = await fixture()
  const own = await signIn()
  for (let i = 0; i < 40; i++) {
    time.now += 1000
    await start()
  }
  t.ok(await sessions.find('gate', own.token), 'forty halves end no whole one')
  t.equal((await sessions.list('A1')).length, 1 + 19, 'and have a limit of their own')
  for (let i = 0; i < 3; i++) {
    time.now += 1000
    await signIn()
  }
  t.notOk(await sessions.find('gate', own.token), 'three whole ones do')
  t.equal((await sessions.whyEnded(own.token))?.why, 'too_many')
})
