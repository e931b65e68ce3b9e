import { deepStrictEqual as deepEqual, strictEqual as equal } from 'node:assert'
import fc from 'fast-check'
import t from 'tap'
import { lineOf } from '../../src/audit/encode-event.ts'
import type { AuditEvent } from '../../src/audit/event.ts'
import { cases } from '../fixtures/in-process/cases.ts'

const at = Date.UTC(2026, 0, 2, 3, 4, 5, 6)

t.test('a line is JSON with the instant first, then the kind, then the fields in the order given', async t => {
  t.equal(
    lineOf({ kind: 'exchange', at, request: 'r1', status: 200, fresh: true, app: undefined, peer: null }),
    '{"at":"2026-01-02T03:04:05.006Z","kind":"exchange","request":"r1","status":200,"fresh":true,"peer":null}\n'
  )
})

t.test('instants are RFC 3339 in UTC, within one second and over its edges', async t => {
  for (const [ms, text] of [
    [at, '2026-01-02T03:04:05.006Z'],
    [at + 993, '2026-01-02T03:04:05.999Z'],
    [at + 994, '2026-01-02T03:04:06.000Z'],
    [at - 7, '2026-01-02T03:04:04.999Z'],
    [at + 0.75, '2026-01-02T03:04:05.006Z'],
    [0, '1970-01-01T00:00:00.000Z'],
    [Number.NaN, '1970-01-01T00:00:00.000Z']
  ] as const)
    t.equal(JSON.parse(lineOf({ kind: 'login', at: ms })).at, text)
})

t.test('ASVS 16.4.1: no value starts a second line or commands a terminal', async t => {
  for (const [name, value] of [
    ['a line feed and a forged line', 'a\n{"at":"now","kind":"login","outcome":"accepted"}'],
    ['a carriage return', 'a\rb'],
    ['quotes and backslashes', 'a"\\b'],
    ['an escape sequence', 'a\u001b[2Jb'],
    ['DEL and C1', 'a\u007f\u0085\u009bb'],
    ['line and paragraph separators', 'a\u2028b\u2029c'],
    ['bidirectional overrides and a byte order mark', '\u202egnp\u2066.exe\ufeff'],
    ['a format character outside the basic plane', 'a\u{e0041}b'],
    ['half a surrogate pair', 'a\ud800b'],
    ['letters of the world', 'Zoë 李 مريم']
  ] as const) {
    const line = lineOf({ kind: 'login', at, name: value })
    t.notMatch(line.slice(0, -1), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u, `${name}: nothing but visible characters`)
    t.equal(JSON.parse(line).name, value, `${name}: reads back as it was`)
  }
})

t.test('any event reads back as it was', async () => {
  const value = fc.oneof(fc.string({ unit: 'binary' }), fc.double(), fc.integer(), fc.boolean(), fc.constant(null))
  const field = fc.string({ unit: 'binary' }).filter(name => !['at', 'kind', '__proto__'].includes(name))
  fc.assert(
    fc.property(fc.dictionary(field, value), fields => {
      const event = { ...fields, kind: 'exchange', at } as AuditEvent
      const line = lineOf(event)
      equal(line.indexOf('\n'), line.length - 1)
      deepEqual(JSON.parse(line), JSON.parse(JSON.stringify({ ...event, at: new Date(at).toISOString() })))
    }),
    { numRuns: cases(300) }
  )
})
