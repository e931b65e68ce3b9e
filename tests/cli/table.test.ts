import t from 'tap'
import { moment, pairs, table } from '../../src/cli/table.ts'

t.test('columns are as wide as their widest cell, also in scripts with wide letters', async t => {
  t.equal(
    table(
      ['NAME', 'GROUPS'],
      [
        ['alice', 'researchers'],
        ['李小龍', '-'],
        ['zoë', 'a, b']
      ]
    ),
    'NAME    GROUPS\nalice   researchers\n李小龍  -\nzoë     a, b\n'
  )
  t.equal(table(['A'], []), '')
  t.equal(
    pairs([
      ['name', 'x'],
      ['e-mail', 'y']
    ]),
    'name    x\ne-mail  y\n'
  )
})

t.test('what others wrote cannot command the terminal', async t => {
  const text = table(['A', 'B'], [['\u001b]0;x\u0007', 'line\nbreak \u202e']])
  t.notMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u)
  t.equal(text.split('\n').length, 3)
})

t.test('moments are UTC', async t => {
  t.equal(moment(Date.UTC(2026, 10, 22, 20, 15, 59)), '2026-11-22 20:15 UTC')
  t.equal(moment(null), '-')
})
