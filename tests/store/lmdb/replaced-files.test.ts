/** A directory that is moved away, removed or replaced while its store is open. */
import { chmodSync, cpSync, existsSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import t, { type Test } from 'tap'
import { openLmdb } from '../../../src/store/lmdb/lmdb.ts'
import { type StoreNotice, StoreUnreachable } from '../../../src/store/store.ts'
import { temporaryDirectory } from '../../fixtures/process/redis-server.ts'

async function listening(t: Test, path: string) {
  const store = openLmdb(path)
  t.teardown(() => store.close())
  // A store that only listens does not keep the process alive.
  const alive = setInterval(() => {}, 60_000)
  t.teardown(() => clearInterval(alive))
  let waiting: { kind: StoreNotice['kind']; heard: () => void } | null = null
  await store.subscribe('session:', ({ kind }) => {
    if (waiting?.kind === kind) waiting.heard()
  })
  const next = (kind: StoreNotice['kind']) =>
    new Promise<void>(heard => {
      waiting = { kind, heard }
    })
  return { store, next }
}

t.test('moved away: nothing is answered or written, until it is back', async t => {
  const path = `${temporaryDirectory(t)}/store`
  const { store, next } = await listening(t, path)
  await store.put('session:a', 'x')
  const lost = next('lost')
  renameSync(path, `${path}.away`)
  await t.rejects(store.put('session:b', 'x'), StoreUnreachable, 'a write would be acknowledged and lost')
  await t.rejects(store.delete('session:a'), StoreUnreachable)
  await lost
  await t.rejects(store.get('session:a'), {
    name: 'StoreUnreachable',
    message: /moved away or removed .*put them back/
  })
  await t.rejects(store.ping(), { message: /moved away or removed/ })
  t.notOk(existsSync(path), 'no new store is made in its place')
  const ready = next('ready')
  renameSync(`${path}.away`, path)
  await ready
  t.equal(await store.get('session:a'), 'x')
  t.equal(await store.get('session:b'), null)
  await store.put('session:b', 'y')
})

t.test('replaced by a copy: the copy is opened, and both ways changes are heard', async t => {
  const path = `${temporaryDirectory(t)}/store`
  const { store, next } = await listening(t, path)
  await store.put('session:a', 'old')
  cpSync(path, `${path}.copy`, { recursive: true })
  await store.put('session:a', 'new')
  const ready = next('ready')
  rmSync(path, { recursive: true })
  renameSync(`${path}.copy`, path)
  await t.rejects(store.put('session:b', 'x'), StoreUnreachable)
  await ready
  t.equal(await store.get('session:a'), 'old', 'it reads what commands read')
  await store.ping()
  const other = openLmdb(path)
  t.teardown(() => other.close())
  await store.put('session:b', 'here')
  t.equal(await other.get('session:b'), 'here')
  const heard = next('changed')
  await other.delete('session:a')
  await heard
  t.equal(await store.get('session:a'), null)
})

t.test('replaced by something that is no store', async t => {
  const path = `${temporaryDirectory(t)}/store`
  const { store, next } = await listening(t, path)
  await store.put('session:a', 'x')
  const lost = next('lost')
  renameSync(path, `${path}.away`)
  cpSync(new URL(import.meta.url).pathname, `${path}/data.mdb`)
  await lost
  await t.rejects(store.get('session:a'), { message: /were replaced while it was open/ })
  await t.rejects(store.put('session:a', 'y'), StoreUnreachable)
  const ready = next('ready')
  rmSync(path, { recursive: true })
  renameSync(`${path}.away`, path)
  await ready
  t.equal(await store.get('session:a'), 'x')
})

t.test(
  'permissions: files that this user may not look at are the same ones in the same folder, and none in another',
  async t => {
    if (process.getuid?.() !== 0) return t.pass('only root can become another user')
    const path = `${temporaryDirectory(t)}/store`
    const { store, next } = await listening(t, path)
    await store.put('session:a', 'x')
    cpSync(path, `${path}.copy`, { recursive: true })
    const folders = [path, `${path}.copy`]
    for (const folder of folders) chmodSync(folder, 0o700)
    chmodSync(dirname(path), 0o755)
    process.seteuid?.(65534)
    t.teardown(() => process.seteuid?.(0))
    await store.put('session:a', 'y')
    t.equal(await store.get('session:a'), 'y', 'a backup tool that changes permissions stops nobody')
    const lost = next('lost')
    process.seteuid?.(0)
    renameSync(path, `${path}.away`)
    renameSync(`${path}.copy`, path)
    process.seteuid?.(65534)
    await t.rejects(store.put('session:a', 'z'), { message: /were replaced while it was open/ })
    await lost
    await t.rejects(store.get('session:a'), { message: /were replaced while it was open/ })
    process.seteuid?.(0)
  }
)
