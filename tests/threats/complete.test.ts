/** Every scenario has exactly one row, and every test file of this folder is one of a list: none can get lost in silence. */
import t from 'tap'
import { ids, idsIn, rowsHere } from './ids.ts'

t.test('the reader of rows sees them', async t => {
  t.same(idsIn("{\n  id: 'H1',\n refs: '' }, { id: `D17` } // id: H2"), ['H1', 'D17'])
  t.equal(ids.length, 162)
  t.same([ids[0], ids.at(-1)], ['H1', 'D17'])
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
