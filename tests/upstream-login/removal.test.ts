/** A login is removed while its owner enters a new one: what was seen is removed, and what is new stays in its owner's list. */
import t, { type Test } from 'tap'
import { makeKeyring, masterKey } from '../../src/keyring/keyring.ts'
import { SessionCache } from '../../src/session/session-cache.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { UpstreamLogins } from '../../src/upstream-login/upstream-logins.ts'
import { MemoryStore, TestClock } from '../fixtures/in-process/memory-store.ts'
import { startRedis } from '../fixtures/process/redis-server.ts'

const basic = (password: string) => `Basic ${Buffer.from(`alice:${password}`).toString('base64')}`
const keyring = makeKeyring([masterKey(Buffer.alloc(32, 7))])

const stores: readonly (readonly [string, (t: Test) => Promise<string>])[] = [
  ['embedded', async t => `embedded:${t.testdir()}`],
  ['Redis', async t => (await startRedis(t)).url]
]

/** Two gates of one store. Before or after the first call of `verb` at the first gate, something happens at the second. */
async function twoGates(t: Test, url: string) {
  const gate = async () => {
    const store = await openStore(url)
    t.teardown(() => store.close())
    const cache = new SessionCache(store)
    await cache.watch(['upstream-login:'])
    t.teardown(() => cache.close())
    const options = { store, cache, clock: Date.now, keyring: () => keyring, onTrouble: () => {} }
    return { store, logins: new UpstreamLogins(options) }
  }
  const [here, there] = [await gate(), await gate()]
  const during = (verb: 'delete' | 'unlink' | 'link' | 'put' | 'add' | 'replace', when: Moment, act: () => unknown) => {
    const call = here.store[verb].bind(here.store) as (...given: unknown[]) => Promise<never>
    here.store[verb] = async (...given: unknown[]) => {
      here.store[verb] = call as never
      if (when === 'before') await act()
      const answer = await call(...given)
      if (when === 'after') await act()
      return answer
    }
  }
  // The embedded store reads anew after a write of its own, otherwise after the present turn.
  const readAnew = () => here.store.put('anew', '')
  return { here: here.logins, there: there.logins, store: there.store, readAnew, during }
}

type Moment = 'before' | 'after'

async function isWhole(t: Test, logins: UpstreamLogins, store: Store, sentence: string): Promise<void> {
  // The embedded store reads anew after a write of its own, otherwise after the present turn.
  await store.put('anew', '')
  t.match(await logins.kept('A'), [{ app: 'old' }], `${sentence}: the new one is in its owner's list`)
  t.equal((await logins.find('A', 'old'))?.authorization, basic('new'))
  t.equal(await logins.removeAll('A'), 1, 'and ends with the account')
  t.equal(await store.get('upstream-login:A:old'), null)
  t.same(await store.members('upstream-logins-of:A'), [])
}

for (const [name, urlOf] of stores) {
  t.test(`a login that was entered since it was seen stays, on ${name}`, async t => {
    const { here, there, store, readAnew, during } = await twoGates(t, await urlOf(t))
    await here.store('A', 'old', basic('first'))
    t.equal((await here.find('A', 'old'))?.authorization, basic('first'), 'this gate has it in memory')
    const [seen] = await here.kept('A')
    await there.store('A', 'old', basic('new'))
    await readAnew()
    t.equal(await here.removeVersion('A', 'old', seen!.version), 'changed')
    await isWhole(t, there, store, 'entered before')

    const { version } = await here.store('A', 'old', basic('first'))
    during('delete', 'before', () => there.store('A', 'old', basic('new')))
    t.equal(await here.removeVersion('A', 'old', version), 'changed')
    await isWhole(t, there, store, 'entered at the last moment')

    const { version: refused } = await here.store('A', 'old', basic('first'))
    // Each reads what the other has written.
    await store.put('anew', '')
    const login = await there.find('A', 'old')
    during('delete', 'before', async () => {
      const before = await store.get('upstream-login:A:old')
      there.refused('A', 'old', login!)
      while ((await store.get('upstream-login:A:old')) === before) await new Promise(setImmediate)
    })
    t.equal(await here.removeVersion('A', 'old', refused), 'removed', 'a refusal makes no other login of it')
    t.equal(await here.removeVersion('A', 'old', refused), 'gone')

    await store.link('upstream-logins-of:A', 'old')
    await store.put('upstream-login:A:old', 'sealed with another key')
    await readAnew()
    const [unread] = await here.kept('A')
    t.match(unread, { app: 'old', storedAt: null })
    await store.put('upstream-login:A:old', 'sealed with another key again')
    await readAnew()
    t.equal(await here.removeVersion('A', 'old', unread!.version), 'changed')
    const [again] = await here.kept('A')
    t.equal(await here.removeVersion('A', 'old', again!.version), 'removed', 'one that cannot be opened')
    t.same(await here.kept('A'), [])
  })

  t.test(`a login entered while an earlier one is removed ends with the account, on ${name}`, async t => {
    const { here, there, store, during } = await twoGates(t, await urlOf(t))
    const removals: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['remove', () => here.remove('A', 'old')],
      ['removeAll', () => here.removeAll('A')],
      ['removeVersion', async () => here.removeVersion('A', 'old', (await here.kept('A'))[0]!.version)]
    ]
    for (const [what, removal] of removals)
      for (const [verb, when] of [
        ['delete', 'after'],
        ['unlink', 'before'],
        ['unlink', 'after']
      ] as const) {
        await here.store('A', 'old', basic('first'))
        during(verb, when, () => there.store('A', 'old', basic('new')))
        await removal()
        await isWhole(t, there, store, `${what}, ${when} its ${verb}`)
      }
    for (const [verb, when] of [
      ['link', 'before'],
      ['link', 'after'],
      ['replace', 'before']
    ] as const) {
      await here.store('A', 'old', basic('first'))
      during(verb, when, () => there.remove('A', 'old'))
      await here.store('A', 'old', basic('new'))
      await isWhole(t, there, store, `stored, with a removal ${when} its ${verb}`)
    }
  })
}

t.test('a refusal while the store is away is written once it is back', async t => {
  const time = new TestClock(1_000_000)
  const store = new MemoryStore(time.read)
  const troubles: string[] = []
  const gate = () =>
    new UpstreamLogins({
      store,
      cache: new SessionCache(store),
      clock: time.read,
      keyring: () => keyring,
      onTrouble: ({ sentence }) => troubles.push(sentence)
    })
  const here = gate()
  await here.store('A', 'old', basic('wrong'))
  const login = await here.find('A', 'old')
  store.isDown = true
  t.equal(here.refused('A', 'old', login!), true)
  await new Promise(setImmediate)
  t.equal(here.isRefused(login!), true)
  await new Promise(setImmediate)
  t.same(troubles, Array(2).fill('the refusal of a stored login could not be written'))
  store.isDown = false
  t.equal(here.isRefused(login!), true, 'this gate never sends it again')
  await new Promise(setImmediate)
  t.match(await gate().list('A'), [{ refusedAt: time.now }], 'and now no other does')
  here.isRefused(login!)
  await new Promise(setImmediate)
  t.equal(troubles.length, 2)
})
