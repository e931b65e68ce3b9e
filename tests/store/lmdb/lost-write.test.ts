/** A disk that loses the newest state of the store (MDB_PANIC): nothing is answered, nothing hangs, and the process ends once the disk is well again. */
import path from 'node:path'
import t from 'tap'
import { Environment } from '../../../src/store/lmdb/environment.ts'
import { openLmdb } from '../../../src/store/lmdb/lmdb.ts'
import { until } from '../../fixtures/in-process/until.ts'
import { notTried } from '../../fixtures/process/not-tried.ts'
import { smallDisk } from '../../fixtures/process/small-disk.ts'

/** As lmdb-js 3.5.6 says it where a transaction cannot begin, and where a commit fails. */
const panics = [
  () =>
    Object.assign(new Error('Commit failed (see commitError for details)'), {
      commitError: Promise.reject(Object.assign(new Error('MDB_PANIC'), { code: -30795 }))
    }),
  () => new Error('Invalid argument: MDB_PANIC: Update of meta page failed or environment had fatal error')
]

for (const [n, panic] of panics.entries())
  t.test(`a lost write, ${n + 1}`, async t => {
    const disk = smallDisk(t, '8m')
    if (disk === null) return notTried(t, 'this user cannot mount a disk')
    const { open } = Environment
    let environment: Environment | undefined
    Environment.open = directory => {
      environment = open.call(Environment, directory)
      return environment
    }
    t.teardown(() => Object.assign(Environment, { open }))
    const ended: string[] = []
    const store = openLmdb(path.join(disk.directory, 'store'), { onWellAgain: error => ended.push(error.message) })
    t.teardown(() => store.close())
    const heard: string[] = []
    await store.subscribe('session:', ({ kind }) => heard.push(kind))
    await store.put('session:a', 'x')
    const free = disk.fill()

    let begun = 0
    environment!.root.transaction = () => {
      begun++
      const error = panic()
      ;(error as { commitError?: Promise<unknown> }).commitError?.catch(() => {})
      return Promise.reject(error)
    }
    const lost = {
      name: 'StoreUnreachable',
      message: /the disk has lost a write; repair the disk, then start the gate again/
    }
    await t.rejects(store.delete('session:a'), lost)
    for (const work of [
      () => store.get('session:a'),
      () => store.delete('session:a'),
      () => store.put('session:b', 'x')
    ])
      await t.rejects(Promise.resolve<unknown>(work()), lost)
    t.ok(begun <= 2, 'no more transactions are begun, because they would never end')
    await until(() => heard.includes('lost'), 'whoever caches hears of it', 5)
    t.same(ended, [], 'a new process could not open the store yet')
    await free()
    await until(() => ended.length > 0, 'the disk is well again', 20)
    t.match(ended[0], /lost a write and takes writes again.*has to be started again/)
    await t.rejects(store.get('session:a'), lost)
  })
