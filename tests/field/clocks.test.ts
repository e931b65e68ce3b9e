/** FIELD A9: what began while the clock was ahead does not outlive its time once the clock is right again. */
import t from 'tap'
import { Ceremonies, ceremonyRecord } from '../../src/factor/ceremony.ts'
import { isFresh } from '../../src/factor/proof.ts'
import { SealedCeremonies } from '../../src/factor/sealed-ceremony.ts'
import { Invitations } from '../../src/identity/invitations.ts'
import { makeKeyring, newMasterKey } from '../../src/keyring/keyring.ts'
import { SessionCache } from '../../src/session/session-cache.ts'
import { Sessions } from '../../src/session/sessions.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { MemoryStore, TestClock } from '../fixtures/in-process/memory-store.ts'
import { startRedis } from '../fixtures/process/redis-server.ts'

const hour = 3600
const day = 24 * hour
const limits = { idleSeconds: hour, absoluteSeconds: day, maxPerUser: 5 }

async function gateOf(store: Store, time: TestClock, onAhead: (seconds: number) => void = () => {}) {
  const account = {
    id: 'A1',
    name: 'a',
    displayName: 'A',
    email: null,
    groups: [],
    directory: 'local',
    suspended: null
  }
  await store.put('account:A1', JSON.stringify({ ...account, createdAt: 1 }))
  const cache = new SessionCache(store)
  await cache.watch(['session:', 'token:', 'account:'])
  const sessions = new Sessions({ store, cache, clock: time.read, limits, onAhead })
  await sessions.begin()
  return { sessions, cache }
}

async function signIn(sessions: Sessions, time: TestClock, between = () => {}) {
  const proof = (kind: 'password' | 'totp') => ({ kind, at: time.now, userVerified: false })
  const device = { userAgent: 'test', address: '192.0.2.1' }
  const first = await sessions.start({ accountId: 'A1', proof: proof('password'), device, host: 'gate' })
  between()
  const entered = await sessions.prove(first.principal, proof('totp'))
  if (entered === null) throw new Error('the session has ended')
  return entered.token
}

/** Uses it every half hour until it has ended; the seconds that took, or more than two days. */
async function lifeOf(sessions: Sessions, time: TestClock, token: string): Promise<number> {
  const began = time.now
  while (time.now - began < 2 * day * 1000) {
    if ((sessions.peek('gate', token) ?? (await sessions.find('gate', token))) === null) break
    await sessions.flush()
    time.advance(hour / 2)
  }
  return (time.now - began) / 1000
}

t.test('FIELD A9 a session outlives neither limit when the clock is put back', async t => {
  const redis = await startRedis(t)
  for (const ahead of [10 * 60, 2 * hour, 3 * day, 400 * day])
    for (const kind of ['memory', 'embedded', 'redis']) {
      const time = new TestClock()
      const url = kind === 'redis' ? redis.url : `embedded:${t.testdir()}/${ahead}`
      const store = kind === 'memory' ? new MemoryStore(time.read) : await openStore(url, { clock: time.read })
      const { sessions, cache } = await gateOf(store, time)
      const name = `${kind}, ${ahead} s ahead`
      time.advance(ahead)
      const token = await signIn(sessions, time)
      const idle = await signIn(sessions, time)
      time.advance(20 * 60)
      t.ok(await sessions.find('gate', token), `${name}: in use while the clock is ahead`)
      time.advance(-ahead)
      t.ok(await sessions.find('gate', token), `${name}: and it goes on when the clock is right`)
      t.equal((await lifeOf(sessions, time, token)) <= day - 20 * 60 + hour / 2, true, `${name}: absolute`)
      t.equal(await sessions.find('gate', idle), null, `${name}: idle`)
      cache.close()
      await store.close()
    }
})

t.test('FIELD A9 nor does one that was idle, or that a restart puts right', async t => {
  const time = new TestClock()
  const store = new MemoryStore(time.read)
  const before = await gateOf(store, time)
  time.advance(2 * day)
  const token = await signIn(before.sessions, time)
  const other = await signIn(before.sessions, time)
  await before.sessions.flush()
  time.advance(-2 * day)
  const { sessions } = await gateOf(store, time)
  const principal = await sessions.find('gate', token)
  t.ok(principal, 'the mark in the store says by how much the clock was put back')
  t.ok((principal?.session.expiresAt ?? 0) <= time.now + day * 1000)
  time.advance(hour + 60)
  t.equal(await sessions.find('gate', other), null, 'idle')
  time.advance(day)
  t.equal(await sessions.find('gate', token), null, 'absolute')
})

