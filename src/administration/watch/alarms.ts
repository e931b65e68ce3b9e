/** What the watch has said: journal entries with their sentences, newest first. */
import type { JournalEntry, JournalSearch } from '../journal-search.ts'

export interface Alarm {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly kind: string
  /** A level, or what happened to a budget. */
  readonly outcome: string
  /** Null if the alarm is about nobody. */
  readonly account: string | null
  /** A pseudonym if the journal has them. */
  readonly name: string | null
  readonly app: string | null
  readonly sentence: string
  /** What was done, in the words of the configuration. */
  readonly steps: readonly string[]
  /** The watch was still learning, so it only reported. */
  readonly isLearning: boolean
}

export interface Alarms {
  readonly alarms: readonly Alarm[]
  /** Null if there are no older ones. */
  readonly next: string | null
  /** The search ended at its bound; there may be more. */
  readonly isPartly: boolean
  readonly backTo: number | null
}

export interface AlarmQuery {
  /** A person's name and id; null for all. */
  readonly person: readonly string[] | null
  readonly since: number
  readonly from: string | null
  readonly most: number
}

/** The start of the kinds `watch.budget`, `watch.unusual`, `watch.decoy` and `watch.app`. */
export const alarmKind = 'watch'

/** What operators did about a changed app, under the same kind. */
const answers: ReadonlySet<string> = new Set(['approved', 'changing', 'changed'])

export async function alarmsOf(journal: JournalSearch, { person, since, from, most }: AlarmQuery): Promise<Alarms> {
  const query = { reference: null, person, app: null, kind: alarmKind, from: since, to: null }
  const { entries, next, isPartly, backTo } = await journal.search(query, from, most)
  return { alarms: entries.map(alarmOf).filter(({ outcome }) => !answers.has(outcome)), next, isPartly, backTo }
}

function alarmOf(entry: JournalEntry): Alarm {
  const text = (field: string) => (typeof entry[field] === 'string' && entry[field] !== '' ? entry[field] : null)
  return {
    at: Date.parse(entry.at),
    kind: entry.kind,
    outcome: text('outcome') ?? '',
    account: text('account'),
    name: text('name'),
    app: text('app'),
    sentence: text('why') ?? '',
    steps: stepsTaken(entry.kind, text('outcome'), (text('steps') ?? '').split(',').filter(Boolean)),
    isLearning: entry.isLearning === true
  }
}

/** The line of a budget has all steps, but those after `step-up` wait for the minute in which a proof may come. */
function stepsTaken(kind: string, outcome: string | null, steps: readonly string[]): readonly string[] {
  if (kind !== 'watch.budget') return steps
  if (outcome === 'bought') return []
  const behind = steps.indexOf('step-up') + 1
  if (behind === 0) return steps
  return outcome === 'unanswered' ? steps.slice(behind) : steps.slice(0, behind)
}
