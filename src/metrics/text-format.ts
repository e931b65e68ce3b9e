/** Prometheus' text format, version 0.0.4. */
import { type Declaration, declarations, type MetricName } from './declarations.ts'
import { boundsOf, type Histogram, type MetricsSnapshot, separator } from './snapshot.ts'

/** Metrics without values are left out. */
export function printMetrics({ values, histograms }: MetricsSnapshot): string {
  const lines: string[] = []
  for (const [name, { type, help, labels }] of Object.entries(declarations) as [MetricName, Declaration][]) {
    const samples =
      type === 'histogram'
        ? [...(histograms.get(name as never) ?? [])].flatMap(([key, found]) => histogramLines(name, labels, key, found))
        : [...(values.get(name) ?? [])].map(([key, value]) => `${name}${labelText(labels, key)} ${number(value)}`)
    if (samples.length > 0) lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples)
  }
  return `${lines.join('\n')}\n`
}

function histogramLines(name: MetricName, labels: readonly string[], key: string, found: Histogram): string[] {
  const bounds = boundsOf(name as never)
  let running = 0
  const below = found.counts.map((count, at) => {
    running += count
    return `${name}_bucket${labelText(labels, key, `le="${bounds[at] ?? '+Inf'}"`)} ${running}`
  })
  const own = labelText(labels, key)
  return [...below, `${name}_sum${own} ${number(found.sum)}`, `${name}_count${own} ${running}`]
}

function labelText(names: readonly string[], key: string, more?: string): string {
  const texts = key.split(separator)
  const pairs = names.map((name, at) => `${name}="${escaped(texts[at] ?? '')}"`)
  if (more !== undefined) pairs.push(more)
  return pairs.length === 0 ? '' : `{${pairs.join()}}`
}

function escaped(text: string): string {
  return text.replace(/[\\"]/g, '\\$&')
}

/** The format has its own words for infinity and NaN. */
function number(value: number): string {
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}
