/** Begins traces: it continues a trusted proxy's, and decides once which new ones are kept. */
import { type Describe, RequestTrace } from './request-trace.ts'
import type { SpanSink } from './span.ts'
import { newTraceId, readParent } from './trace-context.ts'

interface TracerOptions {
  /** The share of new traces that are kept, from 0 to 1. */
  readonly sample: number
  readonly sink: SpanSink
  /** Milliseconds since the epoch. */
  readonly clock: () => number
}

export class Tracer {
  readonly #options: TracerOptions
  readonly #limit: number

  constructor(options: TracerOptions) {
    this.#options = options
    this.#limit = options.sample * 2 ** 52
  }

  /** Only a trusted proxy's headers count. */
  begin(headers: Readonly<Record<string, unknown>>, isTrusted: boolean, describe: Describe): RequestTrace {
    const parent = isTrusted ? readParent(headers.traceparent, headers.tracestate) : null
    const traceId = parent?.traceId ?? newTraceId()
    const isSampled = parent?.isSampled ?? this.#keeps(traceId)
    return new RequestTrace(this.#options, { traceId, isSampled, parent, describe })
  }

  /** By the random digits of the id, so that several gates decide alike. */
  #keeps(traceId: string): boolean {
    return Number.parseInt(traceId.slice(-13), 16) < this.#limit
  }
}
