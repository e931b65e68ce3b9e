/** Another process that stands still in the middle of a write (src/store/lmdb/write-lock.ts). LMDB would wait for it for ever, in native code. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { openLmdb } from '../../../src/store/lmdb/lmdb.ts'
import { WriteLock } from '../../../src/store/lmdb/write-lock.ts'
import type { StoreNotice } from '../../../src/store/store.ts'
import { readsTypeScript } from '../../fixtures/process/program.ts'
import { temporaryDirectory } from '../../fixtures/process/redis-server.ts'

const childFile = fileURLToPath(new URL('child.ts', import.meta.url))

/** A process that holds the lock of writers until it is killed. */
async function holding(t: Test, path: string) {
  const child = spawn(process.execPath, [readsTypeScript, childFile, 'hold', path], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  t.teardown(() => child.kill('SIGKILL'))
  const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()
  t.equal(value, 'holding')
  return child
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill('SIGSTOP')
  while (!/^State:\tT/m.test(readFileSync(`/proc/${child.pid}/status`, 'utf8'))) await new Promise(setImmediate)
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

function waysOut(child: ChildProcess): RegExp {
  return new RegExp(`process ${child.pid} stands still .*kill -CONT ${child.pid}.*kill -KILL ${child.pid}`)
}

const skip = process.platform !== 'linux' && 'only Linux shows the lock'

t.test('a store is not opened then; the sentence names the process, and its end is enough', { skip }, async t => {
  const path = `${temporaryDirectory(t)}/store`
  await openLmdb(path).close()
  const child = await holding(t, path)
  await stop(child)
  t.throws(() => openLmdb(path), { name: 'StoreUnreachable', message: waysOut(child) })
  await end(child)
  const store = openLmdb(path)
  await store.put('session:a', 'x')
  await store.close()
})

t.test('an open store refuses writes, then reads too, and recovers', { skip }, async t => {
  const path = `${temporaryDirectory(t)}/store`
  const store = openLmdb(path)
  t.teardown(() => store.close())
  const alive = setInterval(() => {}, 60_000)
  t.teardown(() => clearInterval(alive))
  await store.put('session:a', 'x')
  const heard: StoreNotice['kind'][] = []
  let hear = () => {}
  await store.subscribe('session:', ({ kind }) => {
    heard.push(kind)
    hear()
  })
  const until = async (kind: StoreNotice['kind']) => {
    while (!heard.includes(kind))
      await new Promise<void>(resolve => {
        hear = resolve
      })
  }
  const child = await holding(t, path)
  await stop(child)
  await t.rejects(store.put('session:b', 'x'), { name: 'StoreUnreachable', message: waysOut(child) })
  await until('lost')
  await t.rejects(store.get('session:a'), { name: 'StoreUnreachable', message: waysOut(child) })
  await end(child)
  await until('ready')
  t.equal(await store.get('session:a'), 'x')
  t.equal(await store.get('session:b'), null, 'the refused write has not come later')
  await store.put('session:b', 'y')
})

t.test('a store closes although a write of its own is stuck behind the other process', { skip }, async t => {
  const path = `${temporaryDirectory(t)}/store`
  const store = openLmdb(path)
  const child = await holding(t, path)
  const write = store.put('session:a', 'x')
  await stop(child)
  await t.rejects(write, { message: waysOut(child) })
  await store.close()
  await end(child)
})

t.test('a process that only takes long is named after its time', { skip }, async t => {
  const path = `${temporaryDirectory(t)}/store`
  await openLmdb(path).close()
  const child = await holding(t, path)
  const lock = new WriteLock(path)
  t.teardown(() => lock.close())
  t.equal(lock.standstill, null, 'it runs')
  t.match(lock.waitNow(0, 100), new RegExp(`process ${child.pid} has been writing .*kill -KILL ${child.pid}`))
  await end(child)
  t.equal(lock.waitNow(0, 100), null, 'LMDB takes over the lock of a process that has ended')
})

t.test('where there is no lock file yet, nobody holds it', async t => {
  const lock = new WriteLock(temporaryDirectory(t))
  t.equal(lock.waitNow(0, 0), null)
  lock.close()
})
