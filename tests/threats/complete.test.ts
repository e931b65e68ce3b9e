/** Every scenario has exactly one row, and every test file of this folder is on a list, so that none gets lost. */
import t from 'tap'
import { facts, factsHere, factsOf, ids, idsIn, rowsHere } from './ids.ts'
import { factReportOf, factsIn, measuredIn, outcomesOf, reportOf } from './report.ts'
import { nameOf } from './table.ts'

t.test('the reader of rows sees them', async t => {
  t.same(idsIn("{\n  id: 'H1',\n refs: '' }, { id: `D17` } // id: H2"), ['H1', 'D17'])
  t.equal(ids.length, 290)
  t.same([ids[0], ids.at(-1)], ['H1', 'O12'])
})

t.test('each id stands in exactly one row', async t => {
  const rows = rowsHere()
  t.same(
    ids.filter(id => rows.every(row => row.id !== id)),
    [],
    'none is missing'
  )
  t.same(
    ids
      .filter(id => rows.filter(row => row.id === id).length > 1)
      .map(id => `${id}: ${rows.filter(row => row.id === id).map(row => row.file)}`),
    [],
    'none stands twice'
  )
  t.same(
    rows.filter(row => !ids.includes(row.id)),
    [],
    'and none is unknown'
  )
})

t.test('each measured fact has a test by its name, with a body', async t => {
  t.same(factsOf('0.3 0.12 what is tried'), ['0.3', '0.12'])
  t.same(factsOf('H3 0.4'), [])
  t.same(
    facts.filter(id => factsHere().every(one => one.id !== id)),
    [],
    'none is missing'
  )
  t.same(
    factsHere().filter(({ id }) => !facts.includes(id)),
    [],
    'and none is unknown'
  )
})

t.test('the report shows the facts, and what was measured', async t => {
  const tap = facts.map(id => `    ok 1 - ${id} what is tried # time=2ms`).join('\n')
  t.ok(factReportOf(factsIn(tap)).isGood)
  t.match(factReportOf(factsIn(tap)).text, /\| 0\.16 \| what is tried \| ok \|\n\n16 of 16 facts$/)
  t.notOk(factReportOf(factsIn(tap.replace('ok 1 - 0.15', 'not ok 1 - 0.15'))).isGood)
  t.notOk(factReportOf(factsIn(tap.replace(' 0.15 ', ' 0.3 '))).isGood, 'one is missing')
  t.same(measuredIn('    # measured: 3 ms\n# other: 4'), ['- 3 ms'])
})

t.test('the report reads the names that the table makes', async t => {
  const run = async () => {}
  const first = nameOf({ id: 'H1', refs: 'CVE-1 (a) · b', tried: 'one → two #3', safe: 'nothing', run })
  const second = nameOf({ id: 'D17', refs: '', tried: 'jumps | back', safe: 'ends', run })
  const third = nameOf({ id: 'P8', refs: 'CVE-2', reason: 'there is no such route' })
  const tap = `    ok 1 - ${first.replaceAll('#', '\\#')} # time=1.5ms\n        not ok 2 - ${second} # time=2ms\nok 3 - ${third}\nok 4 - X9 · no → row\n# H2 · no → row`
  const outcomes = outcomesOf(tap)
  t.same(
    outcomes.map(({ id, outcome }) => `${id} ${outcome}`),
    ['H1 ok', 'P8 cannot apply', 'D17 NOT OK']
  )
  t.equal(outcomes[1]!.why, 'there is no such route')
  t.match(outcomes[2], { refs: '', tried: 'jumps | back', why: 'ends' })
  const { text, isGood } = reportOf(outcomes)
  t.notOk(isGood)
  t.match(text, '| D17 |  | jumps \\| back | NOT OK: ends |')
  t.match(text, /3 of 290 scenarios: 1 ok, 1 not ok, 1 cannot apply, 287 missing \(H2 /)
  const all = ids.map(id => `ok 1 - ${nameOf({ id, refs: '', tried: 'x', safe: 'y', run })}`).join('\n')
  t.ok(reportOf(outcomesOf(all)).isGood)
})
