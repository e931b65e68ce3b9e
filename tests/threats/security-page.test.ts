/** SECURITY.md keeps its word: every test that it names exists and runs, every scenario stands in the table of attacks. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { ids } from './ids.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const page = readFileSync(path.join(root, 'SECURITY.md'), 'utf8')
const start = page.indexOf('## Standards')
const section = page.slice(start, page.indexOf('\n## ', start + 1))
const rows = section
  .split('\n')
  .filter(line => line.startsWith('|') && !/^\|(?:-|\s*(?:NIST|ASVS)\s*\|)/.test(line))
  .map(line => line.split(/(?<!\\)\|/).map(cell => cell.trim()))
  .map(([, asked = '', here = '', held = '']) => ({ asked, here, held }))

/** What is wrong with a row of the standards. */
function wrongWith({ asked, here, held }: (typeof rows)[number]): string[] {
  const files = [...held.matchAll(/`([^`]+)`/g)].map(match => match[1]!)
  const scenarios = held.replace(/`[^`]+`/g, '').match(/\b[A-Z]\d+\b/g) ?? []
  return [
    ...files.filter(file => !/^tests\/.+\.test\.ts$/.test(file) || !existsSync(path.join(root, file))),
    ...scenarios.filter(id => !ids.includes(id)),
    ...(asked === '' || here === '' || files.length + scenarios.length === 0 ? [`${asked}: nothing holds it`] : [])
  ]
}

t.test('the standards are mapped to tests that exist', async t => {
  t.same(wrongWith({ asked: 'x', here: 'y', held: '`tests/nowhere.test.ts` X9' }), ['tests/nowhere.test.ts', 'X9'])
  t.same(wrongWith({ asked: 'x', here: 'y', held: '' }), ['x: nothing holds it'])
  t.ok(rows.length >= 30, `${rows.length} rows`)
  for (const row of rows) t.same(wrongWith(row), [], row.asked)
})

t.test('the journal is called what it is: a file that whoever may write it can change', async t => {
  t.notMatch(page, /chain|tamper|hash-linked/i)
  for (const text of [page, readFileSync(path.join(root, 'README.md'), 'utf8')])
    t.match(text, /seal.{0,20} the journal: [^.]*whoever can write the\s+file can change it/)
})

t.test('the model says who may attack, what is promised and what is not, and how to report', async t => {
  for (const part of [
    /^## Reporting$/m,
    /^### From whom$/m,
    /must not/,
    /^Outside: /m,
    /^```\n[\s\S]*Factorgate[\s\S]*?^```/m
  ])
    t.match(page, part)
})
