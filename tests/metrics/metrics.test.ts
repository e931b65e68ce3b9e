/** Counting, the sum of several processes, and Prometheus' text format. */
import { spawnSync } from 'node:child_process'
import { deserialize, serialize } from 'node:v8'
import t from 'tap'
import { type Declaration, declarations, type MetricName } from '../../src/metrics/declarations.ts'
import { MeasuredStore } from '../../src/metrics/measured-store.ts'
import { Metrics, render } from '../../src/metrics/metrics.ts'
import { readEventLoop, readProcess } from '../../src/metrics/process-metrics.ts'
import { ReloadMetrics } from '../../src/metrics/reload-metrics.ts'
import { countersOf, emptySnapshot, mergeSnapshots } from '../../src/metrics/snapshot.ts'
import { StoreUnreachable } from '../../src/store/store.ts'
import { startGateway } from '../fixtures/in-process/gateway.ts'
import { MemoryStore } from '../fixtures/in-process/memory-store.ts'
import { whereIs } from '../setup/machine.mjs'
import { parseText } from './text-parser.ts'

/** Each metric with a value. */
function filled(): Metrics {
  const metrics = new Metrics()
  metrics.exchange('one', 200, 0.02, 10, 2000)
  metrics.observe('factorgate_store_operation_seconds', 'get', 0.001)
  for (const [name, { type, labels }] of Object.entries(declarations) as [MetricName, Declaration][]) {
    if (type === 'histogram' || name.startsWith('factorgate_re') || name === 'factorgate_sent_bytes_total') continue
    metrics.read(name as 'factorgate_upstream_up', () => [[...labels.map(label => `a "${label}"\\`), 3] as never])
  }
  metrics.count('factorgate_refusals_total', 'not_found')
  metrics.count('factorgate_reloads_total', 'applied')
  return metrics
}

const sampleOf = (text: string, name: string, labels: Record<string, string> = {}) =>
  parseText(text)
    .get(name.replace(/_(?:bucket|sum|count)$/, ''))
    ?.samples.find(sample => sample.name === name && JSON.stringify(sample.labels) === JSON.stringify(labels))?.value

t.test('every declaration is printed as declared, with labels that contain quotes', async t => {
  const families = parseText(filled().render())
  t.same([...families.keys()], Object.keys(declarations))
  for (const [name, { type, help, labels }] of Object.entries(declarations)) {
    const family = families.get(name)
    t.match(family, { type, help })
    for (const sample of family?.samples ?? [])
      t.same(
        Object.keys(sample.labels).filter(label => label !== 'le'),
        labels,
        sample.name
      )
  }
  t.equal(families.get('factorgate_upstream_up')?.samples[0]?.labels.upstream, 'a "upstream"\\')
})

t.test('names and help follow the rules of the field', async t => {
  for (const [name, { type, help, labels }] of Object.entries(declarations) as [MetricName, Declaration][]) {
    t.match(name, /^(?:factorgate|process)_[a-z_]+$/)
    t.equal(name.endsWith('_total'), type === 'counter', `${name}: only counters end with _total`)
    t.match(help, /^[A-Z0-9][^\n\\]+\.$/, name)
    t.notOk(
      labels.some(label => ['le', 'job', 'instance'].includes(label)),
      name
    )
  }
})

t.test('a duration counts in its bucket and in each larger one', async t => {
  const metrics = new Metrics()
  for (const seconds of [0.005, 0.0051, 0.3, 99]) metrics.exchange('one', 200, seconds, 0, 0)
  const text = metrics.render()
  const bucket = (le: string) => sampleOf(text, 'factorgate_request_duration_seconds_bucket', { app: 'one', le })
  t.same(['0.005', '0.01', '0.25', '0.5', '10', '+Inf'].map(bucket), [1, 2, 2, 3, 3, 4])
  t.equal(sampleOf(text, 'factorgate_request_duration_seconds_count', { app: 'one' }), 4)
  t.equal(sampleOf(text, 'factorgate_request_duration_seconds_sum', { app: 'one' })?.toFixed(4), '99.3101')
})

t.test('the numbers of several processes become one, also after their way between processes', async t => {
  const worker = (isUp: number, active: number) => {
    const metrics = new Metrics()
    metrics.exchange('one', 200, 0.02, 1, 2)
    metrics.exchange('one', 404, 0.02, 1, 2)
    metrics.count('factorgate_refusals_total', 'not_found')
    metrics.observe('factorgate_store_operation_seconds', 'get', 0.002)
    metrics.read('factorgate_store_up', () => isUp)
    metrics.read('factorgate_active_sessions', () => active)
    metrics.read('factorgate_open_connections', () => 4)
    metrics.read('factorgate_journal_lines_total', () => 100)
    return deserialize(serialize(metrics.snapshot()))
  }
  const both = [worker(1, 5), worker(0, 9)]
  const ended = mergeSnapshots([emptySnapshot, countersOf(worker(0, 70))])
  const text = render([ended, ...both])
  t.equal(sampleOf(text, 'factorgate_requests_total', { app: 'one', status: '2xx' }), 3)
  t.equal(sampleOf(text, 'factorgate_requests_total', { app: 'one', status: '4xx' }), 3)
  t.equal(sampleOf(text, 'factorgate_refusals_total', { code: 'not_found' }), 3)
  t.equal(sampleOf(text, 'factorgate_request_duration_seconds_count', { app: 'one' }), 6)
  t.equal(sampleOf(text, 'factorgate_store_operation_seconds_count', { verb: 'get' }), 3)
  t.equal(sampleOf(text, 'factorgate_journal_lines_total'), 300, 'a counter that is read is a counter')
  t.equal(sampleOf(text, 'factorgate_store_up'), 0, 'the least')
  t.equal(sampleOf(text, 'factorgate_active_sessions'), 9, 'the greatest; not that of the ended one')
  t.equal(sampleOf(text, 'factorgate_open_connections'), 8, 'the sum; without the ended one')
})

