/** The decoys, and who has touched each lately, by the journal. */
import type { JournalEntry, JournalSearch } from '../journal-search.ts'

export interface KnownDecoy {
  readonly app: string
  /** As in the configuration: `/download?dir=/finance`. */
  readonly text: string
  /** The kind of file that the gate answers with; null if the app answers. */
  readonly serve: string | null
  readonly steps: readonly string[]
}

export interface DecoyUse extends KnownDecoy {
  /** Touches by all people. */
  readonly touches: number
  /** Different people. */
  readonly people: number
  /** Touches by people who are not signed in. */
  readonly strangers: number
  /** Milliseconds since the epoch; null for none. */
  readonly lastAt: number | null
}

/** The most lines of the journal that are counted. */
const maxLines = 500

/** In the order of the configuration. A line may stand for several touches. */
export async function decoyUses(
  journal: JournalSearch,
  decoys: readonly KnownDecoy[],
  since: number
): Promise<readonly DecoyUse[]> {
  if (decoys.length === 0) return []
  const query = { reference: null, person: null, app: null, kind: 'watch.decoy', from: since, to: null }
  const { entries } = await journal.search(query, null, maxLines)
  return decoys.map(decoy => {
    const touches = entries.filter(({ app, decoy: text }) => app === decoy.app && text === decoy.text)
    const isOfNobody = ({ outcome }: JournalEntry) => outcome === 'stranger' || outcome === 'unknown'
    const byPeople = touches.filter(touch => !isOfNobody(touch))
    return {
      ...decoy,
      touches: sumOf(byPeople),
      people: new Set(byPeople.map(({ account }) => account)).size,
      strangers: sumOf(touches.filter(isOfNobody)),
      lastAt: touches[0] === undefined ? null : Date.parse(touches[0].at)
    }
  })
}

function sumOf(touches: readonly JournalEntry[]): number {
  return touches.reduce((sum, { repeated }) => sum + 1 + (typeof repeated === 'number' ? repeated : 0), 0)
}
