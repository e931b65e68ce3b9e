/** Whether a line or a block of lines answers a search. */
import { withoutTricks } from './encode-event.ts'
import type { Entry } from './journal-files.ts'
import { pairOf, type TermFilter, termOf } from './term-filter.ts'

export interface JournalQuery {
  /** A name or an account id. Lines of the account with its former names match too. */
  readonly person?: string | undefined
  readonly app?: string | undefined
  /** `session` means `session.start` and `session.end` too. */
  readonly kinds?: readonly string[] | undefined
  readonly references?: readonly string[] | undefined
  /** Milliseconds since the epoch, inclusive. */
  readonly from?: number | undefined
  readonly to?: number | undefined
  /** Only lines with a smaller number. */
  readonly before?: number | undefined
}

export interface Persons {
  readonly names: ReadonlySet<string>
  readonly accounts: ReadonlySet<string>
}

const roles = ['operator', 'person', 'sponsor'] as const

export function addTerms(entry: Entry, terms: Set<number>): void {
  const { account, name, app, request } = entry
  // The id finds all names of an account; the name is for lines without one.
  const who = typeof account === 'string' ? account : name
  const place = typeof app === 'string' ? termOf('app', app) : null
  if (typeof request === 'string') terms.add(termOf('reference', request))
  if (place !== null) terms.add(place)
  const dot = entry.kind.indexOf('.')
  const kinds = (dot > 0 ? [entry.kind, entry.kind.slice(0, dot)] : [entry.kind]).map(kind => termOf('kind', kind))
  for (const kind of kinds) {
    terms.add(kind)
    if (place !== null) terms.add(pairOf(place, kind))
  }
  if (typeof who === 'string') addPerson(who, place, kinds, terms)
  for (const role of roles) if (typeof entry[role] === 'string') addPerson(entry[role], place, kinds, terms)
}

function addPerson(text: string, place: number | null, kinds: readonly number[], terms: Set<number>): void {
  const person = termOf('person', text)
  terms.add(person)
  if (place !== null) terms.add(pairOf(person, place))
  for (const kind of kinds) terms.add(pairOf(person, kind))
}

/** With more texts, reading each line costs less. */
const maxNeedles = 12

export class Matcher {
  readonly #query: JournalQuery
  readonly #persons: Persons | null
  /** A block must have one term of each list. */
  readonly #terms: readonly (readonly number[])[]
  /** A line that matches has one of these. Empty if each line may match. */
  readonly needles: readonly Buffer[]

  constructor(query: JournalQuery, persons: Persons | null) {
    this.#query = query
    this.#persons = persons
    const people = persons === null ? [] : [...new Set([...persons.names, ...persons.accounts])]
    const person = people.map(text => termOf('person', text))
    const kind = query.kinds?.map(kind => termOf('kind', kind)) ?? []
    const app = query.app === undefined ? [] : [termOf('app', query.app)]
    const reference = query.references?.map(text => termOf('reference', text)) ?? []
    const pairs = (ones: readonly number[], others: readonly number[]) =>
      ones.flatMap(one => others.map(other => pairOf(one, other)))
    this.#terms = [reference, person, app, kind, pairs(person, app), pairs(person, kind), pairs(app, kind)].filter(
      ({ length }) => length > 0
    )
    const texts =
      people.length > 0 && people.length <= maxNeedles
        ? people.map(inJson)
        : query.kinds?.map(kind => `"kind":"${kind}`)
    const needles = query.references ?? texts ?? (query.app === undefined ? [] : [inJson(query.app)])
    this.needles = needles.includes('') ? [] : needles.map(text => Buffer.from(text))
  }

  mayBeIn(filter: TermFilter): boolean {
    for (const terms of this.#terms) if (!mayHaveOne(filter, terms)) return false
    return true
  }

  isBetween(first: number, last: number): boolean {
    const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = this.#query
    return last >= from && first <= to
  }

  mayFollow(seq: number): boolean {
    return this.#query.before === undefined || seq < this.#query.before
  }

  matches(entry: Entry): boolean {
    const { app, kinds, references, from, to, before } = this.#query
    if (references !== undefined && !references.includes(String(entry.request))) return false
    if (app !== undefined && entry.app !== app) return false
    if (kinds !== undefined && !kinds.some(kind => entry.kind === kind || entry.kind.startsWith(`${kind}.`)))
      return false
    if (this.#persons !== null && !this.#isOf(entry, this.#persons)) return false
    if (before !== undefined && !(Number(entry.seq ?? 0) < before)) return false
    if (from === undefined && to === undefined) return true
    const at = Date.parse(entry.at)
    return at >= (from ?? Number.NEGATIVE_INFINITY) && at <= (to ?? Number.POSITIVE_INFINITY)
  }

  /** A former name may belong to somebody else by now, so the account decides where there is one. */
  #isOf(entry: Entry, { names, accounts }: Persons): boolean {
    const { name, account } = entry
    if (typeof account === 'string' ? accounts.has(account) : typeof name === 'string' && names.has(name)) return true
    return roles.some(role => typeof entry[role] === 'string' && (names.has(entry[role]) || accounts.has(entry[role])))
  }
}

function mayHaveOne(filter: TermFilter, terms: readonly number[]): boolean {
  for (const term of terms) if (filter.mayHave(term)) return true
  return false
}

function inJson(text: string): string {
  return withoutTricks(JSON.stringify(text)).slice(1, -1)
}
