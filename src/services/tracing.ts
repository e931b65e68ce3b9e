/** Makes the tracer of a configuration, and the exporter of its spans. */
import type { Logger } from 'pino'
import type { Config } from '../../config/schema.ts'
import type { Clock } from '../clock.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { release } from '../metrics/release.ts'
import { OtlpCollector } from '../traces/otlp-collector.ts'
import { requestHead } from '../traces/resource.ts'
import { SpanExporter } from '../traces/span-exporter.ts'
import { Tracer } from '../traces/tracer.ts'

type TracesConfig = NonNullable<Config['traces']>

/** The exporter outlives a reload, because spans of WebSockets end later. */
export class Tracing {
  readonly #clock: Clock
  readonly #exporter: SpanExporter
  #target = ''

  constructor({ log, metrics, clock }: { log: Logger; metrics: Metrics; clock: Clock }) {
    this.#clock = clock
    const counts = { sent: 0, dropped: 0 }
    this.#exporter = new SpanExporter({
      observer: {
        onSent: spans => {
          counts.sent += spans
        },
        onDropped: spans => {
          counts.dropped += spans
        },
        onFailure: () => metrics.count('factorgate_trace_failures_total'),
        onProblem: problem =>
          problem === null
            ? log.info('traces are sent again')
            : log.warn(
                { problem },
                'traces cannot be sent; the gate tries again, and drops what does not fit its queue'
              )
      }
    })
    metrics.read('factorgate_trace_spans_total', () => Object.entries(counts))
  }

  tracer({ sample }: Pick<TracesConfig, 'sample'>): Tracer {
    return new Tracer({ sample, sink: this.#exporter, clock: this.#clock })
  }

  /** Null switches the traces off. */
  use(traces: TracesConfig | null): void {
    const { endpoint, headersFile, ca, name } = traces ?? {}
    const target = JSON.stringify([endpoint?.url, headersFile, ca, name])
    if (target === this.#target) return
    this.#target = target
    if (traces === null) return this.#exporter.configure(null)
    const collector = new OtlpCollector({ ...traces, endpoint: traces.endpoint.url })
    this.#exporter.configure(collector, requestHead(traces.name, release()))
  }

  /** Sends the waiting spans, for at most `withinMs` milliseconds. */
  close(withinMs: number): Promise<void> {
    return this.#exporter.close(withinMs)
  }
}
