/** The use-cases of operators on changed apps. Callers check rights. */
import { type Clock, dayMs } from '../clock.ts'
import { type Finding, marksOf } from '../integrity/finding.ts'
import { withMarks } from '../integrity/known-marks.ts'
import { fullSentence, lackings } from '../integrity/places.ts'
import { type Changing, keepSeconds, knownRecord, nothingOpen, openRecord } from '../integrity/records.ts'
import { type Shortcoming, shortcomingsOf } from '../integrity/shortcomings.ts'
import type { Store } from '../store/store.ts'
import type { ChangeEvent } from './people.ts'

interface AppChangesParts {
  readonly store: Store
  readonly clock: Clock
  /** The caller adds the operator. */
  readonly record: (event: ChangeEvent) => Promise<void>
}

export interface AppState {
  readonly app: string
  /** Newest first. */
  readonly findings: readonly Finding[]
  /** Null if no change is announced. */
  readonly changing: Changing | null
  /** The beginning of learning, in milliseconds since the epoch; null if nothing is known yet. */
  readonly since: number | null
  /** How many pages were read. */
  readonly pages: number
  readonly known: Readonly<Record<string, number>>
  readonly shortcomings: readonly Shortcoming[]
  /** A sentence for each kind of finding whose list is full. */
  readonly full: readonly string[]
}

/** After this many days without a sighting, a shortcoming may have been mended. */
const noteDays = 14

/** What an operator may announce, in seconds. */
export const changingSeconds = { least: 60, most: 7 * 86_400 } as const

export class AppChanges {
  readonly #parts: AppChangesParts

  constructor(parts: AppChangesParts) {
    this.#parts = parts
  }

  /** In the order of `apps`. Rejects with StoreUnreachable. */
  async read(apps: readonly string[]): Promise<AppState[]> {
    const { store, clock } = this.#parts
    return Promise.all(
      apps.map(async app => {
        const [known, text] = await Promise.all([store.get(knownRecord.key(app)), store.get(openRecord.key(app))])
        const what = known === null ? null : knownRecord.parseIfKnown(known)
        const { findings, changing, full = {} } = (text === null ? null : openRecord.parseIfKnown(text)) ?? nothingOpen
        const counts = Object.entries(what?.marks ?? {}).map(([kind, values]) => [kind, values.length] as const)
        return {
          app,
          findings: [...findings].sort((a, b) => b.at - a.at),
          changing: changing !== null && changing.until > clock() ? changing : null,
          since: what?.since ?? null,
          pages: what?.pages ?? 0,
          known: Object.fromEntries(counts),
          shortcomings: shortcomingsOf(lately(what?.notes ?? [], clock()), clock()),
          full: lackings.flatMap(place => (full[place] === undefined ? [] : [fullSentence(app, place)]))
        }
      })
    )
  }

  /** What the finding names belongs to the app from now on. Null if there is no such finding. */
  async approve(app: string, id: string, why?: string): Promise<Finding | null> {
    const { store, record, clock } = this.#parts
    const finding = (await openRecord.get(store, app))?.findings.find(one => one.id === id)
    if (finding === undefined) return null
    // Known first: otherwise a gate could find it again in between.
    await knownRecord.change<void>(store, app, known => ({
      next: withMarks(known, marksOf(finding), clock()),
      result: undefined,
      ttlSeconds: keepSeconds
    }))
    const isRemoved = await openRecord.change<boolean>(store, app, open => {
      if (open === null || !open.findings.some(one => one.id === id)) return { result: false }
      const findings = open.findings.filter(one => one.id !== id)
      return { next: { ...open, findings, full: {} }, result: true, ttlSeconds: keepSeconds }
    })
    if (!isRemoved) return null
    await record({
      kind: 'watch.app',
      app,
      outcome: 'approved',
      finding: id,
      page: finding.page,
      what: finding.why,
      why
    })
    return finding
  }

  /** Everything new in the next `seconds` is learned without a report. 0 ends an announcement. Null if there is none to end. */
  async announce(app: string, seconds: number, why: string, by: string): Promise<Changing | null> {
    const { store, record, clock } = this.#parts
    const from = clock()
    const next = seconds === 0 ? null : { from, until: from + seconds * 1000, why, by }
    const ended = await openRecord.change<Changing | null>(store, app, open => {
      const running = open?.changing != null && open.changing.until > from ? open.changing : null
      if (next === null && running === null) return { result: null }
      return { next: { ...(open ?? nothingOpen), changing: next }, result: running, ttlSeconds: keepSeconds }
    })
    if (next === null && ended === null) return null
    const until = next === null ? undefined : new Date(next.until).toISOString()
    await record({ kind: 'watch.app', app, outcome: next === null ? 'changed' : 'changing', until, why })
    return next ?? ended
  }
}

function lately(notes: readonly (readonly [note: string, day: number])[], now: number): string[] {
  return notes.filter(([, day]) => day > now / dayMs - noteDays).map(([note]) => note)
}
