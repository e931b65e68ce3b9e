/**
 * The promises of the store port, as one suite for every adapter. Each adapter's test opens two stores on the same data, as two gates
 * would.
 */
import type { Test } from 'tap'
import { type Store, type StoreNotice, StoreUnreachable } from '../../src/store/store.ts'
import { notTried } from '../fixtures/process/not-tried.ts'

interface Rig {
  readonly store: Store
  /** The store of another gate. */
  readonly other: Store
  /** Lets the store's time pass. */
  advance(ms: number): Promise<void>
  /** Takes all free space from the store, and answers how to give it back; null where this machine cannot do that. */
  readonly fill: (() => Promise<() => Promise<void>>) | null
}

/** The notices so far, and ways to wait for one. */
export function collect() {
  const notices: StoreNotice[] = []
  let wake = () => {}
  const waitFor = async (isIt: (notice: StoreNotice) => boolean): Promise<void> => {
    // This keeps the process alive, which a store that only listens does not.
    const deadline = setTimeout(() => wake(), 10_000)
    const end = Date.now() + 10_000
    while (!notices.some(isIt)) {
      if (Date.now() >= end) throw new Error(`waited in vain; heard ${JSON.stringify(notices)}`)
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
    clearTimeout(deadline)
  }
  return {
    notices,
    listener(notice: StoreNotice): void {
      notices.push(notice)
      wake()
    },
    heard: (key: string) => waitFor(notice => notice.kind === 'changed' && notice.key === key),
    told: (kind: StoreNotice['kind']) => waitFor(notice => notice.kind === kind)
  }
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const one of source) found.push(one)
  return found
}

/** These do not run all at once: each has its time limit, and test machines are slow. */
async function inPortions(keys: readonly string[], work: (key: string) => Promise<unknown>): Promise<void> {
  for (let i = 0; i < keys.length; i += 50) await Promise.all(keys.slice(i, i + 50).map(work))
}

/** The seconds that the value under `key` has left; null for no limit, undefined where there is none. */
async function lifeOf(store: Store, key: string): Promise<number | null | undefined> {
  return (await all(store.scan(key))).find(entry => entry.key === key)?.ttlSeconds
}

const values: Record<string, string> = {
  'nothing at all': '',
  'a record': '{"id":"x","proofs":[]}',
  'letters of many scripts': 'Prüfung 測試 🙂',
  'line ends and a NUL': 'a\r\nFLUSHALL\r\n\0b',
  'a MiB': 'x'.repeat(1024 * 1024)
}

const keys = [
  'user:alice',
  '*',
  'user:*',
  '[a-z]?',
  'a\r\nFLUSHALL',
  '{tag}x',
  'tag}x',
  'with space',
  'é',
  '%s',
  '\\',
  'k'.repeat(512)
]

