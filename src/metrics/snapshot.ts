/** The values of all metrics at one moment, which can be sent to another process and merged. */
import {
  type Declaration,
  declarations,
  durationBuckets,
  type HistogramName,
  type MetricName,
  storeBuckets
} from './declarations.ts'

/** Values by their label values, joined with a line feed; '' for none. */
export type Values = ReadonlyMap<string, number>

export interface Histogram {
  /** The number in each bucket alone. The last has no upper bound. */
  readonly counts: number[]
  sum: number
}

export interface MetricsSnapshot {
  readonly values: ReadonlyMap<MetricName, Values>
  readonly histograms: ReadonlyMap<HistogramName, ReadonlyMap<string, Histogram>>
}

export const emptySnapshot: MetricsSnapshot = { values: new Map(), histograms: new Map() }

export const separator = '\n'
const declarationOf = (name: MetricName): Declaration => declarations[name]

export function boundsOf(name: HistogramName): readonly number[] {
  return name === 'factorgate_store_operation_seconds' ? storeBuckets : durationBuckets
}

export function mergeSnapshots(all: readonly MetricsSnapshot[]): MetricsSnapshot {
  const values = new Map<MetricName, Map<string, number>>()
  const histograms = new Map<HistogramName, Map<string, Histogram>>()
  for (const snapshot of all) {
    for (const [name, found] of snapshot.values) {
      const merge = mergers[declarationOf(name).merge ?? 'sum']
      const merged = values.get(name) ?? new Map<string, number>()
      values.set(name, merged)
      for (const [key, value] of found) {
        const before = merged.get(key)
        merged.set(key, before === undefined ? value : merge(before, value))
      }
    }
    for (const [name, found] of snapshot.histograms) {
      const merged = histograms.get(name) ?? new Map<string, Histogram>()
      histograms.set(name, merged)
      for (const [key, { counts, sum }] of found) {
        const before = merged.get(key)
        const total = before === undefined ? counts : counts.map((count, at) => count + (before.counts[at] ?? 0))
        merged.set(key, { counts: [...total], sum: sum + (before?.sum ?? 0) })
      }
    }
  }
  return { values, histograms }
}

/** Of an ended process the counters remain, because a counter must never decrease. */
export function countersOf({ values, histograms }: MetricsSnapshot): MetricsSnapshot {
  return { values: new Map([...values].filter(([name]) => declarationOf(name).type === 'counter')), histograms }
}

export function valuesOf(reading: number | readonly (readonly [...string[], number])[]): Values {
  if (typeof reading === 'number') return new Map([['', reading]])
  return new Map(reading.map(row => [row.slice(0, -1).join(separator), row.at(-1) as number]))
}

const mergers = { sum: (a: number, b: number) => a + b, least: Math.min, most: Math.max } as const
