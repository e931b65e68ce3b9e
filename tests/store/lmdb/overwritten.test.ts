/** Files of an open store that are overwritten in place, or written by a process with another lock.mdb (src/store/lmdb/open-files.ts). */
import { spawnSync } from 'node:child_process'
import { closeSync, cpSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { openLmdb } from '../../../src/store/lmdb/lmdb.ts'
import { readsTypeScript } from '../../fixtures/process/program.ts'
import { temporaryDirectory } from '../../fixtures/process/redis-server.ts'

const childFile = fileURLToPath(new URL('child.ts', import.meta.url))

function child(task: string, path: string) {
  return spawnSync(process.execPath, [readsTypeScript, childFile, task, path], { encoding: 'utf8' })
}

/** Without cutting the file off first, as `cp` does: this process has it in its memory. */
function overwrite(file: string, bytes: Uint8Array): void {
  const open = openSync(file, 'r+')
  writeSync(open, bytes, 0, bytes.length, 0)
  closeSync(open)
}

async function listening(t: Test, path: string) {
  const store = openLmdb(path)
  t.teardown(() => store.close())
  const alive = setInterval(() => {}, 60_000)
  t.teardown(() => clearInterval(alive))
  let lost = () => {}
  const isLost = new Promise<void>(resolve => {
    lost = resolve
  })
  await store.subscribe('session:', ({ kind }) => {
    if (kind === 'lost') lost()
  })
  return { store, isLost }
}

const overwritten = {
  name: 'StoreUnreachable',
  message: /data\.mdb was overwritten while it was open.*start the gate again/
}

t.test('an older copy over data.mdb is noticed without a write, and no process goes on in it', async t => {
  const path = `${temporaryDirectory(t)}/store`
  const first = openLmdb(path)
  await first.put('session:a', 'old')
  await first.close()
  const copy = readFileSync(`${path}/data.mdb`)
  const { store, isLost } = await listening(t, path)
  for (let n = 0; n < 3; n++) await store.put('session:a', `new ${n}`)
  overwrite(`${path}/data.mdb`, copy)
  await isLost
  await t.rejects(store.get('session:a'), overwritten)
  await t.rejects(store.put('session:b', 'x'), overwritten)
  await t.rejects(store.delete('session:a'), overwritten)
  const command = child('add', path)
  t.not(command.status, 0)
  t.match(command.stderr, /data\.mdb was overwritten/)
  await store.close()
  const again = openLmdb(path)
  t.equal(await again.get('session:a'), 'old', 'after a new start the copy counts, unharmed')
  await again.close()
})

t.test('a write is refused at once', async t => {
  const path = `${temporaryDirectory(t)}/store`
  const store = openLmdb(path)
  t.teardown(() => store.close())
  await store.put('session:a', 'old')
  const copy = readFileSync(`${path}/data.mdb`)
  await store.put('session:a', 'new')
  overwrite(`${path}/data.mdb`, copy)
  await t.rejects(store.put('session:b', 'x'), overwritten)
})

t.test('a newer store over data.mdb is no better', async t => {
  const path = `${temporaryDirectory(t)}/store`
  const store = openLmdb(path)
  t.teardown(() => store.close())
  await store.put('session:a', 'x')
  const other = openLmdb(`${path}.other`)
  for (let n = 0; n < 9; n++) await other.put('session:a', `other ${n}`)
  await other.close()
  overwrite(`${path}/data.mdb`, readFileSync(`${path}.other/data.mdb`))
  await t.rejects(store.put('session:b', 'x'), overwritten)
})

t.test('lock.mdb that was away for moments, while another process wrote with a new one', async t => {
  const path = `${temporaryDirectory(t)}/store`
  const store = openLmdb(path)
  t.teardown(() => store.close())
  await store.put('session:a', 'x')
  renameSync(`${path}/lock.mdb`, `${path}/lock.away`)
  t.equal(child('add', path).status, 0)
  rmSync(`${path}/lock.mdb`)
  renameSync(`${path}/lock.away`, `${path}/lock.mdb`)
  await t.rejects(store.put('session:c', 'x'), overwritten)
})

t.test('many processes that write in turn are no fault', async t => {
  const path = `${temporaryDirectory(t)}/store`
  const { store } = await listening(t, path)
  const other = openLmdb(path)
  t.teardown(() => other.close())
  for (let round = 0; round < 200; round++)
    await Promise.all([store.put(`a:${round}`, 'x'), other.put(`b:${round}`, 'y'), store.get('a:1')])
  t.equal(child('add', path).status, 0)
  await store.put('last', 'x')
  cpSync(path, `${path}.copy`, { recursive: true })
  const copy = openLmdb(`${path}.copy`)
  t.equal(await copy.get('last'), 'x')
  await copy.close()
})
