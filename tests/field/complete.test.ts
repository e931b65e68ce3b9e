/** Every row of the field reports has a test whose name begins with `FIELD` and the row's id, so that none can get lost in silence. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const root = fileURLToPath(new URL('../', import.meta.url))

const to = (letter: string, last: number) => Array.from({ length: last }, (_, i) => `${letter}${i + 1}`)
/** F18, F19 belong to the front door, N9 and N12 to the operators; `3` is the section on what old apps say. */
const elsewhere = new Set(['F18', 'F19', 'N9', 'N12'])
const rows = [...to('F', 19), ...to('G', 20), ...to('A', 10), ...to('N', 12), '3'].filter(id => !elsewhere.has(id))

/** The ids at the beginning of a test's name: `FIELD A4 G11 what is tried`. */
function idsOf(name: string): string[] {
  const head = /^FIELD((?:[ ,]+(?:FIELD +)?(?:[FGAN]\d+|3)\b)+)/.exec(name)
  return head === null ? [] : head[1]!.split(/[ ,]+|FIELD/).filter(Boolean)
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const file = path.join(folder, entry.name)
    if (entry.isDirectory()) return sources(file)
    return /\.tsx?$/.test(entry.name) && entry.name !== 'complete.test.ts' ? [readFileSync(file, 'utf8')] : []
  })
}

t.test('the reader of names sees them', async t => {
  t.same(idsOf('FIELD A4 G11 no room'), ['A4', 'G11'])
  t.same(idsOf('FIELD A4 FIELD G11 no room'), ['A4', 'G11'])
  t.same(idsOf('FIELD G15, N8: an install'), ['G15', 'N8'])
  t.same(idsOf('FIELD 3 a folded line'), ['3'])
  t.same(idsOf('FIELD 30 lines'), [])
  t.same(idsOf('a FIELD F1'), [])
})

t.test('each row has a test by its name', async t => {
  const found = new Set(
    sources(root).flatMap(text => [...text.matchAll(/['"`](FIELD [^'"`]*)/g)].flatMap(match => idsOf(match[1]!)))
  )
  t.same(
    rows.filter(id => !found.has(id)),
    [],
    'none is missing'
  )
  t.same(
    [...found].filter(id => !rows.includes(id)),
    [],
    'and none is unknown'
  )
})
