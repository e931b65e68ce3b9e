/** Sending spans: batches, a collector that hangs, refuses or is away, the bounded queue, and the end of the process. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { OtlpCollector } from '../../src/traces/otlp-collector.ts'
import { requestHead } from '../../src/traces/resource.ts'
import { encodeSpan, kinds } from '../../src/traces/span.ts'
import { maxQueued, SpanExporter } from '../../src/traces/span-exporter.ts'
import { type Collector, startCollector } from './collector.ts'

const span = (name: string) =>
  encodeSpan({
    ...{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), parentId: null, hasRemoteParent: false },
    ...{ kind: kinds.server, name, start: 1_764_000_000_000.25, end: 1_764_000_000_001.5 },
    ...{ attributes: ['text', 'a "b"\u2028\n', 'number', 7, 'missing', undefined], isError: true }
  })

interface Seen {
  sent: number
  dropped: number
  failures: number
  readonly problems: (string | null)[]
}

function exporterFor(t: Test, collector: Collector | null, more: { timeoutMs?: number; headersFile?: string } = {}) {
  const seen: Seen = { sent: 0, dropped: 0, failures: 0, problems: [] }
  const waiting: (() => void)[] = []
  const exporter = new SpanExporter({
    batchMs: 5,
    firstRetryMs: 5,
    observer: {
      onSent: spans => {
        seen.sent += spans
        for (const wake of waiting.splice(0)) wake()
      },
      onDropped: spans => {
        seen.dropped += spans
        for (const wake of waiting.splice(0)) wake()
      },
      onFailure: () => seen.failures++,
      onProblem: problem => seen.problems.push(problem)
    }
  })
  const { timeoutMs = 5000, headersFile = null } = more
  if (collector !== null) {
    const target = { endpoint: collector.endpoint, headersFile, ca: null }
    exporter.configure(new OtlpCollector(target, timeoutMs), requestHead('lab', '1.2.3'))
  }
  t.teardown(() => exporter.close(0))
  const done = () => new Promise<void>(resolve => waiting.push(resolve))
  return { exporter, seen, done }
}

t.test('spans go out in one batch, with who sends them', async t => {
  const collector = await startCollector(t)
  const { exporter, seen, done } = exporterFor(t, collector)
  exporter.take(span('one'))
  exporter.take(span('two'))
  await done()
  t.same(
    collector.spans.map(({ name }) => name),
    ['one', 'two']
  )
  t.equal(collector.requests.length, 1)
  t.match(collector.requests[0]?.headers, { 'content-type': 'application/json' })
  t.match(collector.resources[0], { 'service.name': 'lab', 'service.version': '1.2.3', 'process.pid': process.pid })
  const [first] = collector.spans
  t.match(first, { startTimeUnixNano: '1764000000000250000', endTimeUnixNano: '1764000000001500000', isError: true })
  t.same(first?.attributes, { text: 'a "b"\u2028\n', number: 7 })
  t.match(seen, { sent: 2, dropped: 0, failures: 0, problems: [] })
})

t.test('a collector that asks for patience gets the same spans again, after its Retry-After', async t => {
  const times: number[] = []
  const collector = await startCollector(t, (response, index) => {
    times.push(performance.now())
    if (index > 1) return true
    response.writeHead(429, { 'retry-after': '1' }).end()
    return false
  })
  const { exporter, seen, done } = exporterFor(t, collector)
  exporter.take(span('one'))
  await done()
  t.equal(collector.spans.length, 1)
  t.ok(times[1]! - times[0]! >= 900, 'it waits as long as it is asked to')
  t.match(seen, { sent: 1, dropped: 0, failures: 1 })
  t.match(seen.problems, [/answered 429/, null], 'said once, and once that it is over')
})

const answers: readonly (readonly [string, number, string, Partial<Seen>])[] = [
  ['a refusal for ever drops the batch', 400, '', { sent: 0, dropped: 2, failures: 1 }],
  ['a wrong token too, and the log names the key', 401, '', { sent: 0, dropped: 2, failures: 1 }],
  ['a redirect is not followed', 307, '', { sent: 0, dropped: 2, failures: 1 }],
  ['some spans are rejected', 200, '{"partialSuccess":{"rejectedSpans":"1"}}', { sent: 1, dropped: 1, failures: 0 }],
  ['an answer that is no JSON counts as taken', 200, 'hello', { sent: 2, dropped: 0, failures: 0 }]
]

for (const [name, status, body, expected] of answers)
  t.test(name, async t => {
    const collector = await startCollector(t, response => {
      response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end(body)
      return status === 200
    })
    const { exporter, seen, done } = exporterFor(t, collector)
    exporter.take(span('one'))
    exporter.take(span('two'))
    await done()
    t.match(seen, expected)
    t.equal(collector.requests.length, 1)
    if (status === 401) t.match(seen.problems, [/traces\.headersFile/])
  })

t.test('a collector that hangs is left, and asked again', async t => {
  const collector = await startCollector(t, (_response, index) => index > 1)
  const { exporter, seen, done } = exporterFor(t, collector, { timeoutMs: 500 })
  exporter.take(span('one'))
  await done()
  t.equal(collector.requests.length, 2)
  t.match(seen, { sent: 1, failures: 1 })
  t.match(seen.problems, [/did not answer within 0.5 s/, null])
})

t.test('a collector that breaks off is asked again', async t => {
  const collector = await startCollector(t, (response, index) => {
    if (index > 1) return true
    response.destroy()
    return false
  })
  const { exporter, seen, done } = exporterFor(t, collector)
  exporter.take(span('one'))
  await done()
  t.match(seen, { sent: 1, failures: 1 })
})

t.test('the queue is bounded, whatever hangs', async t => {
  const collector = await startCollector(t, () => false)
  const { exporter, seen } = exporterFor(t, collector)
  exporter.take(span('first'))
  await collector.asked(1)
  for (let i = 0; i < maxQueued.spans + 10; i++) exporter.take(span('x'))
  t.equal(seen.dropped, 10)
  await exporter.close(0)
  t.equal(seen.dropped, maxQueued.spans + 11, 'each span is counted once')
})

t.test('large spans count by their size', async t => {
  const collector = await startCollector(t, () => false)
  const { exporter, seen } = exporterFor(t, collector)
  const large = span('x'.repeat(1024 * 1024))
  for (let i = 0; i < 10; i++) exporter.take(large)
  t.equal(seen.dropped, 3)
})

t.test('the end sends what waits, and does not wait long', async t => {
  const collector = await startCollector(t)
  const one = exporterFor(t, collector)
  one.exporter.take(span('last'))
  await one.exporter.close(2000)
  t.match(one.seen, { sent: 1, dropped: 0 })
  one.exporter.take(span('too late'))
  t.match(one.seen, { sent: 1, dropped: 0 }, 'later spans are not taken')

  const hanging = exporterFor(t, await startCollector(t, () => false), { timeoutMs: 86_400_000 })
  hanging.exporter.take(span('lost'))
  await hanging.exporter.close(100)
  t.match(hanging.seen, { sent: 0, dropped: 1 })
})

t.test('a token in a file is read for each batch', async t => {
  const collector = await startCollector(t)
  const headersFile = path.join(t.testdir({ headers: 'Authorization: Bearer one' }), 'headers')
  const { exporter, seen, done } = exporterFor(t, collector, { headersFile })
  exporter.take(span('one'))
  await done()
  writeFileSync(headersFile, 'Authorization: Bearer two')
  exporter.take(span('two'))
  await done()
  t.same(
    collector.requests.map(({ headers }) => headers.authorization),
    ['Bearer one', 'Bearer two']
  )
  t.equal(seen.sent, 2)
})

t.test('without a destination nothing is kept or counted', async t => {
  const { exporter, seen } = exporterFor(t, null)
  t.equal(exporter.isOpen, false)
  exporter.take(span('one'))
  await exporter.close(100)
  t.match(seen, { sent: 0, dropped: 0 })
})

t.test('another destination gets what waits', async t => {
  const hanging = await startCollector(t, () => false)
  const { exporter, seen, done } = exporterFor(t, hanging)
  exporter.take(span('one'))
  await hanging.asked(1)
  exporter.take(span('two'))
  const collector = await startCollector(t)
  exporter.configure(
    new OtlpCollector({ endpoint: collector.endpoint, headersFile: null, ca: null }),
    requestHead('lab', '1')
  )
  await done()
  t.same(
    collector.spans.map(({ name }) => name),
    ['one', 'two']
  )
  t.match(seen, { sent: 2, dropped: 0 })
})
