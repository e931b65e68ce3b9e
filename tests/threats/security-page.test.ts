/** SECURITY.md is true: every named test exists and runs, every scenario is in the table of attacks, every item in a row. */
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

/** ASVS 5.0.0, chapters V6 and V7: the last number of each section. */
const items = { '6.1': 3, '6.2': 12, '6.3': 8, '6.4': 6, '6.5': 8, '6.6': 4, '6.7': 2, '6.8': 4 } as const
const more = { '7.1': 3, '7.2': 4, '7.3': 2, '7.4': 5, '7.5': 3, '7.6': 2 } as const
const asvs = Object.entries({ ...items, ...more }).flatMap(([section, last]) =>
  Array.from({ length: last }, (_, n) => `${section}.${n + 1}`)
)

/** The items that a cell names, ranges written out: `7.1.1 – 7.1.3 documented`. */
function itemsIn(cell: string): string[] {
  return [...cell.matchAll(/\b(\d\.\d)\.(\d+)(?: – \1\.(\d+))?/g)].flatMap(([, section, from, to = from]) =>
    Array.from({ length: Number(to) - Number(from) + 1 }, (_, n) => `${section}.${Number(from) + n}`)
  )
}

/** What is wrong with a row of the standards. */
function wrongWith({ asked, here, held }: (typeof rows)[number]): string[] {
  const files = [...held.matchAll(/`([^`]+)`/g)].map(match => match[1]!)
  const scenarios = held.replace(/`[^`]+`/g, '').match(/\b[A-Z]\d+\b/g) ?? []
  return [
    ...files.filter(file => !/^tests\/.+\.test\.ts$/.test(file) || !existsSync(path.join(root, file))),
    ...scenarios.filter(id => !ids.includes(id)),
    ...(asked === '' || here === '' || (files.length + scenarios.length === 0 && !/^cannot apply: \w/.test(held))
      ? [`${asked}: nothing holds it`]
      : [])
  ]
}

t.test('the standards are mapped to tests that exist', async t => {
  t.same(wrongWith({ asked: 'x', here: 'y', held: '`tests/nowhere.test.ts` X9' }), ['tests/nowhere.test.ts', 'X9'])
  t.same(wrongWith({ asked: 'x', here: 'y', held: '' }), ['x: nothing holds it'])
  t.same(wrongWith({ asked: 'x', here: 'y', held: 'cannot apply: ' }), ['x: nothing holds it'])
  t.same(wrongWith({ asked: 'x', here: 'y', held: 'cannot apply: there is none' }), [])
  for (const row of rows) t.same(wrongWith(row), [], row.asked)
})

t.test('the journal is called what it is: a file that can be changed, and a proof that names the change', async t => {
  t.notMatch(page, /tamper|hash-linked/i)
  for (const text of [page, readFileSync(path.join(root, 'README.md'), 'utf8')]) {
    t.match(text, /seal.{0,20} the journal: [^.]*whoever can write the\s+file can change it/)
    t.match(text, /`factorgate journal verify` names\s+what was changed, except by somebody who has the key file too/)
  }
})

t.test('every item of V6 and V7 of ASVS 5.0.0 stands in one row', async t => {
  t.same(itemsIn('6.1.3, 6.3.4 and 7.1.1 – 7.1.3 documented'), ['6.1.3', '6.3.4', '7.1.1', '7.1.2', '7.1.3'])
  t.equal(asvs.length, 66)
  const named = rows.filter(({ asked }) => /^[67]\.\d\.\d/.test(asked)).flatMap(({ asked }) => itemsIn(asked))
  t.same(
    asvs.filter(id => !named.includes(id)),
    [],
    'none is missing'
  )
  t.same(
    named.filter((id, n) => !asvs.includes(id) || named.indexOf(id) !== n),
    [],
    'none is unknown or stands twice'
  )
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