export function holdToContract(t: Test, open: (t: Test) => Promise<Rig>): void {
  t.test('the contract of the store', async t => {
    const { store, other, advance, fill } = await open(t)

    for (const [name, value] of Object.entries(values))
      t.test(`gives back ${name} as it was given`, async t => {
        await store.put('value', value)
        t.ok((await other.get('value')) === value)
        t.ok((await store.take('value')) === value)
        t.equal(await store.get('value'), null)
      })

    t.test('takes any key for itself alone', async t => {
      for (const key of keys) await store.put(key, `of ${key}`)
      for (const key of keys) t.equal(await other.get(key), `of ${key}`)
      t.equal(await store.delete('*'), true)
      t.equal(await store.get('user:*'), 'of user:*')
      t.same(
        (await all(store.scan('user:*'))).map(({ key }) => key),
        ['user:*']
      )
      for (const key of keys) await store.delete(key)
    })

    const bugs: [string, () => Promise<unknown>][] = [
      ['an empty key', () => store.get('')],
      ['a key of 513 bytes', () => store.put('k'.repeat(513), '')],
      ['a key of 171 letters of three bytes', () => store.put('測'.repeat(171), '')],
      ['a key that looks like an index', () => store.put('index:x', '')],
      ['an index without a name', () => store.link('', 'm')],
      ['an empty member', () => store.link('index of nobody', '')],
      ['a value of more than a MiB', () => store.put('value', 'x'.repeat(1024 * 1024 + 1))],
      ['a life that is no number', () => store.put('value', '', Number.NaN)],
      ['a life without end given as a number', () => store.add('value', '', Number.POSITIVE_INFINITY)]
    ]
    for (const [name, call] of bugs) t.test(`calls ${name} a bug`, t => t.rejects(call(), RangeError))

    t.test('a value has ended for every verb when its time is up', async t => {
      const begin = async (key: string) => {
        await store.put(key, '7', 0.03)
        await advance(40)
      }
      await begin('ended')
      t.equal(await store.get('ended'), null)
      t.equal(await store.take('ended'), null)
      t.equal(await store.delete('ended'), false)
      t.equal(await store.replace('ended', '7', '8'), false)
      t.same(await all(store.scan('ended')), [])
      t.equal(await store.add('ended', 'new'), true)
      t.equal(await store.get('ended'), 'new')
      await begin('ended')
      t.equal(await store.increment('ended'), 1)
      t.equal(await lifeOf(store, 'ended'), null)
      await store.delete('ended')
    })

    t.test('a life that is over already is the shortest there is', async t => {
      for (const seconds of [0, -5]) {
        await store.put('late', 'x', seconds)
        await advance(10)
        t.equal(await store.get('late'), null)
      }
    })

    t.test('put begins a new life, or one without end', async t => {
      await store.put('life', 'a', 500)
      const left = await lifeOf(store, 'life')
      t.ok(left && left > 480 && left <= 500, String(left))
      await store.put('life', 'b', 5000)
      t.ok(((await lifeOf(store, 'life')) ?? 0) > 4000)
      await store.put('life', 'c')
      t.equal(await lifeOf(store, 'life'), null)
      await store.delete('life')
    })

    t.test('add writes for one caller of many', async t => {
      const calls = Array.from({ length: 20 }, (_, i) => (i % 2 ? store : other).add('step', String(i), 500))
      t.equal((await Promise.all(calls)).filter(Boolean).length, 1)
      t.ok(((await lifeOf(store, 'step')) ?? 0) > 480)
      t.equal(await store.add('step', 'again'), false)
      await store.delete('step')
    })

    t.test('take gives to one caller of many', async t => {
      await store.put('ceremony', 'secret', 500)
      const calls = Array.from({ length: 20 }, (_, i) => (i % 2 ? store : other).take('ceremony'))
      t.same(
        (await Promise.all(calls)).filter(value => value !== null),
        ['secret']
      )
    })

    t.test('replace asks for exactly what stands there', async t => {
      t.equal(await store.replace('record', '', 'x'), false, 'nothing is not the empty value')
      t.equal(await store.get('record'), null)
      await store.put('record', '1', 500)
      t.equal(await store.replace('record', '01', '2'), false)
      t.equal(await store.replace('record', '1', '2'), true)
      t.equal(await store.get('record'), '2')
      const kept = await lifeOf(store, 'record')
      t.ok(kept && kept > 480 && kept <= 500, 'the life goes on')
      t.equal(await store.replace('record', '2', '3', 5000), true)
      t.ok(((await lifeOf(store, 'record')) ?? 0) > 4000, 'a life that is given begins')
      await store.delete('record')
    })

    t.test('replace loses no update', async t => {
      await store.put('sum', '0')
      const add = async (through: Store) => {
        for (;;) {
          const before = (await through.get('sum')) as string
          if (await through.replace('sum', before, String(Number(before) + 1))) return
        }
      }
      await Promise.all(Array.from({ length: 20 }, (_, i) => add(i % 2 ? store : other)))
      t.equal(await store.get('sum'), '20')
      await store.delete('sum')
    })

    t.test('increment counts every caller, within the life of the first', async t => {
      const calls = Array.from({ length: 30 }, (_, i) => (i % 2 ? store : other).increment('tries', 500))
      t.same(
        (await Promise.all(calls)).sort((a, b) => a - b),
        Array.from({ length: 30 }, (_, i) => i + 1)
      )
      t.equal(await store.increment('tries', 5000), 31)
      t.equal(await store.get('tries'), '31')
      const left = await lifeOf(store, 'tries')
      t.ok(left && left > 480 && left <= 500, String(left))
      await store.delete('tries')
      t.equal(await store.increment('tries'), 1)
      t.equal(await store.increment('tries', 5), 2)
      t.equal(await lifeOf(store, 'tries'), null, 'a count that began without end has none')
      await store.delete('tries')
    })

    t.test('increment does not count on what is no number', async t => {
      for (const value of ['x', '', '1.5', '{"n":1}']) {
        await store.put('tries', value)
        await t.rejects(store.increment('tries', 5), StoreUnreachable)
        t.equal(await store.get('tries'), value)
      }
      await store.delete('tries')
    })

    t.test('delete says whether something was there', async t => {
      await store.put('thing', 'x')
      t.equal(await other.delete('thing'), true)
      t.equal(await store.delete('thing'), false)
    })

    t.test('delete with an expected value leaves what another has written', async t => {
      t.equal(await store.delete('claim', ''), false, 'nothing is not the empty value')
      await store.put('claim', 'mine', 500)
      t.equal(await other.delete('claim', 'min'), false)
      t.equal(await store.get('claim'), 'mine')
      t.equal(await other.delete('claim', 'mine'), true)
      t.equal(await other.get('claim'), null)
      await store.put('claim', '')
      const calls = Array.from({ length: 20 }, (_, i) => (i % 2 ? store : other).delete('claim', ''))
      t.equal((await Promise.all(calls)).filter(Boolean).length, 1, 'one caller deletes it')
      await store.put('claim', '7', 0.03)
      await advance(40)
      t.equal(await store.delete('claim', '7'), false, 'a value that has ended')
    })

    t.test('an index holds its live members, sorted, and nobody else’s', async t => {
      t.same(await store.members('sessions-of:a'), [])
      await store.link('sessions-of:a', 'beta')
      await other.link('sessions-of:a', 'alpha', 500)
      await store.link('sessions-of:a', 'Ω')
      await store.link('sessions-of:ab', 'other')
      await store.link('sessions-of:a', 'beta')
      t.same(await other.members('sessions-of:a'), ['alpha', 'beta', 'Ω'])
      await store.unlink('sessions-of:a', 'beta')
      await store.unlink('sessions-of:a', 'nobody')
      t.same(await store.members('sessions-of:a'), ['alpha', 'Ω'])
      t.same(await store.members('sessions-of:ab'), ['other'])
      t.equal(await store.get('sessions-of:a'), null, 'an index is no value')
      for (const member of ['alpha', 'Ω']) await store.unlink('sessions-of:a', member)
      await store.unlink('sessions-of:ab', 'other')
      t.same(await all(store.scanIndexes('sessions-of:')), [])
    })

    t.test('a member ends by itself, and linking it anew gives it a new life', async t => {
      await store.link('credentials-of:a', 'short', 0.03)
      await store.link('credentials-of:a', 'prolonged', 0.03)
      await store.link('credentials-of:a', 'prolonged', 500)
      await store.link('credentials-of:a', 'shortened', 500)
      await store.link('credentials-of:a', 'shortened', 0.03)
      await store.link('credentials-of:b', 'short', 0.03)
      await advance(40)
      t.same(await store.members('credentials-of:a'), ['prolonged'])
      t.same(await store.members('credentials-of:b'), [])
      await store.link('credentials-of:a', 'endless')
      const [index, ...rest] = await all(store.scanIndexes('credentials-of:'))
      t.same(rest, [])
      t.equal(index?.key, 'credentials-of:a')
      t.same(
        index?.members.map(({ member, ttlSeconds }) => [member, ttlSeconds === null]),
        [
          ['endless', true],
          ['prolonged', false]
        ]
      )
      t.ok((index?.members[1]?.ttlSeconds ?? 0) > 480)
      for (const member of ['prolonged', 'endless']) await store.unlink('credentials-of:a', member)
    })

    t.test('subscribers hear every kind of change, whoever makes it', async t => {
      const mine = collect()
      const theirs = collect()
      const end = await store.subscribe('told:', mine.listener)
      t.teardown(await other.subscribe('told:', theirs.listener))
      const changes: Record<string, (through: Store, key: string) => Promise<unknown>> = {
        put: (through, key) => through.put(key, '1', 500),
        add: (through, key) => through.add(key, '1'),
        take: (through, key) => through.take(key),
        replace: (through, key) => through.replace(key, '1', '2'),
        increment: (through, key) => through.increment(key, 500),
        delete: (through, key) => through.delete(key),
        'delete if': (through, key) => through.delete(key, '1')
      }
      for (const verb of ['take', 'replace', 'delete', 'delete if'])
        for (const through of [0, 1]) await store.put(`told:${verb}${through}`, '1')
      const settled = Promise.all([mine.heard('told:settled'), theirs.heard('told:settled')])
      await store.put('told:settled', '')
      await settled
      for (const [verb, change] of Object.entries(changes))
        for (const [i, through] of [store, other].entries()) {
          mine.notices.length = theirs.notices.length = 0
          await change(through, `told:${verb}${i}`)
          await Promise.all([mine.heard(`told:${verb}${i}`), theirs.heard(`told:${verb}${i}`)])
          t.pass(`${verb} by ${i === 0 ? 'itself' : 'the other'}`)
        }

      mine.notices.length = theirs.notices.length = 0
      await store.put('untold:x', '1')
      await store.put('told', '1')
      await store.link('told:index', 'member')
      await store.get('told:put0')
      end()
      await other.put('told:last', '1')
      await theirs.heard('told:last')
      t.same(mine.notices, [], 'nothing of others, nothing of indexes, nothing after the end')
      t.same(theirs.notices, [{ kind: 'changed', key: 'told:last' }])
      await store.unlink('told:index', 'member')
      for await (const { key } of store.scan('')) await store.delete(key)
    })

    t.test('scan finds every value with the prefix, once, and no index', async t => {
      const many = Array.from({ length: 1203 }, (_, i) => `many:${i}`)
      await inPortions(many, key => store.put(key, `value ${key.slice(5)}`, Number(key.slice(5)) % 3 ? undefined : 500))
      await store.link('many:index', 'member', 500)
      await store.put('man', 'shorter')
      const found = await all(other.scan('many:'))
      t.same(found.map(({ key }) => key).sort(), [...many].sort())
      const third = found.find(({ key }) => key === 'many:3')
      t.equal(third?.value, 'value 3')
      t.ok(third?.ttlSeconds && third.ttlSeconds > 480 && third.ttlSeconds <= 500)
      t.equal(found.find(({ key }) => key === 'many:4')?.ttlSeconds, null)
      t.equal((await all(store.scan(''))).length, 1204)
      t.same(
        (await all(store.scanIndexes(''))).map(({ key }) => key),
        ['many:index']
      )
      await inPortions([...many, 'man'], key => store.delete(key))
      await store.unlink('many:index', 'member')
    })

    t.test('ping says that a write would be kept, and leaves nothing behind', async t => {
      await store.ping()
      t.same(await all(store.scan('')), [])
      t.same(await all(store.scanIndexes('')), [])
    })

    t.test('FIELD A4 a revocation can be written when there is no room for a sign-in', async t => {
      if (fill === null) return void notTried(t, 'only root can mount a small file system')
      const some = Array.from({ length: 40 }, (_, i) => `session:${i}`)
      for (const key of some) {
        await store.put(key, 'x'.repeat(500), 500)
        await store.link('sessions-of:a', key, 500)
      }
      await store.put('account:a', '{"suspended":null}')
      await store.put('account:b', '{"suspended":null}', 500)
      const makeRoom = await fill()
      await t.rejects(store.ping(), StoreUnreachable)
      // Space for the next ordinary writes, and space of ended values, is used first.
      for (const size of [200_000, 20_000, 500])
        for (let n = 0; n < 500; n++)
          if (await store.put(`session:last${size}.${n}`, 'x'.repeat(size), 500).catch(() => 'refused')) break
      for (let n = 0; n < 20; n++) {
        await t.rejects(store.put(`session:new${n}`, 'x'.repeat(500), 500), StoreUnreachable)
        await t.rejects(store.add(`token:new${n}`, 'x'.repeat(500), 500), StoreUnreachable)
        await t.rejects(store.link('sessions-of:a', `new${n}`), StoreUnreachable)
      }
      for (const [i, key] of some.entries()) {
        const through = i % 2 ? store : other
        if (i % 3) t.equal(await through.delete(key, i % 2 ? 'x'.repeat(500) : undefined), true)
        else t.equal(await through.take(key), 'x'.repeat(500))
        await through.unlink('sessions-of:a', key)
      }
      const why = `{"suspended":"${'left '.repeat(90)}"}`
      for (const key of ['account:a', 'account:b'])
        t.equal(await other.replace(key, '{"suspended":null}', why, undefined, 'ends access'), true)
      t.equal(await other.replace('account:a', 'x', why, undefined, 'ends access'), false)
      await makeRoom()
      for (const one of [store, other]) await one.ping()
      t.equal(await other.get('account:a'), why)
      t.equal(await lifeOf(other, 'account:a'), null)
      t.ok(((await lifeOf(other, 'account:b')) ?? 0) > 480)
      t.same(await other.members('sessions-of:a'), [])
      await store.put('session:new', '')
      for await (const { key } of store.scan('')) await store.delete(key)
    })

    t.test('a closed store rejects', async t => {
      await other.close()
      await other.close()
      await t.rejects(other.get('x'), StoreUnreachable)
      await t.rejects(other.put('x', ''), StoreUnreachable)
      await t.rejects(
        other.subscribe('x', () => {}),
        StoreUnreachable
      )
      await store.put('x', 'the first goes on')
      t.equal(await store.take('x'), 'the first goes on')
    })
  })
}
