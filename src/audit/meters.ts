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

/** What is counted of one app: numbers in place, since it happens with every request. */
class AppMeter {
  /** By class of status: 1xx is at 1. */
  readonly requests = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
  received = 0
  sent = 0
  readonly counts: number[] = buckets.map(() => 0)
  seconds = 0
  count = 0
}

export class Meters {
  readonly #families = new Map<string, Family>()
  readonly #gauges = new Map<string, { help: string; read: () => number }>()
  readonly #apps = new Map<string, AppMeter>()

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
    let meter = this.#apps.get(app)
    if (meter === undefined) {
      meter = new AppMeter()
      this.#apps.set(app, meter)
    }
    const kind = Math.floor(status / 100)
    meter.requests[kind] = (meter.requests[kind] ?? 0) + 1
    meter.received += bytesIn
    meter.sent += bytesOut
    meter.seconds += seconds
    meter.count++
    for (let i = 0; i < buckets.length; i++)
      if (seconds <= (buckets[i] as number)) {
        meter.counts[i]!++
        break
      }
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
    if (this.#apps.size > 0) lines.push(...this.#renderApps())
    return `${lines.join('\n')}\n`
  }

  #renderApps(): string[] {
    const family = (name: string, help: string, type: string, of: (meter: AppMeter, label: string) => string[]) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${type}`,
      ...[...this.#apps].flatMap(([app, meter]) => of(meter, `app="${app}"`))
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
        const below = buckets.map((bound, i) => {
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
}
