/** What the watch has said: the entries of the journal with their sentences, the newest first. Names stay as the journal has them. */
import type { JournalEntry, JournalSearch } from '../journal-search.ts'

export interface Alarm {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly kind: string
  /** A level, or what happened to a budget. */
  readonly outcome: string
  /** The id, which the journal keeps in the clear; null where the alarm is about nobody. */
  readonly account: string | null
  /** A pseudonym where the journal has pseudonyms. */
  readonly name: string | null
  readonly app: string | null
  readonly sentence: string
  /** What was done, in the words of the configuration. */
  readonly steps: readonly string[]
  /** True if the watch was still learning, so that it only reported. */
  readonly isLearning: boolean
}

export interface Alarms {
  readonly alarms: readonly Alarm[]
  /** Where older ones begin; null where there are none. */
  readonly next: string | null
  /** True if the search ended at its bound, so that there may be more. */
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

/** What operators have done about a changed app, which is in the journal under the same kind. */
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

/** The line of a budget has all its steps, but with `step-up` those after it wait for the minute in which a proof may come. */
function stepsTaken(kind: string, outcome: string | null, steps: readonly string[]): readonly string[] {
  if (kind !== 'watch.budget') return steps
  if (outcome === 'bought') return []
  const behind = steps.indexOf('step-up') + 1
  if (behind === 0) return steps
  return outcome === 'unanswered' ? steps.slice(behind) : steps.slice(0, behind)
}
