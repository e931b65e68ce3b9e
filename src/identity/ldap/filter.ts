/** A filter with its values, as objects of ldapts. */
import type { Filter, Ldapts } from './driver.ts'
import { type FilterTree, partsOf, type ValuePart } from './filter-template.ts'

/** With `never` a comparison is false, with `any` it is true. */
type Filling = { readonly value: string } | 'never' | 'any'
type Fillings = Readonly<Record<'name' | 'dn', Filling>>

/** Throws if bytes that are no text stand in a comparison that takes only text. */
export function fillFilter(driver: Ldapts, tree: FilterTree, fillings: Fillings): Filter {
  const folded = fold(tree, fillings)
  if (folded === true) return everything(driver)
  if (folded === false) return new driver.NotFilter({ filter: everything(driver) })
  return build(driver, folded, fillings)
}

/** Removes comparisons with a known result, for which servers would read all entries. */
function fold(tree: FilterTree, fillings: Fillings): FilterTree | boolean {
  if ('part' in tree) {
    const part = fold(tree.part, fillings)
    return typeof part === 'boolean' ? !part : { kind: 'not', part }
  }
  if ('parts' in tree) {
    const decides = tree.kind === 'or'
    const parts = tree.parts.map(part => fold(part, fillings))
    if (parts.includes(decides)) return decides
    const open = parts.filter(part => typeof part !== 'boolean')
    return open.length === 0 ? !decides : { kind: tree.kind, parts: open }
  }
  const verdicts = partsOf(tree).map(part => (Buffer.isBuffer(part) ? null : fillings[part.placeholder]))
  if (verdicts.includes('never')) return false
  return verdicts.includes('any') ? true : tree
}

function build(driver: Ldapts, tree: FilterTree, fillings: Fillings): Filter {
  const bytes = (value: readonly ValuePart[]) => bytesOf(value, fillings)
  const text = (value: readonly ValuePart[]) => decoder.decode(bytesOf(value, fillings))
  switch (tree.kind) {
    case 'and':
      return new driver.AndFilter({ filters: tree.parts.map(part => build(driver, part, fillings)) })
    case 'or':
      return new driver.OrFilter({ filters: tree.parts.map(part => build(driver, part, fillings)) })
    case 'not':
      return new driver.NotFilter({ filter: build(driver, tree.part, fillings) })
    case 'present':
      return new driver.PresenceFilter({ attribute: tree.attribute })
    case 'equal':
      return new driver.EqualityFilter({ attribute: tree.attribute, value: bytes(tree.value) })
    case 'greater':
      return new driver.GreaterThanEqualsFilter({ attribute: tree.attribute, value: text(tree.value) })
    case 'less':
      return new driver.LessThanEqualsFilter({ attribute: tree.attribute, value: text(tree.value) })
    case 'approx':
      return new driver.ApproximateFilter({ attribute: tree.attribute, value: text(tree.value) })
    case 'substrings': {
      const values = tree.values.map(text)
      const [initial = '', final = ''] = [values[0], values.at(-1)]
      const any = values.slice(1, -1).filter(value => value !== '')
      return new driver.SubstringFilter({ attribute: tree.attribute, initial, any, final })
    }
    case 'rule':
      return new driver.ExtensibleFilter({
        matchType: tree.attribute,
        rule: tree.rule,
        dnAttributes: tree.isOfDn,
        value: text(tree.value)
      })
  }
}

export function anyOf(driver: Ldapts, attribute: string, values: readonly Buffer[]): Filter {
  const filters = values.map(value => new driver.EqualityFilter({ attribute, value }))
  return filters.length === 1 ? filters[0]! : new driver.OrFilter({ filters })
}

/** Every entry has a class (RFC 4512 §2.4). */
export function everything(driver: Ldapts): Filter {
  return new driver.PresenceFilter({ attribute: 'objectClass' })
}

function bytesOf(value: readonly ValuePart[], fillings: Fillings): Buffer {
  return Buffer.concat(
    value.map(part => {
      if (Buffer.isBuffer(part)) return part
      const filling = fillings[part.placeholder]
      return Buffer.from(typeof filling === 'string' ? '' : filling.value)
    })
  )
}

const decoder = new TextDecoder('utf-8', { fatal: true })
