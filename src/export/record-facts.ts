/** What the formats ask about a line: its person, its result, its words. */
import { isIP } from 'node:net'
import type { Entry } from '../audit/journal-files.ts'

export const vendor = 'Factorgate'

const failures = new Set([
  'refused',
  'throttled',
  'busy',
  'unreachable',
  'expired',
  'unfit',
  'denied',
  'too_many_failures',
  'counter_went_back',
  'failed'
])
const successes = /^(gate|session|logout|key|token|store\.(export|import|accept)|notice\.sent|journal)/

type Result = 'success' | 'failure' | 'unknown'

/** A request's result is whether the gate let it through. */
export function resultOf(entry: Entry): Result {
  const outcome = text(entry.outcome)
  if (entry.kind === 'throttle' || entry.kind === 'store.refused' || entry.kind === 'notice.failed') return 'failure'
  if (outcome !== null && failures.has(outcome)) return 'failure'
  if (entry.kind === 'exchange') {
    const isForwarded = entry.decision === 'forward' || (entry.decision === undefined && outcome === null)
    return isForwarded ? 'success' : 'failure'
  }
  return outcome !== null || successes.test(entry.kind) ? 'success' : 'unknown'
}

interface RecordedPerson {
  readonly uid: string | null
  readonly name: string | null
}

/** Sponsors act for `person`, operators for `name`. */
export function personOf(entry: Entry): RecordedPerson {
  const person = text(entry.person)
  return person !== null ? { uid: null, name: person } : { uid: text(entry.account), name: text(entry.name) }
}

/** The operator or sponsor; null if people act for themselves. */
export function actorOf(entry: Entry): string | null {
  const operator = text(entry.operator)
  if (operator !== null) return operator
  return entry.kind === 'sponsor.ask' ? null : text(entry.sponsor)
}

/** Null for pseudonyms. */
export function addressOf(entry: Entry): string | null {
  const address = text(entry.address)
  return address !== null && isIP(address) !== 0 ? address : null
}

export function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

export function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? Math.round(value) : null
}

/** `login refused, password, wheeler` */
export function sentenceOf(entry: Entry): string {
  const what = [entry.kind, text(entry.outcome) ?? text(entry.decision)].filter(word => word !== null).join(' ')
  const { name } = personOf(entry)
  const request = [text(entry.method), text(entry.path)].filter(word => word !== null).join(' ')
  return [what, text(entry.factor), name, text(entry.app), request].filter(Boolean).join(', ')
}

/** The fields that `used` does not name. */
export function otherFields(entry: Entry, used: ReadonlySet<string>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(entry).filter(([field]) => !used.has(field)))
}

/** ASCII is one line for every reader, and syslog needs no byte order mark. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[\u007f-\uffff]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  )
}