t.test('a store is measured by operation, and its failures are counted and passed on', async t => {
  const metrics = new Metrics()
  const inner = new MemoryStore(Date.now)
  const store = new MeasuredStore(inner, metrics)
  await store.put('a', 'b')
  t.equal(await store.get('a'), 'b')
  t.equal(await store.take('a'), 'b')
  inner.get = () => Promise.reject(new StoreUnreachable('away'))
  await t.rejects(store.get('a'), StoreUnreachable)
  const text = metrics.render()
  const count = (verb: string) => sampleOf(text, 'factorgate_store_operation_seconds_count', { verb })
  t.same(['put', 'get', 'take', 'add'].map(count), [1, 2, 1, undefined])
  t.equal(sampleOf(text, 'factorgate_store_errors_total', { verb: 'get' }), 1)
  t.equal(sampleOf(text, 'factorgate_store_errors_total', { verb: 'put' }), undefined)
})

t.test('a refused configuration is visible until the next good one', async t => {
  const metrics = new Metrics()
  let now = 1_000_000
  const reloads = new ReloadMetrics(metrics, () => now)
  const seen = () => {
    const text = metrics.render()
    return [
      sampleOf(text, 'factorgate_config_ok'),
      sampleOf(text, 'factorgate_config_applied_timestamp_seconds'),
      sampleOf(text, 'factorgate_reloads_total', { outcome: 'applied' }),
      sampleOf(text, 'factorgate_reloads_total', { outcome: 'refused' })
    ]
  }
  t.same(seen(), [1, 1000, undefined, undefined])
  now = 2_000_000
  reloads.refused()
  t.same(seen(), [0, 1000, undefined, 1])
  now = 3_000_000
  reloads.applied()
  t.same(seen(), [1, 3000, 1, 1])
})

t.test('the process and its event loop', async t => {
  const metrics = new Metrics()
  readProcess(metrics)
  readEventLoop(metrics)
  const first = parseText(metrics.render())
  t.notOk(first.has('factorgate_event_loop_delay_seconds'), 'measured from the first scrape on')
  t.match(first.get('factorgate_build_info')?.samples[0]?.labels, { version: /^\d+\./, node: process.versions.node })
  t.ok(sampleOf(metrics.render(), 'process_cpu_seconds_total')! > 0)
  // Timers cannot run meanwhile, so the loop is late by more than the resolution.
  await new Promise(resolve => setTimeout(resolve, 50))
  const end = Date.now() + 120
  while (Date.now() < end);
  await new Promise(resolve => setTimeout(resolve, 50))
  const worst = sampleOf(metrics.render(), 'factorgate_event_loop_delay_seconds', { percentile: '100' })
  t.ok(worst !== undefined && worst > 0.05 && worst < 60, String(worst))
})

t.test('a running gate fills them', async t => {
  const gate = await startGateway(t, {
    apps: '  - { id: one, url: "http://one.localhost:PORT", upstream: "http://127.0.0.1:1" }'
  })
  await gate.request('GET', `${gate.origin('one')}/`)
  await gate.server.runtime.journal.flush()
  const text = render([await gate.server.snapshot()])
  const families = parseText(text)
  t.ok(sampleOf(text, 'factorgate_journal_lines_total')! >= 1)
  t.ok(sampleOf(text, 'factorgate_journal_bytes_total')! > 100)
  t.equal(sampleOf(text, 'factorgate_workers'), 1)
  t.equal(sampleOf(text, 'factorgate_config_ok'), 1)
  t.ok(sampleOf(text, 'factorgate_store_operation_seconds_count', { verb: 'get' })! > 0)
  await gate.server.refuse(['a', 'b'])
  await gate.server.runtime.journal.flush()
  t.equal(sampleOf(render([await gate.server.snapshot()]), 'factorgate_config_ok'), 0)
  t.same(
    [...families.keys()].filter(name => !(name in declarations)),
    []
  )
  const promtool = whereIs('promtool')
  await t.test('promtool finds nothing', { skip: promtool === null && 'promtool is not installed' }, async t => {
    for (const page of [text, filled().render()]) {
      const { status, stdout, stderr } = spawnSync(promtool!, ['check', 'metrics'], { input: page, encoding: 'utf8' })
      t.equal(status, 0, stdout + stderr)
    }
  })
})
