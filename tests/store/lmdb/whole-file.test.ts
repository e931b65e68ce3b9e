import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { open } from 'lmdb'
import t, { type Test } from 'tap'
import { openLmdb } from '../../../src/store/lmdb/lmdb.ts'
import { faultOf } from '../../../src/store/lmdb/whole-file.ts'
import { StoreMisconfigured } from '../../../src/store/misconfigured.ts'
import { openStore } from '../../../src/store/open.ts'
import { StoreUnreachable } from '../../../src/store/store.ts'
import { temporaryDirectory } from '../../fixtures/process/redis-server.ts'
import { collect } from '../contract.ts'

const page = 4096
const people = 300

async function filledStore(t: Test): Promise<string> {
  const directory = temporaryDirectory(t)
  const store = openLmdb(directory)
  for (let n = 0; n < people; n++) await store.put(`account:${n}`, 'x'.repeat(n % 10 === 0 ? 20_000 : 400))
  await store.close()
  return directory
}

/** A copy of the store in which only so many pages of the file are left. */
function cut(t: Test, directory: string, pages: number): string {
  const copy = join(temporaryDirectory(t), 'store')
  mkdirSync(copy)
  copyFileSync(join(directory, 'data.mdb'), join(copy, 'data.mdb'))
  truncateSync(join(copy, 'data.mdb'), pages * page)
  return copy
}

/** Overwrites all pages but the two of the head, as a bad disk does. */
function destroy(directory: string): void {
  const path = join(directory, 'data.mdb')
  writeSync(openSync(path, 'r+'), Buffer.alloc(statSync(path).size - 2 * page), 0, undefined, 2 * page)
}

t.test('a file that was cut off is refused with the way out, and never ends the process', async t => {
  const directory = await filledStore(t)
  const pages = statSync(join(directory, 'data.mdb')).size / page
  const whole = Array.from({ length: pages - 1 }, (_, n) => n + 1).find(
    left => faultOf(join(cut(t, directory, left), 'data.mdb')) === null
  )
  t.ok(whole !== undefined && whole > people / 10 && whole < pages, `${whole} of ${pages} pages are in use`)
  for (const left of [1, 2, 3, Math.floor(whole! / 2), whole! - 1]) {
    const error = await openStore(`embedded:${cut(t, directory, left)}`).catch(error => error)
    t.ok(error instanceof StoreMisconfigured, `${left} pages`)
    t.match(error.message, /data\.mdb is cut off: .*newest backup: factorgate store import FILE/)
  }
  const store = openLmdb(cut(t, directory, whole!))
  t.teardown(() => store.close())
  let read = 0
  for await (const { key } of store.scan('account:')) if (key !== '') read++
  t.equal(read, people, 'what is called whole can be read')
})

t.test('a cut file whose pages are damaged is refused, and the look at it ends', async t => {
  const directory = await filledStore(t)
  const node = page - 16
  const damages: readonly (readonly [string, (branch: Buffer) => void])[] = [
    ['a page leads to itself', branch => void branch.writeUIntLE(5, node, 6)],
    ['a node lies behind the end of its page', branch => void branch.writeUInt16LE(60_000, 24)],
    ['a page has too many nodes', branch => void branch.fill(0).writeUInt16LE(60_000, 20)]
  ]
  for (const [title, damage] of damages) {
    const copy = cut(t, directory, 8)
    const path = join(copy, 'data.mdb')
    const file = openSync(path, 'r+')
    t.teardown(() => closeSync(file))
    const meta = Buffer.alloc(2 * page)
    readSync(file, meta, 0, meta.length, 0)
    // Both snapshots begin at a branch page with one node.
    for (const head of [0, page]) for (const root of [88, 136]) meta.writeBigUInt64LE(5n, head + root)
    const branch = Buffer.alloc(page)
    branch.writeBigUInt64LE(5n, 0)
    branch.writeUInt16LE(0x01, 18)
    branch.writeUInt16LE(2, 20)
    branch.writeUInt16LE(node - 24, 24)
    damage(branch)
    writeSync(file, meta, 0, meta.length, 0)
    writeSync(file, branch, 0, page, 5 * page)
    t.ok(faultOf(path) !== null, title)
  }
})

t.test('a short file is whole where only free pages are missing', async t => {
  const directory = temporaryDirectory(t)
  const root = open({ path: directory, noSubdir: false, maxDbs: 1, overlappingSync: false, eventTurnBatching: false })
  const table = root.openDB<string, string>({ name: 'values', encoding: 'string' })
  const path = join(directory, 'data.mdb')
  const isShort = () => statSync(path).size <= (root.getStats() as { lastPageNumber: number }).lastPageNumber * page
  for (let n = 0; n < 2000 && !isShort(); n++)
    await root.transaction(() => {
      for (let m = 0; m < 20; m++) table.put(`${n} ${m}`, 'x'.repeat(500))
      for (let m = 0; m < 20; m++) table.remove(`${n - (m % 3)} ${m}`)
    })
  t.ok(isShort(), 'LMDB has left its last pages unwritten')
  t.equal(faultOf(path), null)
  await root.close()
})

t.test('a copy that was made while the gate wrote is refused, wherever the copy was when it did', async t => {
  const directory = await filledStore(t)
  const path = join(directory, 'data.mdb')
  const before = readFileSync(path)
  const store = openLmdb(directory)
  for (let n = 0; n < people; n++) await store.put(`account:${n}`, 'y'.repeat(n % 7 === 0 ? 9000 : 300))
  for (let n = 0; n < people; n += 3) await store.delete(`account:${n}`)
  t.equal(faultOf(path), null, 'an open store is whole')
  await store.close()
  const after = readFileSync(path)
  t.equal(faultOf(path), null)
  const copy = join(temporaryDirectory(t), 'data.mdb')
  const pages = Math.min(before.length, after.length) / page
  for (const at of [2, 16, 48])
    for (const [head, rest] of [
      [before, after],
      [after, before]
    ] as const) {
      writeFileSync(copy, Buffer.concat([head.subarray(0, at * page), rest.subarray(at * page)]))
      t.ok(faultOf(copy) !== null, `${at} of ${pages} pages are ${head === before ? 'older' : 'newer'} than the rest`)
    }
  const error = await openStore(`embedded:${dirname(copy)}`).catch(error => error)
  t.ok(error instanceof StoreMisconfigured)
  t.match(error.message, /newest backup: factorgate store import FILE/)
})

t.test('damaged pages are named, with the way out', async t => {
  const directory = await filledStore(t)
  destroy(directory)
  const error = await openStore(`embedded:${directory}`).catch(error => error)
  t.ok(error instanceof StoreMisconfigured)
  t.match(error.message, /data\.mdb is damaged: .*newest backup: factorgate store import FILE/)
})

t.test('pages that are damaged while the gate runs: operations reject, caches end, the process lives', async t => {
  const directory = await filledStore(t)
  const store = openLmdb(directory)
  const heard = collect()
  await store.subscribe('account:', heard.listener)
  t.equal((await store.get('account:1'))?.length, 400)
  destroy(directory)
  await t.rejects(store.get('account:1'), StoreUnreachable)
  await t.rejects(store.get('account:2'), { message: /its file data\.mdb is damaged/ })
  await heard.told('lost')
  t.notOk(heard.notices.some(({ kind }) => kind === 'ready'))
  await store.close()
})
