/**
 * The lines that count what strangers did beyond the journal's limit (`src/audit/anonymous-log-limit.ts`). `exchange.repeated` counts
 * everything once, by network; `login.repeated` counts an account's part once more.
 */
import type { Entry } from '../audit/journal-files.ts'

/** `login_refused:12`, `not_allowed:3`, `200:7`, `would_challenge/notebooks:4` */
export interface Repeated {
  /** The kind of an event that is no request. */
  readonly kind: 'exchange' | 'login' | 'proof' | 'throttle' | 'other'
  /** A code or status. */
  readonly outcome: string
  /** The app, if its rules are only reported. */
  readonly app: string | null
  readonly count: number
}

const counted = /^(.{1,300}):(\d{1,12})$/s
const would = /^would_([a-z]+)\/(.+)$/s
const attempt = /^(login|proof|throttle)_(.+)$/s
const other = /^(?:enrol|password|invitation|sponsor|factor|recovery)[a-z.]*_(.+)$/s

export function repeatedIn(entry: Entry): Repeated[] {
  return String(entry.outcomes ?? '')
    .split(' ')
    .flatMap(word => {
      const [, text = '', number = ''] = counted.exec(word) ?? []
      return number === '' ? [] : [{ ...meaningOf(text), count: Number(number) }]
    })
}

function meaningOf(text: string): Omit<Repeated, 'count'> {
  const [, verdict, app] = would.exec(text) ?? []
  if (verdict !== undefined && app !== undefined) return { kind: 'exchange', outcome: `would_${verdict}`, app }
  const [, kind, outcome] = attempt.exec(text) ?? []
  if (kind !== undefined && outcome !== undefined)
    return { kind: kind as 'login' | 'proof' | 'throttle', outcome, app: null }
  const [, rest] = other.exec(text) ?? []
  return rest === undefined
    ? { kind: 'exchange', outcome: text, app: null }
    : { kind: 'other', outcome: rest, app: null }
}
