/** The caches of sessions with far more people than a small lab has: who is answered from memory, and who costs the store. */
import t from 'tap'
import { newToken, tokenDigest } from '../../src/ids.ts'
import { sessionKey, tokenKey } from '../../src/session/records.ts'
import type { Session } from '../../src/session/session.ts'
import { SessionCache } from '../../src/session/session-cache.ts'
import { Sessions } from '../../src/session/sessions.ts'
import { MemoryStore, TestClock } from '../fixtures/in-process/memory-store.ts'

const host = 'gate'
const limits = { idleSeconds: 3600, absoluteSeconds: 86_400, maxPerUser: 3 }

/** A store that answers at once, since a hundred thousand people take too long with a real one. */
class QuickStore extends MemoryStore {
  readonly records = new Map<string, string>()

  override async get(key: string): Promise<string | null> {
    return this.records.get(key) ?? null
  }

  override async take(key: string): Promise<string | null> {
    const value = this.records.get(key)
    this.records.delete(key)
    return value ?? null
  }
}

/** A gate with `count` people signed in: each token opens a session of its own account. */
async function signedIn(count: number, capacity?: number) {
  const clock = new TestClock()
  const store = new QuickStore(clock.read)
  const write = (key: string, value: unknown) => store.records.set(key, JSON.stringify(value))
  const people = Array.from({ length: count }, (_, i) => ({ id: `P${i}`, token: newToken() }))
  for (const { id, token } of people) {
    const digest = tokenDigest(token)
    const session: Session = {
      id: `S${id}`,
      accountId: id,
      createdAt: clock.now,
      expiresAt: clock.now + 86_400_000,
      proofs: [
        { kind: 'password', at: clock.now, userVerified: false, generation: 0 },
        { kind: 'totp', at: clock.now, userVerified: false, generation: 1 }
      ],
      generation: 1,
      device: { userAgent: 'Mozilla/5.0', address: '127.0.0.1' },
      tokens: { [host]: digest }
    }
    const account = { id, name: id, displayName: id, email: null, groups: ['researchers'], directory: 'local' }
    write(`account:${id}`, { ...account, suspended: null, createdAt: clock.now })
    write(tokenKey(digest), { session: session.id, host, generation: 1 })
    write(sessionKey(session.id), session)
    write(`seen:${session.id}`, clock.now)
  }
  const cache = new SessionCache(store, capacity === undefined ? {} : { capacity })
  await cache.watch(['session:', 'token:', 'account:'])
  const sessions = new Sessions({ store, cache, clock: clock.read, limits })
  const tally = () => ({ asked: 0, fromMemory: 0 })
  /** One request of each person, in this order, as the `session` step asks: memory first, then the store. */
  const ask = async (some: readonly { id: string; token: string }[], into = tally()) => {
    for (const { id, token } of some) {
      into.asked++
      const known = sessions.peek(host, token)
      if (known !== undefined) into.fromMemory++
      const principal = known ?? (await sessions.find(host, token))
      if (principal?.account.id !== id) throw new Error(`${id} was taken for ${principal?.account.id}`)
    }
    return into
  }
  return { sessions, people, ask, tally }
}

t.test('fifty thousand people who ask one after the other are all answered from memory', async t => {
  const { people, ask, sessions } = await signedIn(50_000)
  t.same(await ask(people), { asked: 50_000, fromMemory: 0 }, 'each costs the store once')
  t.same(await ask(people), { asked: 50_000, fromMemory: 50_000 }, 'and then never again: a hit rate of 100 %')

  const [first, second] = people as [(typeof people)[0], (typeof people)[0]]
  await sessions.end(`S${first.id}`, 'revoked')
  t.equal(sessions.peek(host, first.token), undefined, 'who is signed out is not answered from memory')
  t.equal(await sessions.find(host, first.token), null)
  t.ok(sessions.peek(host, second.token), 'and nobody else is forgotten for it')
})

t.test('where there are more people than places, whoever asks often stays', async t => {
  const { people, ask, tally } = await signedIn(8_000, 5_000 * 3)
  const often = people.slice(0, 200)
  const seldom = people.slice(200)
  await ask(often)
  const hot = tally()
  const cold = tally()
  // Between two requests of the frequent people, a thousand others ask once.
  for (let at = 0; at < seldom.length; at += 1_000) {
    await ask(seldom.slice(at, at + 1_000), cold)
    await ask(often, hot)
  }
  t.same(hot, { asked: 1_600, fromMemory: 1_600 }, 'a hit rate of 100 %, though they were the first to come')
  t.same(cold, { asked: 7_800, fromMemory: 0 })
  t.same(await ask(seldom.slice(-4_800)), { asked: 4_800, fromMemory: 4_800 }, 'of the others the last ones are known')
  t.same(await ask(seldom.slice(0, 200)), { asked: 200, fromMemory: 0 }, 'and the first are forgotten: it is bounded')
})
