/**
 * Counters of what the gateway does, in Prometheus' text format (names `factorgate_…`, base units). Owns the arithmetic and the
 * format; refuses labels made of what strangers send, which would fill memory.
 */

const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const

interface Family {
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly values: Map<string, number>
}

interface Histogram {
  readonly counts: number[]
  sum: number
  count: number
}

export class Meters {
  readonly #families = new Map<string, Family>()
  readonly #gauges = new Map<string, { help: string; read: () => number }>()
  readonly #latency = new Map<string, Histogram>()

  /** Adds `by` to a counter. `labels` is ready text such as `app="notebooks"`: configured words only. */
  count(name: string, help: string, labels = '', by = 1): void {
    let family = this.#families.get(name)
    if (family === undefined) {
      family = { help, type: 'counter', values: new Map() }
      this.#families.set(name, family)
    }
    family.values.set(labels, (family.values.get(labels) ?? 0) + by)
  }

  /** A value read at the time of asking. */
  gauge(name: string, help: string, read: () => number): void {
    this.#gauges.set(name, { help, read })
  }

  /** One forwarded exchange of `app` took `seconds`, and moved so many bytes. */
  exchange(app: string, status: number, seconds: number, bytesIn: number, bytesOut: number): void {
    const label = `app="${app}"`
    this.count(
      'factorgate_requests_total',
      'Requests forwarded, by app and class of status.',
      `${label},status="${Math.floor(status / 100)}xx"`
    )
    this.count('factorgate_received_bytes_total', 'Body bytes from people to apps.', label, bytesIn)
    this.count('factorgate_sent_bytes_total', 'Body bytes from apps to people.', label, bytesOut)
    let histogram = this.#latency.get(label)
    if (histogram === undefined) {
      histogram = { counts: buckets.map(() => 0), sum: 0, count: 0 }
      this.#latency.set(label, histogram)
    }
    histogram.sum += seconds
    histogram.count++
    const at = buckets.findIndex(bound => seconds <= bound)
    if (at >= 0) histogram.counts[at] = (histogram.counts[at] ?? 0) + 1
  }

  /** The whole, as a scrape reads it. */
  render(): string {
    const lines: string[] = []
    for (const [name, { help, type, values }] of this.#families) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`)
      for (const [labels, value] of values)
        lines.push(labels === '' ? `${name} ${value}` : `${name}{${labels}} ${value}`)
    }
    for (const [name, { help, read }] of this.#gauges)
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, `${name} ${read()}`)
    if (this.#latency.size > 0) lines.push(...this.#renderLatency())
    return `${lines.join('\n')}\n`
  }

  #renderLatency(): string[] {
    const name = 'factorgate_request_duration_seconds'
    const lines = [`# HELP ${name} From the request line to the last byte of the answer.`, `# TYPE ${name} histogram`]
    for (const [label, { counts, sum, count }] of this.#latency) {
      let running = 0
      buckets.forEach((bound, i) => {
        running += counts[i] ?? 0
        lines.push(`${name}_bucket{${label},le="${bound}"} ${running}`)
      })
      lines.push(
        `${name}_bucket{${label},le="+Inf"} ${count}`,
        `${name}_sum{${label}} ${sum}`,
        `${name}_count{${label}} ${count}`
      )
    }
    return lines
  }
}
