import fc from 'fast-check'
import t from 'tap'
import { readingsOf } from '../../src/request/readings.ts'
import { parseTarget } from '../../src/request/target.ts'
import { cases } from '../fixtures/in-process/cases.ts'
import { shown } from '../fixtures/in-process/shown.ts'
import { oddPath } from './odd-paths.ts'

const refused: [raw: string, why: string][] = [
  ['', 'nothing at all'],
  ['*', 'P15 asterisk-form'],
  ['http://other.test/x', 'P15 absolute-form'],
  ['127.0.0.1:6379', 'P15 authority-form'],
  ['x', 'no slash at the beginning'],
  ['/admin#/public', 'P1 CVE-2026-41059 a raw fragment'],
  ['/public#/../admin', 'P1 a raw fragment before dots'],
  ['/x?a#b', 'a raw fragment in the query'],
  ['/a b', 'a bare space'],
  ['/a\tb', 'a bare tab'],
  ['/a\rb', 'a bare CR'],
  ['/a\nb', 'a bare LF'],
  ['/a\0b', 'a bare NUL'],
  ['/a\x7fb', 'a bare DEL'],
  ['/a?b\0', 'a NUL in the query'],
  ['/a?b c', 'a space in the query'],
  ['/a\u2215b', 'a character that is no byte'],
  ['/a?\u2215', 'a character that is no byte, in the query'],
  ['/admin%00.png', 'P17 an encoded NUL'],
  ['/admin%0d%0aX: y', 'P17 an encoded line break and a space'],
  ['/admin%0d%0aX:y', 'P17 an encoded line break'],
  ['/a%09', 'P17 an encoded tab'],
  ['/a%2500', 'P17 a NUL encoded twice'],
  ['/a%u0000', 'P17 a NUL as %u'],
  ['/a%c0%80', 'P17 an overlong NUL'],
  [`/${'%2e%2e%2f%252e;\\'.repeat(500)}`, 'more readings than anybody honest needs']
]
for (const [raw, why] of refused)
  t.test(`400 for ${why}: ${shown(raw.slice(0, 40))}`, async t => t.equal(parseTarget(raw), null))

const single = [
  '/',
  '/a',
  '/a/b/c.css',
  '/.well-known/caldav',
  '/.factorgate/login',
  '/a/.../b',
  '/a/..b/.c',
  '/a.b/c..d/e',
  "/x'(~)!*,",
  '/a:b@c&d=e+f$g',
  '/A.B/Up'
]
for (const path of single)
  t.test(`one reading of ${path}, and the closure agrees`, async t => {
    t.same(parseTarget(path), { raw: path, path, query: '', readings: [path] })
    t.same(readingsOf(path), [path])
  })

t.test('the query is kept apart and never read', async t => {
  const raw = '/admin?x=/public/%00%2e/../;%zz\\?y'
  t.same(parseTarget(raw), { raw, path: '/admin', query: '?x=/public/%00%2e/../;%zz\\?y', readings: ['/admin'] })
  t.same(parseTarget('/a/.?b')?.readings, ['/a/.', '/a/', '/a'])
  t.same(parseTarget('/a?'), { raw: '/a?', path: '/a', query: '?', readings: ['/a'] })
})

t.test('odd bytes that real servers live with are kept as they came', async t => {
  for (const raw of ['/caf%E9', '//x', '/a\\..\\b', '/%zz', '/a%2Fb', '/a;x=1/b', '/a/%252e%252e/b', '/caf\xe9'])
    t.equal(parseTarget(raw)?.raw, raw, raw)
})

t.test('the short way gives what the closure gives, for any path', async t => {
  const bytes = fc.stringMatching(/^\/[a-cA-C/.:$;%~\\ -]{0,12}$/)
  fc.assert(
    fc.property(fc.oneof(oddPath, bytes), path => {
      if (path.includes(' ')) return parseTarget(path) === null
      return JSON.stringify(parseTarget(path)?.readings ?? null) === JSON.stringify(readingsOf(path))
    }),
    { numRuns: cases(2000) }
  )
  t.pass()
})

t.test('nothing that a stranger sends throws', async t => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), text => {
      parseTarget(text)
      parseTarget(`/${text}`)
    }),
    { numRuns: cases(1500) }
  )
  t.pass()
})
