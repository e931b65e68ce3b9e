/** Fields in pairs: `0[name]=password&0[value]=…`, `fields.0.key=…`, `name[]=…&value[]=…`. */

const pairKey = /(?:^|[.[_-])(name|key|field|id|label|value|values|val)\]?((?:\[\w*\]|\.\d+)*)$/i
const isValueKey = /^val/i
const maxNameLength = 200
/** With more names nobody can tell which one a value has. */
const maxNames = 64

interface Group {
  readonly names: Set<string>
  hasValue: boolean
}

export interface PairPlace {
  readonly group: string
  readonly isValue: boolean
}

export function mayBeName(text: string): boolean {
  return text.length <= maxNameLength && text.trim().split(/\s+/).length <= 4
}

/** Array places without a number count as one group. */
export function pairPlaceOf(name: string): PairPlace | null {
  if (name.length > maxNameLength) return null
  const found = pairKey.exec(name)
  if (found === null) return null
  const [whole, key = '', places = ''] = found
  return {
    group: `${name.slice(0, name.length - whole.length)} ${places.replaceAll('[]', '')}`,
    isValue: isValueKey.test(key)
  }
}

export class FieldPairs {
  readonly #groups = new Map<string, Group>()

  /** `text`: a short value. */
  add({ group, isValue }: PairPlace, text: string): void {
    let found = this.#groups.get(group)
    if (found === undefined) {
      found = { names: new Set(), hasValue: false }
      this.#groups.set(group, found)
    }
    if (isValue) found.hasValue = true
    else if (found.names.size <= maxNames && !found.names.has(text) && mayBeName(text)) found.names.add(text)
  }

  /** Of groups with a value. Null where nobody can tell. */
  *names(): Generator<string | null> {
    for (const { names, hasValue } of this.#groups.values())
      if (hasValue) {
        if (names.size > maxNames) yield null
        yield* names
      }
  }

  namesOf(group: string): Iterable<string> {
    return this.#groups.get(group)?.names ?? []
  }
}
