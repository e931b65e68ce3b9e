/** Counters and gauges in Prometheus' text format. */

/** The upper bounds of durations, in seconds. */
export const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const

interface Family {
  readonly help: string
  readonly values: Map<string, number>
}

/** How the gauges of several processes become one: their sum, or the smallest. */
type Merge = 'sum' | 'least'

interface Gauge {
  readonly help: string
  readonly merge: Merge
  /** By labels; '' for none. */
  readonly values: ReadonlyMap<string, number>
}

type ReadGauge = () => readonly (readonly [labels: string, value: number])[]

interface AppMetrics {
  /** By status class: index 1 is 1xx. */
  readonly requests: number[]
  readonly counts: number[]
  received: number
  sent: number
  seconds: number
  count: number
}

const newAppMetrics = (): AppMetrics => ({
  requests: Array(10).fill(0),
  counts: durationBuckets.map(() => 0),
  received: 0,
  sent: 0,
  seconds: 0,
  count: 0
})

/** All metrics of one process, in a form that can be sent to another process. */
export interface MetricsSnapshot {
  readonly families: ReadonlyMap<string, Family>
  readonly gauges: ReadonlyMap<string, Gauge>
  readonly apps: ReadonlyMap<string, AppMetrics>
}

export class Metrics {
  readonly #families = new Map<string, Family>()
  readonly #gauges = new Map<string, { help: string; merge: Merge; read: ReadGauge }>()
  readonly #apps = new Map<string, AppMetrics>()

  /**
   * Adds `by` to a counter. `labels` is text such as `app="notebooks"`. It must not contain what clients send, otherwise
   * they could fill the memory.
   */
  count(name: string, help: string, labels = '', by = 1): void {
    let family = this.#families.get(name)
    if (family === undefined) {
      family = { help, values: new Map() }
      this.#families.set(name, family)
    }
    family.values.set(labels, (family.values.get(labels) ?? 0) + by)
  }

  /** Registers a gauge, read at each snapshot. */
  gauge(name: string, help: string, read: () => number, merge: Merge = 'sum'): void {
    this.#gauges.set(name, { help, merge, read: () => [['', read()]] })
  }

  /** Values by labels, read at the time of asking. Of several processes the least counts. */
  gauges(name: string, help: string, read: ReadGauge): void {
    this.#gauges.set(name, { help, merge: 'least', read })
  }

  exchange(app: string, status: number, seconds: number, bytesIn: number, bytesOut: number): void {
    let meter = this.#apps.get(app)
    if (meter === undefined) {
      meter = newAppMetrics()
      this.#apps.set(app, meter)
    }
    const kind = Math.floor(status / 100)
    meter.requests[kind] = (meter.requests[kind] ?? 0) + 1
    meter.received += bytesIn
    meter.sent += bytesOut
    meter.seconds += seconds
    meter.count++
    for (let i = 0; i < durationBuckets.length; i++)
      if (seconds <= (durationBuckets[i] as number)) {
        meter.counts[i]!++
        break
      }
  }

  /** Without gauges, whose reading costs more. */
  counters(): Pick<MetricsSnapshot, 'families' | 'apps'> {
    return { families: this.#families, apps: this.#apps }
  }

  snapshot(): MetricsSnapshot {
    const gauges = [...this.#gauges].map(
      ([name, { help, merge, read }]) => [name, { help, merge, values: new Map(read()) }] as const
    )
    return { families: this.#families, gauges: new Map(gauges), apps: this.#apps }
  }

  render(): string {
    return render([this.snapshot()])
  }
}

/** For the sum of several processes. */
export function render(all: readonly MetricsSnapshot[]): string {
  const { families, gauges, apps } = mergeSnapshots(all)
  const lines: string[] = []
  for (const [name, { help, values }] of families) {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} counter`)
    lines.push(...samples(name, values))
  }
  for (const [name, { help, values }] of gauges)
    if (values.size > 0) lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...samples(name, values))
  if (apps.size > 0) lines.push(...renderApps(apps))
  return `${lines.join('\n')}\n`
}

export function mergeSnapshots(all: readonly MetricsSnapshot[]): MetricsSnapshot {
  const families = new Map<string, Family>()
  const gauges = new Map<string, Gauge>()
  const apps = new Map<string, AppMetrics>()
  for (const snapshot of all) {
    for (const [name, { help, values }] of snapshot.families) {
      const sums = families.get(name)?.values ?? new Map<string, number>()
      for (const [labels, value] of values) sums.set(labels, (sums.get(labels) ?? 0) + value)
      families.set(name, { help, values: sums })
    }
    for (const [name, gauge] of snapshot.gauges) {
      const values = new Map(gauges.get(name)?.values)
      for (const [labels, value] of gauge.values) {
        const before = values.get(labels)
        if (before === undefined) values.set(labels, value)
        else values.set(labels, gauge.merge === 'sum' ? before + value : Math.min(before, value))
      }
      gauges.set(name, { ...gauge, values })
    }
    for (const [app, meter] of snapshot.apps) {
      const sum = apps.get(app) ?? newAppMetrics()
      apps.set(app, sum)
      for (const list of ['requests', 'counts'] as const)
        meter[list].forEach((value, i) => {
          sum[list][i]! += value
        })
      for (const number of ['received', 'sent', 'seconds', 'count'] as const) sum[number] += meter[number]
    }
  }
  return { families, gauges, apps }
}

/** Labels as Prometheus' text format has them. */
export function labels(values: Readonly<Record<string, string>>): string {
  const escaped = (text: string) => text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')
  return Object.entries(values)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join()
}

function samples(name: string, values: ReadonlyMap<string, number>): string[] {
  return [...values].map(([labels, value]) => (labels === '' ? `${name} ${value}` : `${name}{${labels}} ${value}`))
}

function renderApps(apps: MetricsSnapshot['apps']): string[] {
  const family = (name: string, help: string, type: string, of: (meter: AppMetrics, label: string) => string[]) => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...[...apps].flatMap(([app, meter]) => of(meter, `app="${app}"`))
  ]
  const requests = 'factorgate_requests_total'
  const received = 'factorgate_received_bytes_total'
  const sent = 'factorgate_sent_bytes_total'
  const duration = 'factorgate_request_duration_seconds'
  return [
    ...family(requests, 'Requests forwarded, by app and class of status.', 'counter', (meter, label) =>
      meter.requests.flatMap((count, kind) =>
        count === 0 ? [] : [`${requests}{${label},status="${kind}xx"} ${count}`]
      )
    ),
    ...family(received, 'Body bytes from people to apps.', 'counter', (meter, label) => [
      `${received}{${label}} ${meter.received}`
    ]),
    ...family(sent, 'Body bytes from apps to people.', 'counter', (meter, label) => [
      `${sent}{${label}} ${meter.sent}`
    ]),
    ...family(duration, 'From the request line to the last byte of the answer.', 'histogram', (meter, label) => {
      let running = 0
      const below = durationBuckets.map((bound, i) => {
        running += meter.counts[i]!
        return `${duration}_bucket{${label},le="${bound}"} ${running}`
      })
      return [
        ...below,
        `${duration}_bucket{${label},le="+Inf"} ${meter.count}`,
        `${duration}_sum{${label}} ${meter.seconds}`,
        `${duration}_count{${label}} ${meter.count}`
      ]
    })
  ]
}
