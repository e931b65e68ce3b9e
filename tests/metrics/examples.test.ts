/** The dashboard and the alert rules in config/examples/ use every declared metric, and no other. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { type Declaration, declarations } from '../../src/metrics/declarations.ts'
import { root } from '../docs/documents.ts'
import { alerts, metricsPage } from '../docs/metrics-page.ts'
import { whereIs } from '../setup/machine.mjs'

interface Panel {
  readonly id: number
  readonly title: string
  readonly type: string
  readonly description?: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly expr: string }[]
}

const at = (file: string) => path.join(root, 'config/examples', file)
const { panels } = JSON.parse(readFileSync(at('grafana-dashboard.json'), 'utf8')) as { panels: readonly Panel[] }
const charts = panels.filter(({ type }) => type !== 'row')
const drawn = charts.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
const expressions = [...drawn, ...alerts().map(({ expr }) => expr)]
const seriesOf = (name: string, { type }: Declaration) =>
  type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]
const declared = new Map(
  Object.entries(declarations).flatMap(([name, declaration]) =>
    seriesOf(name, declaration).map(series => [series, { name, labels: declaration.labels as readonly string[] }])
  )
)
const namesIn = (expr: string) => expr.match(/\b(?:factorgate|process)_[a-z_]+/g) ?? []

t.test('every expression names only declared metrics and their labels', async t => {
  for (const expr of expressions) {
    for (const name of namesIn(expr)) t.ok(declared.has(name), `${name} in ${expr}`)
    const own = [
      'instance',
      'job',
      'le',
      'quantile',
      ...namesIn(expr).flatMap(name => declared.get(name)?.labels ?? [])
    ]
    const used = [
      ...[...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list]) => list!.split(/, */)),
      ...[...expr.matchAll(/[{,]\s*(\w+)\s*(?:=|!=|=~|!~)"/g)].map(([, label]) => label!)
    ]
    t.same(
      used.filter(label => !own.includes(label)),
      [],
      expr
    )
  }
})

t.test('every declared metric is drawn or watched', async t => {
  const used = new Set(expressions.flatMap(namesIn).map(series => declared.get(series)?.name))
  t.same(
    Object.keys(declarations).filter(name => !used.has(name)),
    []
  )
})

t.test('counters are looked at by their growth', async t => {
  for (const expr of expressions)
    for (const name of namesIn(expr).filter(name => /_(?:total|bucket)$/.test(name)))
      t.match(expr, new RegExp(`(?:rate|increase)\\(${name}`), expr)
})

t.test('panels have a title, a sentence, a number of their own and a place of their own', async t => {
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
  const cells = new Set<string>()
  for (const { title, description, type, gridPos } of panels) {
    t.not(title, '')
    if (type !== 'row') t.match(description, /^[A-Z0-9].*\.$/, title)
    t.ok(gridPos.x + gridPos.w <= 24, title)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        t.notOk(cells.has(`${x} ${y}`), title)
        cells.add(`${x} ${y}`)
      }
  }
})

t.test('each alert says what happens, what to do, and where that is explained', async t => {
  const page = readFileSync(path.join(root, 'docs/metrics.md'), 'utf8')
  t.equal(page, metricsPage(), 'npm run docs writes the page')
  t.ok(alerts().length > 10)
  for (const { alert, labels, annotations } of alerts()) {
    t.match(annotations.summary, /\.$/, alert)
    t.match(annotations.what_to_do, /\.$/, alert)
    t.match(labels.severity, /^(?:critical|warning)$/, alert)
    t.equal(annotations.docs, `docs/metrics.md#${alert.toLowerCase()}`)
    t.ok(page.includes(`### ${alert}\n`), alert)
  }
})

const promtool = whereIs('promtool')
t.test('promtool takes every expression', { skip: promtool === null && 'promtool is not installed' }, async t => {
  const rules = spawnSync(promtool!, ['check', 'rules', at('prometheus-alerts.yml')], { encoding: 'utf8' })
  t.equal(rules.status, 0, rules.stdout + rules.stderr)
  const records = drawn.map((expr, n) => ({
    record: `drawn:${n}`,
    expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*')
  }))
  const file = path.join(
    t.testdir({ 'drawn.yml': JSON.stringify({ groups: [{ name: 'drawn', rules: records }] }) }),
    'drawn.yml'
  )
  const { status, stdout, stderr } = spawnSync(promtool!, ['check', 'rules', file], { encoding: 'utf8' })
  t.equal(status, 0, stdout + stderr)
})
