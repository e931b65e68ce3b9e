/** W3C Trace Context: which headers of a trusted proxy are continued, and what a collector's headers file may hold. */
import t from 'tap'
import { readHeaderLines } from '../../src/traces/header-lines.ts'
import { newSpanId, newTraceId, readParent } from '../../src/traces/trace-context.ts'
import { Tracer } from '../../src/traces/tracer.ts'

const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
const span = '00f067aa0ba902b7'

const parents: readonly (readonly [string, unknown, boolean | null])[] = [
  ['a sampled one', `00-${trace}-${span}-01`, true],
  ['one that is not sampled', `00-${trace}-${span}-00`, false],
  ['other flags', `00-${trace}-${span}-fe`, false],
  ['other flags beside sampled', `00-${trace}-${span}-03`, true],
  ['a later version with more fields', `01-${trace}-${span}-01-more`, true],
  ['blanks around it', ` 00-${trace}-${span}-01 `, true],
  ['version 00 with more fields', `00-${trace}-${span}-01-more`, null],
  ['the version that is never used', `ff-${trace}-${span}-01`, null],
  ['a trace of zeros', `00-${'0'.repeat(32)}-${span}-01`, null],
  ['a span of zeros', `00-${trace}-${'0'.repeat(16)}-01`, null],
  ['capital letters', `00-${trace.toUpperCase()}-${span}-01`, null],
  ['a short trace', `00-${trace.slice(1)}-${span}-01`, null],
  ['a missing flag', `00-${trace}-${span}`, null],
  ['two headers, which Node joins', `00-${trace}-${span}-01, 00-${trace}-${span}-01`, null],
  ['a line break', `00-${trace}-${span}-01\r\nx: y`, null],
  ['text', 'hello', null],
  ['nothing', undefined, null],
  ['a list', [`00-${trace}-${span}-01`], null]
]

t.test('a parent is read strictly', async t => {
  for (const [name, header, isSampled] of parents) {
    const parent = readParent(header, undefined)
    if (isSampled === null) t.equal(parent, null, name)
    else t.match(parent, { traceId: trace, spanId: span, isSampled, tracestate: null }, name)
  }
})

t.test('tracestate goes with a valid parent, and only if it is short and printable', async t => {
  const read = (state: unknown) => readParent(`00-${trace}-${span}-01`, state)?.tracestate
  t.equal(read('a=1,b=2'), 'a=1,b=2')
  t.equal(read(''), null)
  t.equal(read('a=\u0001'), null)
  t.equal(read('a=ü'), null)
  t.equal(read(`a=${'x'.repeat(511)}`), null)
  t.equal(read(['a=1']), null)
})

t.test('ids have the length of the standard and differ', async t => {
  const ids = new Set(Array.from({ length: 2000 }, newTraceId))
  t.equal(ids.size, 2000)
  for (const id of [...ids].slice(0, 5)) t.match(id, /^[0-9a-f]{32}$/)
  t.match(newSpanId(), /^[0-9a-f]{16}$/)
})

t.test('the share that is kept is the share that is asked for', async t => {
  const sink = { isOpen: true, take() {} }
  const kept = (sample: number) => {
    const tracer = new Tracer({ sample, sink, clock: () => 0 })
    const one = () => tracer.begin({}, false, () => ({ name: '', attributes: [], isError: false })).isSampled
    return Array.from({ length: 4000 }, one).filter(Boolean).length
  }
  t.equal(kept(0), 0)
  t.equal(kept(1), 4000)
  const half = kept(0.5)
  t.ok(half > 1800 && half < 2200, `${half} of 4000`)
})

t.test('a headers file', async t => {
  t.same(readHeaderLines('# token\r\n\nAuthorization: Bearer a.b-c\nX-Org:  7 \n'), {
    headers: { authorization: 'Bearer a.b-c', 'x-org': '7' }
  })
  t.same(readHeaderLines(''), { headers: {} })
  for (const [name, text, problem] of [
    ['a bare token', 'X: 1\nsecret-token', 'line 2'],
    ['an empty value', 'Authorization:', 'line 1'],
    ['no ASCII', 'Authorization: ü', 'line 1'],
    ['a header of the request itself', 'Host: other', 'must not set Host']
  ] as const) {
    const read = readHeaderLines(text)
    t.match('problem' in read ? read.problem : '', problem, name)
    t.notMatch(JSON.stringify(read), 'secret-token', 'a value is not quoted')
  }
})
