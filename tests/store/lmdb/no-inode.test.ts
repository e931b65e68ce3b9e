/** A disk that has room and no inode, where LMDB would end the process. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { notTried } from '../../fixtures/process/not-tried.ts'
import { readsTypeScript } from '../../fixtures/process/program.ts'
import { smallDisk } from '../../fixtures/process/small-disk.ts'

const program = `
  const { openLmdb } = await import(process.argv[1])
  try {
    const store = openLmdb(process.argv[2])
    await store.put('a', 'x')
    await store.close()
    console.log('opened')
  } catch (error) {
    console.log(error.name + ': ' + error.message)
  }`
const lmdb = new URL('../../../src/store/lmdb/lmdb.ts', import.meta.url).href

t.test('the store opens or is refused with a sentence, however many inodes are free', async t => {
  const said: string[] = []
  for (let inodes = 3; inodes < 9; inodes++) {
    const disk = smallDisk(t, `16m,nr_inodes=${inodes}`)
    if (disk === null) return notTried(t, 'this user may not mount')
    const folder = path.join(disk.directory, 'store')
    const { status, stdout } = spawnSync(
      process.execPath,
      [readsTypeScript, '--input-type=module', '-e', program, lmdb, folder],
      { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } }
    )
    t.equal(status, 0, `${inodes}: ${stdout} ${readdirSync(folder)}`)
    t.match(stdout, /^opened\n$|^StoreMisconfigured: .* the disk is full, or has no free inode/, String(inodes))
    said.push(stdout)
  }
  t.match(said[0], /StoreMisconfigured/)
  t.equal(said.at(-1), 'opened\n')
})
