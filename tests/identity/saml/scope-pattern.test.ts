/** The patterns of scopes: they mean what they mean to the language's own engine, and no provider can make one take for ever. */
import t from 'tap'
import { isInScope } from '../../../src/identity/saml/scope.ts'
import { covers, newEffort } from '../../../src/identity/saml/scope-pattern.ts'

t.test('a pattern covers what the engine of the language says', async t => {
  const patterns = [
    '^([a-zA-Z0-9-]{1,63}\\.){0,2}vho\\.aaf\\.edu\\.au$',
    '(.+\\.)?uni\\.example',
    '.*\\.ac\\.uk',
    '[^.]+\\.(uni|fh)\\.example',
    '(?:a|b|)c*?',
    'a{2,}b{0,3}',
    'a{2}',
    '\\w+\\.\\d+',
    '(a|ab)(c|bcd)d*',
    '(a*b?)+c',
    'a^b|a$b|^$',
    '',
    '(a?){3}',
    '[A-C]+'
  ]
  const texts = [
    ...[
      'vho.aaf.edu.au',
      'a.b.vho.aaf.edu.au',
      'a.b.c.vho.aaf.edu.au',
      'x.vhoaaf.edu.au',
      'uni.example',
      'a.uni.example'
    ],
    ...[
      'xuni.example',
      'x.ac.uk',
      '.ac.uk',
      'ac.uk',
      'a.fh.example',
      'a.b.fh.example',
      'c',
      'ac',
      'bccc',
      'aab',
      'aabbbb'
    ],
    ...['aa', 'aaa', 'ab1.23', 'abcd', 'abcdd', 'aabc', 'abab', 'ababc', '', 'a', 'b', 'abc']
  ]
  for (const pattern of patterns)
    for (const text of texts)
      t.equal(covers(pattern, text), new RegExp(`^(?:${pattern})$`, 'i').test(text), `${pattern} ${text}`)
})

t.test(
  'I55 CWE-1333 · a provider names a pattern of scopes that takes for ever → it is read once for all places, or covers nothing',
  async t => {
    const long = 'a'.repeat(253)
    for (const pattern of [
      '(a|a)*b',
      '((a+))+b',
      '(a|aa)+b',
      `${'a?'.repeat(80)}${'a'.repeat(40)}b`,
      `${'a*'.repeat(99)}b`,
      '(a*)*b',
      '(.{0,63}){0,63}b',
      `${'(a|a)'.repeat(39)}b`
    ])
      t.notOk(covers(pattern, long), pattern)
    for (const [pattern, text] of [
      ['(?=a)a', 'a'],
      ['(a)\\1', 'aa'],
      ['a\\b', 'a'],
      ['a)|(?:b', 'b'],
      ['(a', 'a'],
      ['a**', 'a'],
      ['[a', 'a'],
      ['[z-a]', 'a'],
      ['a{64}', 'a'.repeat(64)],
      ['a{3,2}', 'aaa'],
      ['((a+)+)+', 'a'],
      ['a'.repeat(201), 'a'.repeat(201)],
      ['a+', `a${long}`]
    ] as const)
      t.notOk(covers(pattern, text), `${pattern.slice(0, 20)} is not known here`)
  }
)

t.test('I55: many costly patterns of one provider share what an attribute may cost', async t => {
  const text = 'a'.repeat(253)
  const costly = `(${'.?'.repeat(95)}){63}`
  const effort = newEffort()
  t.notOk(covers(costly, text, effort), 'it would cover the text, and costs too much')
  t.ok(effort.left <= 0)
  const pattern = '^([a-zA-Z0-9-]{1,63}\\.){0,2}vho\\.aaf\\.edu\\.au$'
  t.notOk(covers(pattern, 'vho.aaf.edu.au', effort), 'nothing is left for the next one')
  const scopes = Array.from({ length: 40 }, () => ({ value: pattern, isPattern: true }))
  const shared = newEffort()
  for (let i = 0; i < 40; i++) t.notOk(isInScope(`x@a.b.c.vho${i}.aaf.edu.au`, { scopes }, false, shared))
  t.ok(
    isInScope('x@a.b.vho.aaf.edu.au', { scopes }, false, shared),
    'forty values under forty patterns of a federation cost less'
  )
})
