/** FIELD A7: a partition leaves two masters, and gates on both go on. What one of them loses is noticed, however far the other has gone meanwhile. */
import t, { type Test } from 'tap'
import { acceptedEpoch, advancedEpoch, epochKeys, isBehind, joinedEpochs } from '../../src/store/epochs.ts'
import { openGuarded } from '../../src/store/open.ts'
import { slotOf } from '../../src/store/redis/slots.ts'
import { startRedisProxy } from '../fixtures/process/redis-proxy.ts'
import { startRedis, until } from '../fixtures/process/redis-server.ts'

async function split(t: Test) {
  const master = await startRedis(t)
  const replica = await startRedis(t, {
    args: ['--replicaof', `127.0.0.1 ${master.port}`, '--repl-diskless-sync-delay', '0']
  })
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
  await a.store.settle()
  await b.store.verify()
  await replica.cli('REPLICAOF', 'NO', 'ONE')
  b.way.targetPort = replica.port
  b.way.cut()
  await until('one gate sees the new master', () =>
    b.store.verify().then(
      why => why === null,
      () => false
    )
  )
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
    await until('the gate of the old master is here', () =>
      a.store.verify().then(
        () => true,
        () => false
      )
    )
    t.match(await a.store.verify(), /has gone back to an earlier state/)
    await t.rejects(a.store.get('session:thief'), { name: 'StoreUnreachable', message: /factorgate store accept/ })
    await t.rejects(a.store.settle(), { message: /gone back/ })
  })

t.test('FIELD A7 a partition in which nothing was ended on the old master ends without a word', async t => {
  const { a, b, replica } = await split(t)
  for (let n = 0; n < 3; n++) await b.store.settle()
  a.way.targetPort = replica.port
  a.way.cut()
  await until('it is here', () =>
    a.store.verify().then(
      why => why === null,
      () => false
    )
  )
  await a.store.settle()
  await b.store.settle()
  t.equal(await a.store.verify(), null)
  t.equal(await b.store.verify(), null)
})

t.test('an epoch knows its last writers, and an accepted one is missed by nobody', async t => {
  let text = ''
  for (const writer of ['a', 'b', 'a']) text = advancedEpoch(text, writer)
  t.equal(text, '3 0 b:2 a:3')
  t.equal(isBehind('9 0 b:9', text), true, 'what a wrote is gone')
  t.equal(isBehind('9 0 a:9 b:2', text), false)
  t.equal(isBehind('3', '4'), true)
  t.equal(joinedEpochs('3 0 b:2 a:3', '9 2 b:2 c:9'), '9 2 a:3 c:9')
  const accepted = acceptedEpoch('9 0 b:9', text, 100)
  t.equal(isBehind(accepted, text), false)
  t.equal(isBehind(advancedEpoch(accepted, 'c'), text), false)
  // Commands are writers too, and each lives for a moment.
  for (let n = 0; n < 1000; n++) {
    const next = advancedEpoch(text, `command${n}`)
    t.equal(isBehind(next, text), false)
    text = next
  }
  t.ok(text.length < 1000)
  t.equal(text.split(' ').length, 34)
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
