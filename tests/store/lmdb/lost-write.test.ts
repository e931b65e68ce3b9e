/** A disk that loses the newest state of the store (MDB_PANIC): nothing is answered, nothing hangs, and the process is told once to end when the disk is well again. */
import path from 'node:path'
import t, { type Test } from 'tap'
import { Environment } from '../../../src/store/lmdb/environment.ts'
import { openLmdb } from '../../../src/store/lmdb/lmdb.ts'
import { until } from '../../fixtures/in-process/until.ts'
import { notTried } from '../../fixtures/process/not-tried.ts'
import { smallDisk } from '../../fixtures/process/small-disk.ts'

/** As lmdb-js 3.5.6 says that a commit failed, with LMDB's own code. */
function failed(code: number): Error {
  const commitError = Promise.reject(Object.assign(new Error(String(code)), { code }))
  commitError.catch(() => {})
  return Object.assign(new Error('Commit failed (see commitError for details)'), { commitError })
}

/** As lmdb-js says that no transaction can begin. */
const panic = () => new Error('Invalid argument: MDB_PANIC: Update of meta page failed or environment had fatal error')

const never = () => new Promise<never>(() => {})

const lost = {
  name: 'StoreUnreachable',
  message: /the disk has lost a write; repair the disk, then start the gate again/
}

/** Tells which environment the next store opens. */
function notedEnvironment(t: Test): () => Environment {
  const { open } = Environment
  let environment: Environment | undefined
  Environment.open = directory => {
    environment = open.call(Environment, directory)
    return environment
  }
  t.teardown(() => Object.assign(Environment, { open }))
  return () => environment as Environment
}

/** A store that somebody listens to, on a small disk, with a session. Null if this user cannot mount one. */
async function opened(t: Test) {
  const disk = smallDisk(t, '8m')
  if (disk === null) {
    notTried(t, 'this user cannot mount a disk')
    return null
  }
  const environment = notedEnvironment(t)
  const ended: string[] = []
  const store = openLmdb(path.join(disk.directory, 'store'), { onWellAgain: error => ended.push(error.message) })
  t.teardown(() => store.close())
  const heard: string[] = []
  await store.subscribe('session:', ({ kind }) => heard.push(kind))
  await store.put('session:a', 'x')
  /** From now on, LMDB takes no transactions, and closing waits for those that never end. Reads are refused at once, and writes as `transaction` says. */
  const lose = (transaction: () => Promise<never>) => {
    const refused = () => {
      throw panic()
    }
    environment().root.transaction = transaction
    // The tests that follow in this process find it closed.
    let closed: Promise<void> | undefined
    const close = environment().root.close.bind(environment().root)
    let release = () => {}
    const released = new Promise<void>(resolve => {
      release = resolve
    })
    environment().root.close = () => {
      closed = released.then(close)
      return closed
    }
    t.teardown(() => {
      release()
      return closed
    })
    environment().root.useReadTransaction = refused
    Object.assign(environment().records, { live: refused })
  }
  return { disk, store, ended, heard, lose }
}

const losses: [name: string, commits: (nth: number) => Promise<never>][] = [
  ['that each commit names', async () => Promise.reject(failed(-30795))],
  ['that each transaction names', async () => Promise.reject(panic())],
  // As a real disk does it (EIO, EROFS while the meta page is written).
  [
    'after which no transaction ends, on a disk that cannot save',
    nth => (nth === 1 ? Promise.reject(failed(5)) : never())
  ],
  ['after which no transaction ends, on a read-only disk', nth => (nth === 1 ? Promise.reject(failed(30)) : never())]
]

for (const [name, commit] of losses)
  t.test(`a lost write ${name}`, async t => {
    const at = await opened(t)
    if (at === null) return
    const { disk, store, ended, heard, lose } = at
    const free = disk.fill()
    let begun = 0
    lose(() => commit(++begun))
    await t.rejects(store.delete('session:a'), lost)
    for (const work of [
      () => store.get('session:a'),
      () => store.delete('session:a'),
      () => store.put('session:b', 'x')
    ])
      await t.rejects(Promise.resolve<unknown>(work()), lost)
    t.equal(begun, 1, 'no more transactions are begun, because they would never end')
    await until(() => heard.includes('lost'), 'whoever caches hears of it', 5)
    t.same(ended, [], 'a new process could not open the store yet')
    await free()
    await until(() => ended.length > 0, 'the disk is well again', 20)
    t.match(ended[0], /lost a write and takes writes again.*has to be started again/)
    // Each of them looks at the disk again.
    for (let n = 0; n < 3; n++) await t.rejects(store.delete('session:a'), lost)
    t.equal(ended.length, 1, 'a process that is told twice cuts what it still serves')
    await store.close()
  })

t.test('a lost write of which a read hears first', async t => {
  const at = await opened(t)
  if (at === null) return
  const { store, ended, heard, lose } = at
  lose(never)
  await t.rejects(store.get('session:a'), lost)
  await t.rejects(store.delete('session:a'), lost)
  await until(() => ended.length > 0, 'the process is told to end', 20)
  t.ok(heard.includes('lost'))
  await store.close()
})

t.test('a commit that fails after nobody waits for it any more disturbs nobody', async t => {
  const environment = notedEnvironment(t)
  const store = openLmdb(path.join(t.testdir({}), 'store'))
  t.teardown(() => store.close())
  let fail = (_: Error) => {}
  environment().root.transaction = () =>
    new Promise((_, reject) => {
      fail = reject
    })
  await t.rejects(store.put('session:a', 'x'), { message: /a write takes too long/ })
  const unhandled: unknown[] = []
  const onRejection = (error: unknown) => void unhandled.push(error)
  process.on('unhandledRejection', onRejection)
  t.teardown(() => void process.off('unhandledRejection', onRejection))
  // As lmdb-js does it: both in one turn of the event loop.
  const commitError = Promise.reject(Object.assign(new Error('Input/output error'), { code: 5 }))
  fail(Object.assign(new Error('Commit failed (see commitError for details)'), { commitError }))
  await new Promise(resolve => setImmediate(resolve))
  t.same(unhandled, [])
})
