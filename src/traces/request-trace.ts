/** The trace of one request: its own span, one for each request to an upstream, and the upstream's headers. */
import { type Attributes, encodeSpan, kinds, type SpanSink } from './span.ts'
import { newSpanId, type ParentContext } from './trace-context.ts'

export interface RequestEnd {
  /** Null if no response was written. */
  readonly status: number | null
  readonly forwarded?: { readonly bytesIn: number; readonly bytesOut: number; readonly cut: string | null }
}

export interface Description {
  readonly name: string
  readonly attributes: Attributes
  readonly isError: boolean
}

/** Called once, at the end of a sampled request. */
export type Describe = (end: RequestEnd) => Description

interface TraceStart {
  readonly traceId: string
  readonly isSampled: boolean
  readonly parent: ParentContext | null
  readonly describe: Describe
}

export class RequestTrace {
  readonly traceId: string
  readonly isSampled: boolean
  /** From a trusted proxy, passed on as it came. */
  readonly tracestate: string | null
  readonly #sink: SpanSink
  readonly #parentId: string | null
  readonly #spanId = newSpanId()
  readonly #describe: Describe
  /** Milliseconds since the epoch; `#startedMono` is on a clock that is never put back. */
  readonly #startedAt: number
  readonly #startedMono: number
  #upstream: UpstreamSpan | null = null
  #asked = 0
  #isForwarded = false
  #isOver = false

  constructor(
    { sink, clock }: { readonly sink: SpanSink; readonly clock: () => number },
    { traceId, isSampled, parent, describe }: TraceStart
  ) {
    this.#sink = sink
    this.traceId = traceId
    this.isSampled = isSampled
    this.tracestate = parent?.tracestate ?? null
    this.#parentId = parent?.spanId ?? null
    this.#describe = describe
    this.#startedAt = clock()
    this.#startedMono = performance.now()
  }

  /** The upstream is the one that `ask` has named last. */
  get traceparent(): string {
    return `00-${this.traceId}-${this.#upstream?.spanId ?? this.#spanId}-${this.isSampled ? '01' : '00'}`
  }

  /** An earlier request to an upstream must have ended with `failed`. */
  ask(method: string, { origin, socketPath }: { readonly origin: string; readonly socketPath: string | null }): void {
    this.#isForwarded = true
    if (this.isSampled) this.#upstream = new UpstreamSpan(method, origin, socketPath, this.#asked++)
  }

  failed(why: string): void {
    this.#isForwarded = false
    this.#endUpstream(null, why)
  }

  forwarded(status: number | null, bytesIn: number, bytesOut: number, cut: string | null): void {
    this.#endUpstream(status, cut === 'app broke off' ? 'connection_closed' : null)
    this.#end({ status, forwarded: { bytesIn, bytesOut, cut } })
  }

  /** Has no effect while the request is forwarded, which ends it. */
  answered(status: number | null): void {
    if (!this.#isForwarded) this.#end({ status })
  }

  /** The returned function ends the span. */
  time(name: string): () => void {
    if (!this.isSampled) return nothing
    const start = performance.now()
    return () =>
      this.#record(newSpanId(), this.#spanId, kinds.internal, start, { name, attributes: [], isError: false })
  }

  #endUpstream(status: number | null, error: string | null): void {
    const span = this.#upstream
    if (span === null) return
    this.#upstream = null
    this.#record(span.spanId, this.#spanId, kinds.client, span.start, span.describe(status, error))
  }

  #end(end: RequestEnd): void {
    if (this.#isOver) return
    this.#isOver = true
    if (this.isSampled) this.#record(this.#spanId, this.#parentId, kinds.server, this.#startedMono, this.#describe(end))
  }

  #record(
    spanId: string,
    parentId: string | null,
    kind: (typeof kinds)[keyof typeof kinds],
    startMono: number,
    { name, attributes, isError }: Description
  ): void {
    if (!this.#sink.isOpen) return
    const start = this.#startedAt + (startMono - this.#startedMono)
    const end = this.#startedAt + (performance.now() - this.#startedMono)
    const hasRemoteParent = kind === kinds.server && parentId !== null
    const { traceId } = this
    this.#sink.take(
      encodeSpan({ traceId, spanId, parentId, hasRemoteParent, kind, name, start, end, attributes, isError })
    )
  }
}

class UpstreamSpan {
  readonly spanId = newSpanId()
  readonly start = performance.now()
  readonly #method: string
  readonly #origin: string
  readonly #socketPath: string | null
  readonly #resend: number

  constructor(method: string, origin: string, socketPath: string | null, resend: number) {
    this.#method = method
    this.#origin = origin
    this.#socketPath = socketPath
    this.#resend = resend
  }

  /** Without `url.full`, which would hold path and query. */
  describe(status: number | null, error: string | null): Description {
    const isError = error !== null || (status !== null && status >= 400)
    const { name, attributes } = methodOf(this.#method)
    const list = [...attributes, ...peerOf(this.#origin, this.#socketPath)]
    if (this.#resend > 0) list.push('http.request.resend_count', this.#resend)
    if (status !== null) list.push('http.response.status_code', status)
    if (isError) list.push('error.type', error ?? String(status))
    return { name, isError, attributes: list }
  }
}

/** By origin and path of the socket: one for each configured upstream. */
const peers = new Map<string, Attributes>()

function peerOf(origin: string, socketPath: string | null): Attributes {
  const key = `${origin} ${socketPath}`
  let attributes = peers.get(key)
  if (attributes === undefined) {
    const { protocol, hostname, port } = new URL(origin)
    const scheme = protocol.slice(0, -1)
    attributes =
      socketPath === null
        ? [
            ...['url.scheme', scheme, 'server.address', hostname.replace(/[[\]]/g, '')],
            ...['server.port', Number(port || (scheme === 'https' ? 443 : 80))]
          ]
        : ['url.scheme', scheme, 'server.address', socketPath, 'network.transport', 'unix']
    peers.set(key, attributes)
  }
  return attributes
}

interface Method {
  readonly name: string
  readonly attributes: Attributes
}

const knownMethods: ReadonlyMap<string, Method> = new Map(
  'CONNECT DELETE GET HEAD OPTIONS PATCH POST PUT QUERY TRACE'
    .split(' ')
    .map(name => [name, { name, attributes: ['http.request.method', name] }])
)

/** The conventions know few methods; another is `_OTHER`, and `HTTP` in a name. */
export function methodOf(method: string): Method {
  const known = knownMethods.get(method)
  if (known !== undefined) return known
  return { name: 'HTTP', attributes: ['http.request.method', '_OTHER', 'http.request.method_original', method] }
}

function nothing(): void {}
