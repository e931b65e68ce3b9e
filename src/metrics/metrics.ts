/** The metrics of one process, and the sum of several. */
import {
  type CounterName,
  durationBuckets,
  type HistogramName,
  type LabelValues,
  type MetricName,
  type ReadName,
  storeBuckets
} from './declarations.ts'
import { type Histogram, type MetricsSnapshot, mergeSnapshots, separator, type Values, valuesOf } from './snapshot.ts'
import { printMetrics } from './text-format.ts'

/** One number for each combination of label values. */
type MetricValue<N extends MetricName = MetricName> = number | readonly (readonly [...LabelValues<N>, number])[]

interface AppMetrics {
  /** By status class: index 1 is 1xx. */
  readonly requests: number[]
  readonly duration: Histogram
  received: number
  sent: number
}

export class Metrics {
  readonly #counters = new Map<CounterName, Map<string, number>>()
  readonly #readers = new Map<ReadName, () => MetricValue>()
  readonly #histograms = new Map<HistogramName, Map<string, Histogram>>()
  readonly #apps = new Map<string, AppMetrics>()

  /** Label values must not come from clients, otherwise they could fill the memory. */
  count<N extends CounterName>(name: N, ...labels: LabelValues<N>): void {
    let values = this.#counters.get(name)
    if (values === undefined) {
      values = new Map()
      this.#counters.set(name, values)
    }
    const key = (labels as readonly string[]).join(separator)
    values.set(key, (values.get(key) ?? 0) + 1)
  }

  /** Reads the value at each snapshot. A second reader of the same name replaces the first. */
  read<N extends ReadName>(name: N, reader: () => MetricValue<N>): void {
    this.#readers.set(name, reader as () => MetricValue)
  }

  observe(name: 'factorgate_store_operation_seconds', label: string, seconds: number): void {
    let all = this.#histograms.get(name)
    if (all === undefined) {
      all = new Map()
      this.#histograms.set(name, all)
    }
    let histogram = all.get(label)
    if (histogram === undefined) {
      histogram = newHistogram(storeBuckets)
      all.set(label, histogram)
    }
    add(histogram, storeBuckets, seconds)
  }

  /** This is on the hot path. */
  exchange(app: string, status: number, seconds: number, bytesIn: number, bytesOut: number): void {
    let meter = this.#apps.get(app)
    if (meter === undefined) {
      meter = { requests: Array(10).fill(0), duration: newHistogram(durationBuckets), received: 0, sent: 0 }
      this.#apps.set(app, meter)
    }
    const kind = Math.floor(status / 100)
    meter.requests[kind] = (meter.requests[kind] ?? 0) + 1
    meter.received += bytesIn
    meter.sent += bytesOut
    add(meter.duration, durationBuckets, seconds)
  }

  snapshot(): MetricsSnapshot {
    const { values, histograms } = this.counters()
    const read = [...this.#readers].map(([name, reader]) => [name, valuesOf(reader())] as const)
    return { values: new Map<MetricName, Values>([...values, ...read]), histograms }
  }

  /** Without the values that are read, which costs more. */
  counters(): MetricsSnapshot {
    const values = new Map<MetricName, Values>(this.#counters)
    const histograms = new Map<HistogramName, ReadonlyMap<string, Histogram>>(this.#histograms)
    if (this.#apps.size === 0) return { values, histograms }
    const apps = [...this.#apps]
    values.set(
      'factorgate_requests_total',
      valuesOf(
        apps.flatMap(([app, { requests }]) =>
          requests.flatMap((count, kind) => (count === 0 ? [] : [[app, `${kind}xx`, count] as const]))
        )
      )
    )
    values.set('factorgate_received_bytes_total', valuesOf(apps.map(([app, { received }]) => [app, received])))
    values.set('factorgate_sent_bytes_total', valuesOf(apps.map(([app, { sent }]) => [app, sent])))
    histograms.set('factorgate_request_duration_seconds', new Map(apps.map(([app, { duration }]) => [app, duration])))
    return { values, histograms }
  }

  render(): string {
    return printMetrics(this.snapshot())
  }
}

/** The sum of several processes. */
export function render(all: readonly MetricsSnapshot[]): string {
  return printMetrics(mergeSnapshots(all))
}

function newHistogram(bounds: readonly number[]): Histogram {
  return { counts: Array(bounds.length + 1).fill(0), sum: 0 }
}

function add(histogram: Histogram, bounds: readonly number[], seconds: number): void {
  histogram.sum += seconds
  let at = 0
  while (at < bounds.length && seconds > (bounds[at] as number)) at++
  histogram.counts[at]!++
}
