/** Which list of events a journal line belongs to, and its row. */
import type { Entry } from '../audit/journal-files.ts'
import type { Cell } from './csv.ts'
import { resultOf } from './request-result.ts'

export const eventLists = ['sign-ins', 'refusals', 'suspensions', 'warnings', 'changes'] as const
export type EventList = (typeof eventLists)[number]

/** They change nothing: requests, sign-ins, and what the journal says of itself. */
const passing = new Set([
  'exchange',
  'socket.open',
  'socket.close',
  'login.repeated',
  'logout',
  'session.start',
  'session.end',
  'device.new',
  'device.bound',
  'notice.sent',
  'journal.checkpoint'
])
/** What the gate noticed by itself, as all kinds with `watch.` or `posture` at the beginning. */
const noticed = new Set([
  'certificate.ending',
  'certificate.failed',
  'device.lost',
  'factor.disable',
  'journal.begin',
  'journal.missing',
  'journal.resume',
  'notice.failed',
  'store.refused'
])
/** Outcomes of steps that changed nothing. */
const notDone = new Set(['refused', 'throttled', 'busy', 'unreachable', 'expired', 'unfit'])

/** Null for a line that is only counted. An unknown kind is a change, so that it is not passed over. */
export function listOf(entry: Entry): EventList | null {
  const { kind, outcome } = entry
  if (kind === 'login' || kind === 'proof' || kind === 'throttle') return 'sign-ins'
  if (kind === 'exchange.repeated') return 'refusals'
  if (kind === 'exchange' || kind === 'socket.open') return resultOf(entry) === 'refused' ? 'refusals' : null
  if (passing.has(kind)) return null
  if (noticed.has(kind) || /^(?:watch|posture)(?:\.|$)/.test(kind)) return 'warnings'
  if (kind === 'user.change' && (outcome === 'suspended' || outcome === 'resumed')) return 'suspensions'
  return typeof outcome === 'string' && notDone.has(outcome) && !kind.startsWith('gate.') ? 'refusals' : 'changes'
}

export function reasonOf({ reason, outcome, status }: Entry): string {
  return String(reason ?? outcome ?? status ?? 'unknown')
}

export const eventColumns = [
  'time',
  'line',
  'kind',
  'outcome',
  'person',
  'account',
  'address',
  'app',
  'factor',
  'reason',
  'operator',
  'by',
  'count',
  'reference',
  'details'
] as const

/** They have a column of their own, or prove nothing here. */
const placed = new Set([
  ...['at', 'seq', 'prev', 'kind', 'outcome', 'name', 'account', 'address', 'app', 'factor', 'reason', 'why'],
  ...['operator', 'by', 'count', 'request', 'sig', 'publicKey']
])

/** One cell for each of `eventColumns`; the last has the fields without a column. */
export function eventRow(entry: Entry): Cell[] {
  const { at, seq, kind, outcome, name, account, address, app, factor, reason, why, operator, by, count, request } =
    entry
  const details = Object.entries(entry)
    .filter(([field]) => !placed.has(field))
    .map(([field, value]) => `${field}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  return [
    at,
    seq,
    kind,
    outcome,
    name,
    account,
    address,
    app,
    factor,
    [reason, why].filter(text => typeof text === 'string').join(': '),
    operator,
    by,
    count,
    request,
    details.join(' ')
  ].map(value => (value === null || value === undefined || typeof value === 'object' ? null : (value as Cell)))
}