t.test('FIELD A9 of whose age nobody can say, the session is ended', async t => {
  const time = new TestClock()
  const store = new MemoryStore(time.read)
  const ahead = new TestClock(time.now + day * 1000)
  const token = await signIn((await gateOf(store, ahead)).sessions, ahead)
  await store.delete('meta:clock')
  const { sessions } = await gateOf(store, time)
  t.equal(await sessions.find('gate', token), null, 'begun by another gate, a day ahead')
  const near = new TestClock(time.now + 30_000)
  const soon = await signIn((await gateOf(store, near)).sessions, near)
  t.ok(await sessions.find('gate', soon), 'half a minute is no trouble')
})

t.test('FIELD A9 a session begun before, whose second factor came while the clock was ahead', async t => {
  const time = new TestClock()
  const { sessions } = await gateOf(new MemoryStore(time.read), time)
  const token = await signIn(sessions, time, () => time.advance(9 * 60))
  time.advance(-9 * 60)
  const principal = await sessions.find('gate', token)
  t.ok(principal)
  t.ok(principal!.session.expiresAt <= time.now + day * 1000)
  t.ok(
    principal!.proofs.every(({ at }) => at <= time.now + 60_000),
    'no proof is from the future'
  )
  t.notOk(isFresh([{ ...principal!.proofs[1]!, at: time.now + hour * 1000 }], time.now), 'one that is proves nothing')
})

t.test('FIELD A9 a session that was begun while the clock was right goes on', async t => {
  const time = new TestClock()
  const { sessions } = await gateOf(new MemoryStore(time.read), time)
  const token = await signIn(sessions, time)
  time.advance(1800)
  t.ok(await sessions.find('gate', token))
  time.advance(-900)
  t.ok(await sessions.find('gate', token), 'put back by a quarter of an hour')
  t.ok((await lifeOf(sessions, time, token)) <= day + 900)
})

t.test('FIELD A9 invitations, hand-over codes and ceremonies that a fast clock made are good for nothing', async t => {
  const time = new TestClock()
  const { read: clock } = time
  const store = new MemoryStore(clock)
  const ring = makeKeyring([newMasterKey()])
  const owner = { accountId: 'A1', binding: 'b' }
  const invitations = new Invitations({ store, clock })
  const ceremonies = new Ceremonies(
    { store, clock },
    ceremonyRecord<typeof owner>('totp', () => true),
    600
  )
  const sealed = new SealedCeremonies({ store, clock, keyring: () => ring, seconds: 300 })
  const pending = {
    purpose: 'login',
    accountId: null,
    binding: 'b',
    challenge: 'c',
    requireUserVerification: true,
    allowed: null
  }
  const make = async () => ({
    invitation: await invitations.issue('A1'),
    ceremony: await ceremonies.begin(owner),
    handle: sealed.begin(pending as Parameters<SealedCeremonies['begin']>[0])
  })
  const good = async ({ invitation, ceremony, handle }: Awaited<ReturnType<typeof make>>) => [
    (await invitations.peek(invitation)) !== null,
    (await ceremonies.look(ceremony, owner)) !== null,
    sealed.look(handle, 'b') !== null
  ]
  for (const ahead of [2 * hour, 30 * day]) {
    time.advance(ahead)
    const made = await make()
    t.same(await good(made), [true, true, true])
    time.advance(-ahead)
    t.same(await good(made), [false, false, false], `${ahead} s ahead`)
  }
  const made = await make()
  time.advance(-50)
  t.same(await good(made), [true, true, true], 'clocks of gates may differ a little')
})

t.test('D17 two gates whose clocks differ: sign-ins of the other do not count yet, and go on there', async t => {
  const [right, behind] = [new TestClock(), new TestClock()]
  const store = new MemoryStore(right.read)
  const told: number[] = []
  const one = await gateOf(store, right)
  const other = await gateOf(store, behind, seconds => told.push(seconds))
  right.advance(30)
  t.ok(await other.sessions.find('gate', await signIn(one.sessions, right)), 'half a minute is nothing')
  t.same(told, [])
  right.advance(60)
  for (let n = 0; n < 3; n++) t.equal(await other.sessions.find('gate', await signIn(one.sessions, right)), null)
  t.same(told, [90], 'said once')
  const token = await signIn(one.sessions, right)
  t.equal(await other.sessions.find('gate', token), null)
  t.ok(await one.sessions.find('gate', token), 'it goes on where it was made')
  behind.advance(31)
  t.ok(await other.sessions.find('gate', token), 'and counts here once its time has come')
  right.advance(2 * hour)
  const far = await signIn(one.sessions, right)
  t.equal(await other.sessions.find('gate', far), null)
  t.equal(await one.sessions.find('gate', far), null, 'hours ahead are no difference of clocks: it has ended')
  one.cache.close()
  other.cache.close()
})
