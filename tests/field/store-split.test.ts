/** FIELD A7: a partition leaves two masters, and gates on both go on. What one of them loses is noticed, however far the other has gone meanwhile. */
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { acceptedEpoch, advancedEpoch, epochKeys, isBehind, joinedKnown, knownAfter } from '../../src/store/epochs.ts'
import { guardStore } from '../../src/store/guarded-store.ts'
import { KnownStoresFile } from '../../src/store/known-stores.ts'
import { openGuarded } from '../../src/store/open.ts'
import { slotOf } from '../../src/store/redis/slots.ts'
import { MemoryStore } from '../fixtures/in-process/memory-store.ts'
import { startRedisProxy } from '../fixtures/process/redis-proxy.ts'
import { startRedis, until } from '../fixtures/process/redis-server.ts'

const succeeds = (work: Promise<unknown>) =>
  work.then(
    () => true,
    () => false
  )

/** True once the gate sees a store that it takes for its own. */
const isRight = (store: { verify(): Promise<string | null> }) =>
  store.verify().then(
    why => why === null,
    () => false
  )

async function split(t: Test) {
  const master = await startRedis(t)
  const replica = await startRedis(t, { args: ['--replicaof', `127.0.0.1 ${master.port}`] })
  const open = async (port: number) => {
    const way = await startRedisProxy(t, port)
    const store = await openGuarded(way.url, {}, null)
    t.teardown(() => store.close())
    await store.subscribe('session:', () => {})
    return { way, store }
  }
  const [a, b] = [await open(master.port), await open(master.port)]
  await a.store.put('session:thief', 'open')
  await until('the replica has it', async () => (await replica.cli('GET', 'factorgate:session:thief')) === 'open')
  // WAIT counts no replica whose first report has not come yet.
  await until('the replica confirms', () => succeeds(a.store.settle()))
  await b.store.verify()
  await replica.cli('REPLICAOF', 'NO', 'ONE')
  b.way.targetPort = replica.port
  b.way.cut()
  await until('one gate sees the new master', () => isRight(b.store))
  return { a, b, replica }
}

for (const ahead of [0, 1, 5])
  t.test(`FIELD A7 the new master is ${ahead} steps ahead of the old one, which has a revocation more`, async t => {
    const { a, b, replica } = await split(t)
    t.equal(await a.store.delete('session:thief'), true)
    await a.store.settle().catch(() => {})
    for (let n = 0; n < 1 + ahead; n++) await b.store.settle()
    t.equal(await b.store.get('session:thief'), 'open')

    a.way.targetPort = replica.port
    a.way.cut()
    await until('the gate of the old master is here', () => succeeds(a.store.verify()))
    t.match(await a.store.verify(), /has gone back to an earlier state/)
    await t.rejects(a.store.get('session:thief'), { name: 'StoreUnreachable', message: /factorgate store accept/ })
    await t.rejects(a.store.settle(), { message: /gone back/ })
  })

t.test('FIELD A7 a script of 40 commands at the new master does not hide what the old one alone had', async t => {
  const { a, replica } = await split(t)
  t.equal(await a.store.delete('session:thief'), true)
  await a.store.settle().catch(() => {})
  for (let n = 0; n < 40; n++) {
    const command = await openGuarded(`redis://127.0.0.1:${replica.port}`, {}, null)
    await command.settle()
    await command.close()
  }
  a.way.targetPort = replica.port
  a.way.cut()
  await until('the gate of the old master is here', () => succeeds(a.store.verify()))
  t.match(await a.store.verify(), /has gone back to an earlier state/)
})

t.test('FIELD A7 a partition in which nothing was ended on the old master ends without a word', async t => {
  const { a, b, replica } = await split(t)
  for (let n = 0; n < 3; n++) await b.store.settle()
  a.way.targetPort = replica.port
  a.way.cut()
  await until('it is here', () => isRight(a.store))
  await a.store.settle()
  await b.store.settle()
  t.equal(await a.store.verify(), null)
  t.equal(await b.store.verify(), null)
})

/** The epoch after writes of these, each a process of its own. */
const afterAll = (text: string, writers: readonly string[]) =>
  writers.reduce((before, writer) => advancedEpoch(before, writer), text)
const commands = (count: number, at: string) => Array.from({ length: count }, (_, n) => `${at}${n}`)

