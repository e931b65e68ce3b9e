/** The console's search of the journal: the port, and its answer from the files, a bounded part at a time. */
import type { Entry } from '../audit/journal-files.ts'
import { type JournalPage, searchPage } from '../audit/journal-pages.ts'
import { Matcher } from '../audit/journal-query.ts'
import { readReference } from '../audit/reference.ts'
import { typedSigns } from '../factor/typed-code.ts'

export type JournalEntry = Entry
export type { JournalPage }

export interface JournalFilter {
  /** In canonical form. */
  readonly reference: string | null
  /** A person's name and id; an entry with one of them fits. */
  readonly person: readonly string[] | null
  readonly app: string | null
  /** A kind or its start: `session` fits `session.end`. */
  readonly kind: string | null
  /** Milliseconds since the epoch. */
  readonly from: number | null
  readonly to: number | null
}

/** The canonical form of a typed reference; null for other text. */
export function typedReference(text: string): string | null {
  return readReference(typedSigns(text) ?? '')
}

export interface JournalSearch {
  /** `from` is the `next` of the page before; null for the newest. */
  search(query: JournalFilter, from: string | null, most: number): Promise<JournalPage>
}

const boundBytes = 24 * 1024 * 1024

interface PagedSearchOptions {
  /** The current file. */
  readonly file: string
  /** Pseudonyms of a name or id in the journal. */
  readonly spellingsOf?: (person: string) => readonly string[]
  /** Bytes to read for one question. */
  readonly bound?: number
}

export class PagedSearch implements JournalSearch {
  readonly #options: PagedSearchOptions

  constructor(options: PagedSearchOptions) {
    this.#options = options
  }

  search({ reference, person, app, kind, from: since, to }: JournalFilter, from: string | null, most: number) {
    const { file, spellingsOf = () => [], bound = boundBytes } = this.#options
    const texts = person === null ? null : new Set(person.flatMap(text => [text, ...spellingsOf(text)]))
    const matcher = new Matcher(
      {
        references: reference === null ? undefined : [reference],
        app: app ?? undefined,
        kinds: kind === null ? undefined : [kind],
        from: since ?? undefined,
        to: to ?? undefined
      },
      texts === null ? null : { names: texts, accounts: texts }
    )
    return searchPage(file, matcher, { from, most, bound, since })
  }
}
