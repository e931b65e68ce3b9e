/** One span as JSON of OTLP (opentelemetry-proto 1.x, `Span`), encoded when it ends, so that nothing holds a request for longer. */

export const kinds = { internal: 1, server: 2, client: 3 } as const

/** Never blocks and never throws. */
export interface SpanSink {
  readonly isOpen: boolean
  take(span: string): void
}

/** Alternating keys and values cost a fifth of an object. Undefined values are left out. */
export type Attributes = readonly (string | number | undefined)[]

interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string | null
  readonly hasRemoteParent: boolean
  readonly kind: (typeof kinds)[keyof typeof kinds]
  readonly name: string
  /** Milliseconds since the epoch, with fractions. */
  readonly start: number
  readonly end: number
  readonly attributes: Attributes
  readonly isError: boolean
}

/** `flags` of OTLP. */
const sampled = 0x001
const knowsRemote = 0x100
const isRemote = 0x200

/** Numbers must be whole. */
export function encodeSpan(span: Span): string {
  const { traceId, spanId, parentId, kind, name, attributes } = span
  let list = ''
  for (let i = 0; i < attributes.length; i += 2) {
    const value = attributes[i + 1]
    if (value === undefined) continue
    const text = typeof value === 'number' ? `{"intValue":"${value}"}` : `{"stringValue":${JSON.stringify(value)}}`
    list += `${list === '' ? '' : ','}{"key":"${attributes[i]}","value":${text}}`
  }
  const flags = sampled | knowsRemote | (span.hasRemoteParent ? isRemote : 0)
  const parent = parentId === null ? '' : `,"parentSpanId":"${parentId}"`
  const times = `"startTimeUnixNano":"${nanoseconds(span.start)}","endTimeUnixNano":"${nanoseconds(span.end)}"`
  const status = span.isError ? ',"status":{"code":2}' : ''
  return `{"traceId":"${traceId}","spanId":"${spanId}"${parent},"flags":${flags},"name":${JSON.stringify(name)},"kind":${kind},${times},"attributes":[${list}]${status}}`
}

/** As decimal digits, because a number has too few. */
function nanoseconds(ms: number): string {
  const whole = Math.floor(ms)
  return `${whole}${String(Math.floor((ms - whole) * 1e6)).padStart(6, '0')}`
}
