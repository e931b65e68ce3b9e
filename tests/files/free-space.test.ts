/** `src/files/free-space.ts`: a disk is tried, and nothing stays behind. */
import { readdirSync } from 'node:fs'
import t from 'tap'
import { checkFreeSpace, probeIn } from '../../src/files/free-space.ts'
import { notTried } from '../fixtures/process/not-tried.ts'
import { smallDisk } from '../fixtures/process/small-disk.ts'

t.test('two processes with one id, as in two containers, do not meet', async t => {
  const folder = t.testdir({})
  t.not(probeIn(folder), probeIn(folder))
  checkFreeSpace(folder, 100_000)
  t.same(readdirSync(folder), [])
})

t.test('a full disk is named, and nothing stays on it', async t => {
  const disk = smallDisk(t, '1m')
  if (disk === null) return notTried(t, 'this user cannot mount a disk')
  const before = readdirSync(disk.directory)
  t.throws(() => checkFreeSpace(disk.directory, 2 * 1024 * 1024), { code: 'ENOSPC' })
  t.same(readdirSync(disk.directory), before)
})