t.test('an epoch knows its last writers, and nobody misses what is older than an accepted one', async t => {
  const text = afterAll('', ['a', 'b', 'a'])
  t.equal(text, '3 0 b:2 a:3')
  const known = knownAfter(null, text)
  t.equal(known, '3 - a:3', 'the last write has all before it')
  t.equal(isBehind('9 0 b:9', known), true, 'what a wrote is gone')
  t.equal(isBehind('9 0 a:9 b:2', known), false)
  t.equal(isBehind('3', '4'), true)
  t.equal(joinedKnown('3 - a:3', '9 - c:9'), '9 - a:3 c:9', 'two masters')
  t.equal(knownAfter('9 - a:3 c:9', '9 0 a:2 c:9'), '9 - c:9 a:3', 'a is still missed')
  t.equal(knownAfter('9 - a:3 c:9', '10 0 a:3 c:9 d:10'), '10 - d:10')
  const accepted = acceptedEpoch('9 0 b:9', known)
  t.equal(isBehind(accepted, known), false)
  t.equal(isBehind(advancedEpoch(accepted, 'c'), known), false)
  t.equal(isBehind(accepted, knownAfter(known, accepted)), false)
  t.equal(
    isBehind(acceptedEpoch(null, known), knownAfter(null, advancedEpoch(accepted, 'c'))),
    true,
    'accepted there too'
  )
  // Commands are writers too, and each lives for a moment.
  let [next, seen] = [text, known]
  for (let n = 0; n < 1000; n++) {
    next = advancedEpoch(next, `command${n}`)
    t.equal(isBehind(next, seen), false)
    seen = knownAfter(seen, next)
  }
  t.ok(next.length < 7000)
  t.ok(seen.length < 50)
})

for (const lost of [1, 2, 10])
  t.test(`FIELD A7 ${lost} lost at the old master, then any number of commands at the new one`, async t => {
    const shared = afterAll('', ['a', 'b', ...commands(40, 'before')])
    const old = knownAfter(knownAfter(null, shared), afterAll(shared, commands(lost, 'old')))
    let now = shared
    const hidden: number[] = []
    for (let n = 0; n < 600; n++) {
      now = advancedEpoch(now, `new${n}`)
      if (!isBehind(now, old)) hidden.push(n)
      // Another gate of this installation is at the new master, and they share a file.
      if (!isBehind(now, joinedKnown(old, knownAfter(null, now)))) hidden.push(n)
    }
    t.same(hidden, [])
    t.equal(isBehind(afterAll(shared, commands(200, 'elsewhere')), knownAfter(null, shared)), false, 'nothing was lost')
  })

t.test('FIELD A7 a gate that was away for long is told that this may be no loss, and only then', async t => {
  const known = new KnownStoresFile(null)
  const inner = new MemoryStore(() => 0)
  const open = () => guardStore(inner, { known, address: 'a store', isCluster: false })
  const [key = ''] = epochKeys(false)
  await (await open()).settle()
  const seen = (await inner.get(key)) ?? ''
  for (const [text, expected] of [
    [
      afterAll(seen, commands(384, 'other')),
      /^This gate cannot tell whether .* the last 384 .*Look in the log of the store.* store accept$/
    ],
    [afterAll('', commands(200, 'other')), /^The store a store has gone back .* store accept$/],
    [afterAll('', commands(384, 'other')), /^The store a store has gone back/],
    ['0', /^The store a store has gone back/],
    [afterAll(seen, commands(383, 'other')), null]
  ] as const) {
    await inner.put(key, text)
    if (expected === null) await t.resolves(open())
    else await t.rejects(open(), { message: expected })
  }
})

t.test('what older releases have left, and what they do beside', async t => {
  const left = '40 7 a:39 b:8 c:40'
  t.equal(isBehind(left, left), false)
  t.equal(isBehind('90 50 c:80 d:90', left), false, 'their floor excuses a and b')
  t.equal(isBehind('90 30 c:80 d:90', left), true)
  t.equal(isBehind('5', '5'), false)
  t.equal(isBehind('6 0 a:6', '5'), false)
  t.equal(knownAfter(left, '90 50 c:80 d:90'), '90 - d:90', 'they are not missed later')
  t.equal(isBehind('91 50 c:80 d:90 e:91', '90 - d:90'), false)
})

t.test('the file of known stores keeps what one master alone has, and no more', async t => {
  const known = new KnownStoresFile(join(t.testdir(), 'known.json'))
  const remember = (text: string) => known.remember('a store', { id: 'mark', epochs: [knownAfter(null, text)] }, [text])
  const shared = afterAll('', ['a', 'b'])
  const [old, now] = [advancedEpoch(shared, 'a'), afterAll(shared, commands(60, 'new'))]
  remember(shared)
  remember(old)
  remember(now)
  const text = known.get('a store')?.epochs[0] ?? ''
  t.equal(text, '62 - new59:62 a:3')
  t.equal(isBehind(now, text), true)
  const accepted = acceptedEpoch(now, text)
  remember(accepted)
  t.equal(isBehind(accepted, known.get('a store')?.epochs[0] ?? ''), false)
  t.notMatch(known.get('a store')?.epochs[0], /a:3/)
})

t.test('FIELD A7 each master of a Cluster has an epoch, also of sixteen', t => {
  const slots = epochKeys(true).map(key => slotOf(`factorgate:${key}`))
  t.same(
    slots,
    epochKeys(true).map(key => slotOf(`other:${key}`)),
    'whatever the prefix is'
  )
  for (let masters = 1; masters <= 16; masters++)
    for (let n = 0; n < masters; n++) {
      const [first, last] = [Math.ceil((n * 16384) / masters), Math.ceil(((n + 1) * 16384) / masters) - 1]
      t.ok(
        slots.some(slot => first <= slot && slot <= last),
        `master ${n} of ${masters}`
      )
    }
  t.end()
})
