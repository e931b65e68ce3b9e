/** FIELD A7 and A4: what watches the store cries no wolf while the store moves on, and keeps no descriptor when the disk is full. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { GuardedStore } from '../../src/store/guarded-store.ts'
import { KnownStoresFile } from '../../src/store/known-stores.ts'
import { MemoryStore, TestClock } from '../fixtures/in-process/memory-store.ts'
import { notTried } from '../fixtures/process/not-tried.ts'
import { smallDisk } from '../fixtures/process/small-disk.ts'

t.test('FIELD A7 an answer that was under way while the store moved on is no store that has gone back', async t => {
  const inner = new MemoryStore(new TestClock().read)
  const known = new KnownStoresFile(null)
  const store = new GuardedStore(inner, { known, address: 'a store', isCluster: false }, null)
  t.equal(await store.verify(), null)
  await store.settle()
  const get = inner.get.bind(inner)
  let arrive = () => {}
  const isLate = new Promise<void>(resolve => {
    arrive = resolve
  })
  let isFirst = true
  inner.get = async key => {
    const isHeld = isFirst && key.includes('epoch')
    if (isHeld) isFirst = false
    const text = await get(key)
    if (isHeld) await isLate
    return text
  }
  const verified = store.verify()
  await store.settle()
  arrive()
  t.equal(await verified, null)
  t.equal(await store.get('x'), null, 'and the store answers')
})

t.test(
  'FIELD A7 a store that answers is not believed before it is heard again, nor for a look from before the break',
  async t => {
    const inner = new MemoryStore(new TestClock().read)
    const get = inner.get.bind(inner)
    const store = new GuardedStore(
      inner,
      { known: new KnownStoresFile(null), address: 'a store', isCluster: false },
      null
    )
    t.teardown(() => store.close())
    const heard: string[] = []
    await store.subscribe('session:', ({ kind }) => heard.push(kind))
    await store.verify()

    let arrive = () => {}
    const isLate = new Promise<void>(resolve => {
      arrive = resolve
    })
    inner.get = async key => {
      const text = await get(key)
      await isLate
      return text
    }
    const early = store.verify()
    inner.tell({ kind: 'lost' })
    arrive()
    await early
    inner.get = get
    t.same(heard, ['lost'])
    t.equal(await store.verify(), null, 'it answers and is the same')
    t.equal(await store.get('x'), null)
    t.same(heard, ['lost'], 'but nobody would hear of a revocation yet')
    inner.tell({ kind: 'ready' })
    await store.verify()
    t.same(heard, ['lost', 'ready'])
  }
)

t.test('FIELD A7 a store that has gone back does not catch up by what is spent on it', async t => {
  const inner = new MemoryStore(new TestClock().read)
  const store = new GuardedStore(
    inner,
    { known: new KnownStoresFile(null), address: 'a store', isCluster: false },
    null
  )
  await store.verify()
  for (let n = 0; n < 5; n++) await store.settle()
  const [key = ''] = (await inner.dump()).match(/meta:store-epoch:0/) ?? []
  t.match(await inner.get(key), /^5 /)
  // No connection breaks, so nobody looks before the next second.
  await inner.put(key, '3')
  for (let n = 0; n < 4; n++)
    await t.rejects(store.settle(), { name: 'StoreUnreachable', message: /gone back/ }, 'what is spent looks at once')
  t.equal(await inner.get(key), '3')
  await t.rejects(store.get('x'), { message: /gone back/ })
})

t.test('FIELD A7 a gate writes what it knows of its store once a second, a command at once', async t => {
  const written: number[] = []
  const known = {
    get: () => null,
    remember: (_: string, { epochs }: { epochs: readonly string[] }) =>
      void written.push(Number.parseInt(epochs[0] ?? '', 10))
  }
  const options = { known, address: 'a store', isCluster: false }
  const command = new GuardedStore(new MemoryStore(new TestClock().read), options, null)
  await command.verify()
  await command.settle()
  t.same(written.splice(0), [0, 1])
  const gate = new GuardedStore(new MemoryStore(new TestClock().read), options, null)
  await gate.verify()
  await gate.subscribe('session:', () => {})
  for (let n = 0; n < 20; n++) await gate.settle()
  t.same(written.splice(0), [0], 'no sign-in waits for a file')
  await gate.close()
  t.same(written, [20], 'and nothing is lost at the end')
})

t.test('FIELD A4 a disk that is full costs no descriptor', async t => {
  const disk = smallDisk(t, '64k')
  if (disk === null) return notTried(t, 'only root may mount a disk')
  const known = new KnownStoresFile(join(disk.directory, 'known.json'))
  disk.fill()
  const open = () => readdirSync('/proc/self/fd').length
  const before = open()
  for (let n = 0; n < 50; n++) known.remember('a store', { id: 'mark', epochs: [String(n)] })
  t.ok(open() < before + 25, 'none is kept')
})
