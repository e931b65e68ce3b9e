/** Served decoys: plausible files, and the marks that name their reader. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { textOfLeak } from '../../src/decoys/leaked-text.ts'
import { isMarked, possibleWords, wordsOf } from '../../src/decoys/marks.ts'
import { rowCount } from '../../src/decoys/rows.ts'
import { servedFile } from '../../src/decoys/served-file.ts'
import { servedContents, servedKinds } from '../../src/decoys/steps.ts'
import { unzip, zipOf } from '../../src/decoys/zip.ts'
import { makeKeyring, masterKey } from '../../src/keyring/keyring.ts'

const ring = (...seeds: number[]) => makeKeyring(seeds.map(seed => masterKey(Buffer.alloc(32, seed))))
const alice = { whose: 'A1', app: 'files', path: '/old/passwords.xlsx' }
const others = [
  { ...alice, whose: 'Z9' },
  { ...alice, app: 'wiki' },
  { ...alice, path: '/old/other.xlsx' }
]

t.test('every kind of file names its reader, from the whole of it and from any row', async t => {
  for (const kind of servedKinds)
    for (const content of servedContents) {
      const { body } = servedFile(kind, content, wordsOf(ring(1), alice, rowCount))
      const again = servedFile(kind, content, wordsOf(ring(1), alice, rowCount))
      t.ok(body.equals(again.body), `${kind} of ${content} is the same each time`)
      const found = possibleWords(textOfLeak(body))
      t.ok(isMarked(ring(1), alice, rowCount, found), `${kind} of ${content}`)
      t.ok(isMarked(ring(2, 1), alice, rowCount, found), 'after a key rotation too')
      t.notOk(isMarked(ring(2), alice, rowCount, found), 'not without the key')
      for (const other of others) t.notOk(isMarked(ring(1), other, rowCount, found))
    }
  const csv = servedFile('csv', 'payments', wordsOf(ring(1), alice, rowCount)).body.toString()
  const rows = csv.trim().split('\r\n').slice(1)
  t.equal(rows.length, rowCount)
  for (const row of rows) t.ok(isMarked(ring(1), alice, rowCount, possibleWords(row)), row)
})

t.test('a mark is found after what people do to files', async t => {
  const { body } = servedFile('csv', 'passwords', wordsOf(ring(1), alice, rowCount))
  const word = wordsOf(ring(1), alice, 3)[2]!
  const forms: [string, Buffer][] = [
    ['UTF-16', Buffer.from(body.toString(), 'utf16le')],
    ['gzip', gzipSync(body)],
    ['in another archive', zipOf([{ name: 'a.txt', content: body }])],
    ['in capital letters', Buffer.from(word.toUpperCase())],
    ['with letters for digits', Buffer.from(word.replaceAll('0', 'O').replaceAll('1', 'l'))],
    ['inside other text', Buffer.from(`password=X${word}Y;`)]
  ]
  for (const [name, file] of forms) t.ok(isMarked(ring(1), alice, rowCount, possibleWords(textOfLeak(file))), name)
  t.notOk(isMarked(ring(1), alice, rowCount, possibleWords('nothing of the sort is in here')))
})

t.test('a spreadsheet is an archive that other programs open, and a damaged one is no error', async t => {
  const { body } = servedFile('xlsx', 'people', wordsOf(ring(1), alice, rowCount))
  const names = unzip(body, 1e6).map(part => part.toString().slice(0, 60))
  t.equal(names.length, 5)
  const folder = mkdtempSync(path.join(tmpdir(), 'factorgate-xlsx-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(path.join(folder, 'a.xlsx'), body)
  t.ok(isUnpacked(folder), 'python reads each part, and its checksum is right')
  for (let length = 0; length < body.length; length += 97) t.ok(Array.isArray(unzip(body.subarray(0, length), 1e6)))
  const bent = Buffer.from(body)
  bent.fill(0xff, bent.length - 60)
  t.same(unzip(bent, 1e6), [])
  const bomb = zipOf([{ name: 'a', content: Buffer.alloc(5e6) }])
  t.same(unzip(bomb, 1000), [], 'a part beyond the limit is left out')
  t.ok(readFileSync(path.join(folder, 'a.xlsx')).length > 500)
})

function isUnpacked(folder: string): boolean {
  try {
    execFileSync(
      'python3',
      ['-c', 'import zipfile,sys; z=zipfile.ZipFile("a.xlsx"); sys.exit(1 if z.testzip() else 0)'],
      {
        cwd: folder
      }
    )
    return true
  } catch (error) {
    // Without python the check falls away.
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
  }
}
