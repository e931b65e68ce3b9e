/** Kept POSTs on a disk that is full: what waits goes on waiting although the app is down too, and what has no room leaves nothing. */
import path from 'node:path'
import t, { type Test } from 'tap'
import { KeptPosts, type NewPost } from '../../src/kept/kept-posts.ts'
import { makeKeyring, newMasterKey } from '../../src/keyring/keyring.ts'
import { openLmdb } from '../../src/store/lmdb/lmdb.ts'
import { StoreUnreachable } from '../../src/store/store.ts'
import { TestClock } from '../fixtures/in-process/memory-store.ts'
import { notTried } from '../fixtures/process/not-tried.ts'
import { smallDisk } from '../fixtures/process/small-disk.ts'

const post: NewPost = {
  account: 'ada',
  app: 'own',
  method: 'POST',
  url: 'https://app.example/x',
  sender: 'page',
  foreign: null,
  back: 'https://app.example/',
  headers: ['Content-Type', 'text/plain'],
  reference: 'r',
  address: '192.0.2.1'
}

function keptOn(t: Test, directory: string) {
  const time = new TestClock(1_000_000)
  const store = openLmdb(path.join(directory, 'store'), { clock: time.read })
  t.teardown(() => store.close())
  const keyring = makeKeyring([newMasterKey()])
  return { store, posts: new KeptPosts({ store, clock: time.read, keyring: () => keyring }) }
}

t.test('the disk is full', async t => {
  const disk = smallDisk(t, '8m')
  if (disk === null) return notTried(t, 'this user cannot mount a disk')
  const { store, posts } = keptOn(t, disk.directory)
  const body = Buffer.alloc(900_000, 'an hour of work ')
  const { id, secret } = (await posts.keep(post, body))!
  const free = disk.fill()
  // The file of the store has room for some more.
  let others = 0
  while (
    await store.put(`other:${others}`, 'x'.repeat(10_000)).then(
      () => true,
      () => false
    )
  )
    others++
  const keys = async () => {
    const found: string[] = []
    for await (const { key } of store.scan('kept')) found.push(key)
    return found.sort()
  }
  const before = [await keys(), await store.members('kept-posts')]

  const waiting = (await posts.open(id, secret, 'ada'))!.post
  t.equal(await posts.take(waiting, 'one'), true)
  t.equal(await posts.find(id, secret), null)
  await t.rejects(store.put(`other:${others}`, 'x'.repeat(10_000)), StoreUnreachable, 'there is no room at all')
  t.equal(await posts.putBack(waiting, 'one'), true, 'the app was down')
  t.ok((await posts.open(id, secret, 'ada'))?.body.equals(body))

  for (let n = 0; n < 3; n++) await t.rejects(posts.keep({ ...post, account: 'bob' }, body), StoreUnreachable)
  t.same([await keys(), await store.members('kept-posts')], before, 'no half of a form is left')

  await free()
  t.ok(await posts.keep({ ...post, account: 'bob' }, body), 'there is room again')
})

t.test('a form that has only a part of its room leaves nothing', async t => {
  const disk = smallDisk(t, '4m')
  if (disk === null) return notTried(t, 'this user cannot mount a disk')
  const { store, posts } = keptOn(t, disk.directory)
  await t.rejects(posts.keep(post, Buffer.alloc(6 * 1024 * 1024, 'work ')), StoreUnreachable)
  for await (const { key } of store.scan('')) t.fail(`${key} is left`)
  t.same(await store.members('kept-posts'), [])
  t.equal(posts.bytes, 0)
})
