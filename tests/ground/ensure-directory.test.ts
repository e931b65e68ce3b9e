import { chmodSync, existsSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { makeFolder } from '../../src/ensure-directory.ts'

t.test('makes what is missing, for its owner alone, and answers the topmost', async t => {
  const folder = t.testdir({})
  const deep = path.join(folder, 'a/b/c')
  t.equal(makeFolder(deep), path.join(folder, 'a'))
  t.equal(statSync(deep).mode & 0o777, 0o700)
  t.equal(makeFolder(deep), null)
})

t.test('says which folder it was, as the system does', async t => {
  const folder = t.testdir({ file: '' })
  writeFileSync(path.join(folder, 'file'), '')
  symlinkSync('nowhere', path.join(folder, 'link'))
  const table: [string, string, { code: string | RegExp; path?: string | RegExp }][] = [
    ['a file on the way', path.join(folder, 'file/x'), { code: 'ENOTDIR', path: path.join(folder, 'file') }],
    ['a file in its place', path.join(folder, 'file'), { code: 'ENOTDIR' }],
    ['a link to nowhere', path.join(folder, 'link/x'), { code: 'EEXIST', path: path.join(folder, 'link') }]
  ]
  if (existsSync('/proc/self'))
    table.push(['/proc, where mkdir(recursive) never ends', '/proc/x/y', { code: /ENOTSUP|EACCES/, path: /^\/proc/ }])
  if (process.geteuid?.() !== 0) {
    chmodSync(folder, 0o500)
    table.push(['a folder of others', path.join(folder, 'x'), { code: 'EACCES', path: folder }])
  }
  for (const [title, where, error] of table) t.throws(() => makeFolder(where), error, title)
  chmodSync(folder, 0o700)
})
