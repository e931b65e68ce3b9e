/** `traceparent` and `tracestate` of W3C Trace Context: reading a trusted proxy's, and the ids of our own. */
import { randomFillSync } from 'node:crypto'

export interface ParentContext {
  /** 32 hex digits. */
  readonly traceId: string
  /** 16 hex digits. */
  readonly spanId: string
  readonly isSampled: boolean
  readonly tracestate: string | null
}

/** §3.2. Later versions may add fields. */
const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[\x21-\x7e]*)?$/
/** §3.3.1.5: at least 512 characters are passed on. */
const maxStateLength = 512

/** Null for a missing or invalid header: then a new trace begins, and `tracestate` counts for nothing (§3.4). */
export function readParent(traceparent: unknown, tracestate: unknown): ParentContext | null {
  if (typeof traceparent !== 'string') return null
  const [, version, traceId, spanId, flags, more] = form.exec(traceparent.trim()) ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return null
  if (version === 'ff' || (version === '00' && more !== undefined)) return null
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null
  const isSampled = (Number.parseInt(flags, 16) & 1) === 1
  return { traceId, spanId, isSampled, tracestate: stateOf(tracestate) }
}

function stateOf(text: unknown): string | null {
  if (typeof text !== 'string' || text.length > maxStateLength) return null
  const state = text.trim()
  return state !== '' && /^[\t\x20-\x7e]+$/.test(state) ? state : null
}

const pool = Buffer.alloc(4096)
let used = pool.length

export function newTraceId(): string {
  return randomHex(16)
}

export function newSpanId(): string {
  return randomHex(8)
}

/** Each call of the generator costs more than the digits, so bytes are drawn in advance. */
function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += bytes
  return pool.toString('hex', used - bytes, used)
}
