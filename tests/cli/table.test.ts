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

/** As a terminal with wide letters counts. */
function widthOf(line: string): number {
  return [...line.replace(/\p{M}/gu, '')].reduce(
    (sum, letter) =>
      sum + (/[\u2e80-\u9fff\uac00-\ud7a3\u{20000}-\u{3ffff}]|\p{Emoji_Presentation}/u.test(letter) ? 2 : 1),
    0
  )
}

const people = [
  [
    'ada',
    'researchers, operators, microscopy, guests-of-the-institute',
    'enrolled; must wait until 2026-11-22 12:03 UTC',
    '2026-11-22 20:15 UTC'
  ],
  ['李小龍@研究所.example', '分子生物学研究室, 顕微鏡', '登録済み', '-'],
  ['שרה.כהן', 'חוקרים, מנהלים', 'لا يوجد عامل ثانٍ بعد', '-'],
  ['zoe\u0301', '𠀋𠀋𠀋𠀋 😀😀', 'x'.repeat(70), '-'],
  ['x', 'y'.repeat(300), '', '-']
]
const headings = ['NAME', 'GROUPS', 'STATUS', 'LAST SEEN']

t.test('a table fits its terminal, and loses nothing, in every script', async t => {
  for (const columns of [40, 60, 80, 120, 200]) {
    const text = table(headings, people, columns)
    const lines = text.trimEnd().split('\n')
    for (const line of lines) t.ok(widthOf(line) <= columns, `${columns}: ${widthOf(line)} ${line}`)
    const letters = (from: string) => [...from.replace(/\s/g, '')].sort().join('')
    const all = letters(people.flat().join(''))
    const shown = letters(text)
    for (const letter of new Set(all))
      t.ok(shown.split(letter).length >= all.split(letter).length, `${columns}: every ${letter} is there`)
    for (const [name] of people)
      t.ok(
        lines.some(line => line.includes(name!)),
        `${columns}: ${name} stays whole`
      )
  }
  t.equal(table(headings, people).trimEnd().split('\n').length, people.length + 1, 'one line a row in a pipe')
})

t.test('a row that is too wide becomes a block of lines', async t => {
  t.equal(
    table(
      ['ID', 'USER'],
      [
        ['a'.repeat(22), 'alice'],
        ['b'.repeat(22), 'a very long name of a person']
      ],
      28
    ),
    `ID    ${'a'.repeat(22)}\nUSER  alice\n\nID    ${'b'.repeat(22)}\nUSER  a very long name of a\n      person\n`
  )
  t.equal(
    table(['NAME', 'GROUPS'], [['alice', 'one two three four five']], 20),
    'NAME   GROUPS\nalice  one two three\n       four five\n'
  )
})

t.test('pairs go on below their value', async t => {
  t.equal(
    pairs(
      [
        ['groups', 'researchers, operators, guests'],
        ['e-mail', '-']
      ],
      30
    ),
    'groups  researchers,\n        operators, guests\ne-mail  -\n'
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
