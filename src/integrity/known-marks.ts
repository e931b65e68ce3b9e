/** The known marks of an app; what was unseen for longest is forgotten first. */
import type { Mark, MarkKind } from './mark.ts'
import type { KnownRecord } from './records.ts'

const bounds: Readonly<Partial<Record<MarkKind, readonly [count: number, characters: number]>>> = {
  code: [8192, 65_536],
  link: [2048, 98_304],
  endpoint: [1024, 98_304],
  file: [1024, 98_304],
  skeleton: [512, 4096],
  structure: [512, 4096]
}
const usualBounds = [512, 32_768] as const

export const maxRates = 512
export const maxNotes = 128

export class KnownMarks {
  readonly #all = new Map<MarkKind, Map<string, null>>()
  readonly #characters = new Map<MarkKind, number>()

  has({ kind, value }: Mark): boolean {
    return this.#all.get(kind)?.has(value) === true
  }

  /** True if it was not known. */
  add({ kind, value }: Mark): boolean {
    let values = this.#all.get(kind)
    if (values === undefined) {
      values = new Map()
      this.#all.set(kind, values)
    }
    const isNew = !values.delete(value)
    values.set(value, null)
    if (!isNew) return false
    this.#characters.set(kind, (this.#characters.get(kind) ?? 0) + value.length)
    this.#trim(kind, values)
    return true
  }

  values(kind: MarkKind): readonly string[] {
    return [...(this.#all.get(kind)?.keys() ?? [])]
  }

  hasBeginning(kind: MarkKind, beginning: string): boolean {
    for (const value of this.#all.get(kind)?.keys() ?? []) if (value.startsWith(beginning)) return true
    return false
  }

  count(kind: MarkKind): number {
    return this.#all.get(kind)?.size ?? 0
  }

  text(): KnownRecord['marks'] {
    return Object.fromEntries([...this.#all].map(([kind, values]) => [kind, [...values.keys()]]))
  }

  /** New marks become the oldest, so what was seen here lately stays. True if there was any. */
  merge(marks: KnownRecord['marks']): boolean {
    let hasNew = false
    for (const [name, values] of Object.entries(marks)) {
      const kind = name as MarkKind
      const own = this.#all.get(kind)
      const unknown = values.filter(value => own?.has(value) !== true)
      if (unknown.length === 0) continue
      hasNew = true
      const all = new Map([...unknown, ...(own?.keys() ?? [])].map(value => [value, null]))
      this.#all.set(kind, all)
      this.#characters.set(
        kind,
        [...all.keys()].reduce((sum, { length }) => sum + length, 0)
      )
      this.#trim(kind, all)
    }
    return hasNew
  }

  #trim(kind: MarkKind, values: Map<string, null>): void {
    const [count, characters] = bounds[kind] ?? usualBounds
    for (const oldest of values.keys()) {
      if (values.size <= count && (this.#characters.get(kind) ?? 0) <= characters) return
      values.delete(oldest)
      this.#characters.set(kind, (this.#characters.get(kind) ?? 0) - oldest.length)
    }
  }
}

export function withMarks(known: KnownRecord | null, marks: readonly Mark[], now: number): KnownRecord {
  const base: KnownRecord = known ?? { since: now, pages: 0, marks: {}, rates: [], notes: [] }
  const all = new KnownMarks()
  all.merge(base.marks)
  for (const mark of marks) all.add(mark)
  return { ...base, marks: all.text() }
}
