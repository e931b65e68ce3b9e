/** `src/files/replace-file.ts`: the new text or the old one, and nothing beside it. */
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { replaceFile } from '../../src/files/replace-file.ts'
import { notTried } from '../fixtures/process/not-tried.ts'
import { smallDisk } from '../fixtures/process/small-disk.ts'

t.test('replaces a file, or a planted link, for its owner alone', async t => {
  const folder = t.testdir({ aim: 'untouched', file: 'old' })
  const [file, link] = [path.join(folder, 'file'), path.join(folder, 'link')]
  symlinkSync(path.join(folder, 'aim'), link)
  for (const each of [file, link]) {
    replaceFile(each, 'new')
    t.equal(readFileSync(each, 'utf8'), 'new')
    t.equal(statSync(each).mode & 0o777, 0o600)
  }
  t.equal(readFileSync(path.join(folder, 'aim'), 'utf8'), 'untouched')
  t.same(readdirSync(folder).sort(), ['aim', 'file', 'link'])
})

t.test('what cannot take the place leaves nothing behind', async t => {
  const folder = t.testdir({})
  mkdirSync(path.join(folder, 'folder'))
  t.throws(() => replaceFile(path.join(folder, 'folder'), 'new'))
  t.same(readdirSync(folder), ['folder'])
})

t.test('a full disk keeps the old text, and nothing beside it', async t => {
  const disk = smallDisk(t, '1m')
  if (disk === null) return notTried(t, 'this user cannot mount a disk')
  const file = path.join(disk.directory, 'file')
  writeFileSync(file, 'old')
  disk.fill()
  const before = readdirSync(disk.directory)
  t.throws(() => replaceFile(file, 'new'), { code: 'ENOSPC' })
  t.equal(readFileSync(file, 'utf8'), 'old')
  t.same(readdirSync(disk.directory), before)
})
