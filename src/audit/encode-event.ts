/**
 * One event as one line: the only place that knows how the journal is spelled (chaining will add `seq` and `prev` here). Owns
 * escaping; refuses to let a value start a second line, or play tricks on a terminal (ASVS 5.0 16.4.1).
 */
import type { AuditEvent } from './event.ts'

/** What is not printable ASCII, and quote and backslash. Nearly no value has any of it, and those are copied as they are. */
const special = /[^ !#-[\]-~]/
/** What JSON leaves as it is and some reader takes for a line end or a command: C1, DEL, bidirectional and other format characters. */
const tricky = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu
/** `,"field":` of the fields seen so far. They are written in the code, so there are few; strange ones are not kept. */
const labels: Record<string, string> = Object.create(null)

let second = Number.NaN
let secondText = ''

/** The event as JSON and a line feed: `at` (RFC 3339, UTC, milliseconds), `kind`, then its fields in the order given. */
export function lineOf(event: AuditEvent): string {
  let line = `{"at":"${instant(event.at)}","kind":${quoted(event.kind)}`
  for (const field in event) {
    if (field === 'at' || field === 'kind') continue
    const value = event[field]
    if (value === undefined) continue
    line += (labels[field] ?? label(field)) + (typeof value === 'string' ? quoted(value) : literal(value))
  }
  return `${line}}\n`
}

function label(field: string): string {
  const text = `,${quoted(field)}:`
  if (/^[a-z]\w{0,30}$/i.test(field)) labels[field] = text
  return text
}

function literal(value: unknown): string {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'null'
  if (typeof value === 'boolean' || value === null) return String(value)
  return quoted(String(value)) // no event has such a field; whatever it is, it stays one value
}

function quoted(text: string): string {
  if (!special.test(text)) return `"${text}"`
  return withoutTricks(JSON.stringify(text))
}

/** JSON that says the same, with every character escaped that is a command to a terminal or is not seen (C1, DEL, bidirectional, line separators). */
export function withoutTricks(json: string): string {
  return json.replace(tricky, character => {
    let escapes = ''
    for (let at = 0; at < character.length; at++)
      escapes += `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`
    return escapes
  })
}

/** RFC 3339 §5.6. A second's text is kept: a busy gate writes thousands of lines in it. */
function instant(at: number): string {
  const milliseconds = Math.floor(at)
  const now = Math.floor(milliseconds / 1000)
  if (now !== second) {
    const date = new Date(now * 1000)
    if (Number.isNaN(date.getTime())) return '1970-01-01T00:00:00.000Z' // a broken clock must not lose the event
    secondText = date.toISOString().slice(0, -4)
    second = now
  }
  return `${secondText}${String(milliseconds - now * 1000).padStart(3, '0')}Z`
}
