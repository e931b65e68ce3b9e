/** A file system that cannot map files into memory, where LMDB would end the process. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { openLmdb } from '../../../src/store/lmdb/lmdb.ts'
import { temporaryDirectory } from '../../fixtures/process/redis-server.ts'

t.test('the store is refused with a sentence, and what was tried there is gone', async t => {
  const [data, mounted] = ['data', 'mounted'].map(name => path.join(temporaryDirectory(t), name)) as [string, string]
  for (const folder of [data, mounted]) mkdirSync(folder)
  const { status } = spawnSync('bindfs', ['-o', 'direct_io', data, mounted], { stdio: 'ignore' })
  if (status !== 0) return t.comment('there is no bindfs here, or it may not mount')
  t.teardown(() => spawnSync('fusermount', ['-uz', mounted]))
  t.throws(() => openLmdb(path.join(mounted, 'store')), {
    name: 'StoreMisconfigured',
    message: /cannot map files into memory; choose a folder on a disk of this machine/
  })
  t.same(readdirSync(path.join(data, 'store')), [])
  spawnSync('fusermount', ['-uz', mounted])
  t.equal(spawnSync('bindfs', [data, mounted]).status, 0)
  const store = openLmdb(path.join(mounted, 'store'))
  await store.put('a', 'x')
  await store.close()
  t.notOk(readdirSync(path.join(data, 'store')).some(name => name.startsWith('trial.')))
})
