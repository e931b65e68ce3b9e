/** Syslog messages (RFC 5424), and their frames on a stream (RFC 5425 §4.3: octet counting). */
import type { Outgoing } from './export-line.ts'

export interface SyslogSender {
  readonly host: string
  readonly processId: number
}

/** Facility 10: security and authorization messages. */
const facility = 10
/** RFC 5424 §6.2.1. */
const severities = { warning: 4, notice: 5, informational: 6 } as const
const refusals = new Set(['refused', 'throttled', 'too_many_failures', 'counter_went_back', 'denied'])
/** RFC 5424 §7.3.1: the largest `sequenceId`, after which 1 follows. */
const maxSequence = 2_147_483_647
/** RFC 5426 §3.2 recommends 2,048 octets and allows what a datagram holds. */
const maxDatagram = 65_000

/** `<PRI>1 TIME HOST APP PROCID MSGID [meta sequenceId="…"] JSON`. The JSON is ASCII, so no byte order mark is needed. */
export function syslogMessage({ line, text }: Outgoing, { host, processId }: SyslogSender): string {
  const { entry, seq } = line
  const data = seq === 0 ? '-' : `[meta sequenceId="${((seq - 1) % maxSequence) + 1}"]`
  const header = [timestamp(entry.at), name(host, 255), 'factorgate', processId, name(entry.kind, 32)]
  return `<${facility * 8 + severities[severityOf(line)]}>1 ${header.join(' ')} ${data} ${text}`
}

export function octetCounted(message: string): string {
  return `${Buffer.byteLength(message)} ${message}`
}

/** A longer message is cut to a datagram. */
export function datagramOf(message: string): Buffer {
  return Buffer.from(message).subarray(0, maxDatagram)
}

export function severityOf({ entry }: Outgoing['line']): keyof typeof severities {
  if (entry.kind === 'throttle' || refusals.has(String(entry.outcome)) || entry.decision === 'refuse') return 'warning'
  return entry.kind === 'exchange' || entry.kind.startsWith('socket.') ? 'informational' : 'notice'
}

/** RFC 5424 §6.2.3 takes at most six digits of a second. */
function timestamp(at: string): string {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/.test(at) ? at : '-'
}

/** A name in printable ASCII without spaces. */
function name(text: string, length: number): string {
  return text.replaceAll(/[^!-~]/g, '').slice(0, length) || '-'
}
