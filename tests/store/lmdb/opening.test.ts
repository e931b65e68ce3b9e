/**
 * Processes that open a store while others write. lmdb-js names an older commit in lock.mdb for a moment then, from which the next transaction
 * would begin (src/store/lmdb/transaction-start.ts).
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  lstatSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync
} from 'node:fs'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { holderName } from '../../../src/files/holder.ts'
import { openLmdb } from '../../../src/store/lmdb/lmdb.ts'
import { OpeningMark } from '../../../src/store/lmdb/opening-mark.ts'
import type { StoreNotice } from '../../../src/store/store.ts'
import { isDeep } from '../../fixtures/in-process/cases.ts'
import { readsTypeScript } from '../../fixtures/process/program.ts'
import { temporaryDirectory } from '../../fixtures/process/redis-server.ts'

const childFile = fileURLToPath(new URL('child.ts', import.meta.url))

function child(t: Test, task: string, path: string, count = 0) {
  const started = spawn(process.execPath, [readsTypeScript, childFile, task, path, String(count)], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  t.teardown(() => started.kill('SIGKILL'))
  return started
}

async function endOf(started: ReturnType<typeof spawn>): Promise<number | string | null> {
  const [code, signal] = await once(started, 'close')
  return signal ?? code
}

function openIn(t: Test) {
  const path = `${temporaryDirectory(t)}/store`
  const store = openLmdb(path)
  t.teardown(() => store.close())
  return { path, store, mark: `${path}/opening` }
}

t.test('processes open the store while two others write, and no write is lost', async t => {
  const { path, store } = openIn(t)
  const other = child(t, 'write', path)
  await once(other.stdout, 'data')
  other.stdout.resume()
  const openers = [1, 2].map(() => child(t, 'reopen', path, isDeep ? 2_000 : 60))
  let isDone = false
  const ends = Promise.all(openers.map(endOf)).finally(() => {
    isDone = true
  })
  let count = 0
  for (; !isDone; count++) {
    await store.put(`own:${count}`, `value ${count}`)
    if ((await store.get(`own:${count}`)) !== `value ${count}`) t.fail(`write ${count} is not seen`)
  }
  t.same(await ends, [0, 0])
  let lost = 0
  for (let i = 0; i < count; i++) if ((await store.get(`own:${i}`)) !== `value ${i}`) lost++
  t.equal(lost, 0, `of ${count} writes`)
  t.notOk(isLink(`${path}/opening`))
})

t.test('an older number is put right by the next read and the next write', async t => {
  const { path, store, mark } = openIn(t)
  for (const back of [1, 2, 3]) {
    for (let i = 0; i < 5; i++) await store.put('a', `${back} ${i}`)
    symlinkSync(markOf(process.ppid), mark)
    t.equal(await endOf(child(t, 'setBack', path, back)), 0)
    t.equal(await store.get('a'), `${back} 4`, `a read, ${back} back`)
    t.equal(await endOf(child(t, 'setBack', path, back)), 0)
    await Promise.all([store.put('b', `${back}`), store.put('c', `${back}`)])
    t.same([await store.get('a'), await store.get('b'), await store.get('c')], [`${back} 4`, `${back}`, `${back}`])
    t.equal(await endOf(child(t, 'unmark', path)), 0)
  }
  await store.close()
  const again = openLmdb(path)
  t.same([await again.get('a'), await again.get('c')], ['3 4', '3'])
  await again.close()
})

t.test('a mark of a process that was killed is removed by whoever opens or reads', async t => {
  const { path, store, mark } = openIn(t)
  await store.put('a', 'x')
  const killed = child(t, 'read', path)
  await endOf(killed)
  symlinkSync(markOf(killed.pid), mark)
  t.equal(await store.get('a'), 'x')
  t.notOk(isLink(mark), 'by a read')
  symlinkSync(markOf(killed.pid), mark)
  t.equal(await endOf(child(t, 'read', path)), 0)
  t.notOk(isLink(mark), 'by opening')
  symlinkSync(markOf(killed.pid, 'elsewhere'), mark)
  t.equal(await store.get('a'), 'x')
  t.ok(isLink(mark), 'nobody knows what runs in another container')
  lutimesSync(mark, 1, 1)
  t.equal(await store.get('a'), 'x')
  t.notOk(isLink(mark), 'but no process opens a store for long')
})

t.test('a mark from the future, or of another container for ten seconds, is a leftover', async t => {
  const { path, store, mark } = openIn(t)
  const now = Date.now() / 1000
  for (const [pid, place, madeAt] of [
    [process.ppid, undefined, now + 3600],
    [process.ppid, 'elsewhere', now - 11],
    [process.ppid, 'elsewhere', now + 3600]
  ] as const) {
    symlinkSync(markOf(pid, place), mark)
    lutimesSync(mark, madeAt, madeAt)
    t.equal(await store.get('a'), null)
    t.notOk(isLink(mark), 'removed by a read')
    symlinkSync(markOf(pid, place), mark)
    lutimesSync(mark, madeAt, madeAt)
    t.equal(await endOf(child(t, 'read', path)), 0)
    t.notOk(isLink(mark), 'removed by opening')
  }
})

t.test('a mark that this user may not remove stops no read and no write, and opening names it', async t => {
  const { path, store, mark } = openIn(t)
  // A folder, since root may remove each link.
  mkdirSync(mark)
  await store.put('a', 'x')
  t.equal(await store.get('a'), 'x')
  t.throws(() => openLmdb(path), {
    name: 'StoreUnreachable',
    message: `The store in ${path} cannot be opened: a process that has ended left the link ${mark}, and this user may not remove it; remove it as root.`
  })
  rmdirSync(mark)
  await openLmdb(path).close()
  t.equal(await store.get('a'), 'x')
})

t.test('nobody removes the mark of another process', async t => {
  const { path, mark } = openIn(t)
  const own = new OpeningMark(path)
  t.equal(own.set(20), null)
  unlinkSync(mark)
  const theirs = markOf(process.ppid)
  symlinkSync(theirs, mark)
  own.clear()
  t.equal(readlinkSync(mark), theirs)
})

t.test('a read beside an opening does not hide that the file was overwritten', async t => {
  const { path, store, mark } = openIn(t)
  const other = openLmdb(path)
  t.teardown(() => other.close())
  await store.put('a', 'old')
  const copy = readFileSync(`${path}/data.mdb`)
  for (let i = 0; i < 5; i++) await store.put('a', `${i}`)
  writeFileSync(`${path}/data.mdb`, copy)
  symlinkSync(markOf(process.ppid), mark)
  await other.get('a').catch(() => {})
  await t.rejects(other.put('b', 'x'), { name: 'StoreUnreachable', message: /was overwritten while it was open/ })
})

t.test('whoever subscribes while a process opens the store hears each change once', async t => {
  const { path, store, mark } = openIn(t)
  symlinkSync(markOf(process.ppid), mark)
  const heard: StoreNotice[] = []
  const end = await store.subscribe('a', notice => heard.push(notice))
  t.equal(await endOf(child(t, 'unmark', path)), 0)
  await store.put('a', 'x')
  t.same(heard, [{ kind: 'changed', key: 'a' }])
  end()
  await store.put('a', 'y')
  t.equal(heard.length, 1)
})

t.test('one process opens the store at a time', async t => {
  const { path, mark } = openIn(t)
  const theirs = markOf(process.ppid)
  symlinkSync(theirs, mark)
  const waiting = new OpeningMark(path)
  t.match(waiting.set(20), new RegExp(`^process ${process.ppid} has been opening it for .* remove ${mark}$`))
  t.equal(readlinkSync(mark), theirs, 'whose mark it is')
  const ended = endOf(child(t, 'read', path))
  t.equal(await endOf(child(t, 'unmark', path)), 0)
  t.equal(await ended, 0, 'whoever waits goes on')
  t.equal(waiting.set(20), null)
  waiting.clear()
})

/** As a process makes it. `place`: of another container. */
function markOf(pid: number | undefined, place?: string): string {
  const made = holderName(pid)
  return place === undefined ? made.text : made.text.replace(made.place, place)
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}
