/** Search filters of the configuration (RFC 4515) with `{name}` and `{dn}`. Typed text becomes a value in the parsed tree, so it cannot change the question. */

export type ValuePart = Buffer | { readonly placeholder: 'name' | 'dn' }

export type FilterTree =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly FilterTree[] }
  | { readonly kind: 'not'; readonly part: FilterTree }
  | FilterLeaf

export type FilterLeaf =
  | { readonly kind: 'present'; readonly attribute: string }
  | {
      readonly kind: 'equal' | 'greater' | 'less' | 'approx'
      readonly attribute: string
      readonly value: readonly ValuePart[]
    }
  /** The first and the last may be empty. */
  | { readonly kind: 'substrings'; readonly attribute: string; readonly values: readonly (readonly ValuePart[])[] }
  | {
      readonly kind: 'rule'
      readonly attribute: string
      readonly rule: string
      readonly isOfDn: boolean
      readonly value: readonly ValuePart[]
    }

/** The message says what is expected. */
export class FilterProblem extends Error {
  override readonly name = 'FilterProblem'
}

const maxDepth = 32

/** Throws FilterProblem. */
export function parseFilter(text: string): FilterTree {
  const reader = { text: text.trim(), at: 0 }
  const tree = readFilter(reader, 0)
  if (reader.at < reader.text.length) throw new FilterProblem('has something after its last parenthesis')
  return tree
}

export function placeholdersOf(tree: FilterTree): ReadonlySet<'name' | 'dn'> {
  const found = new Set<'name' | 'dn'>()
  const walk = (each: FilterTree): void => {
    if ('parts' in each) return each.parts.forEach(walk)
    if ('part' in each) return walk(each.part)
    for (const part of partsOf(each)) if (!Buffer.isBuffer(part)) found.add(part.placeholder)
  }
  walk(tree)
  return found
}

export function partsOf(leaf: FilterLeaf): readonly ValuePart[] {
  if (leaf.kind === 'present') return []
  return leaf.kind === 'substrings' ? leaf.values.flat() : leaf.value
}

interface Reader {
  readonly text: string
  at: number
}

function readFilter(reader: Reader, depth: number): FilterTree {
  if (depth > maxDepth) throw new FilterProblem(`has more than ${maxDepth} parentheses inside each other`)
  expect(reader, '(')
  const char = reader.text[reader.at]
  let tree: FilterTree
  if (char === '&' || char === '|') {
    reader.at++
    const parts: FilterTree[] = []
    while (peek(reader) === '(') parts.push(readFilter(reader, depth + 1))
    if (parts.length === 0) throw new FilterProblem(`has nothing after '${char}'`)
    tree = { kind: char === '&' ? 'and' : 'or', parts }
  } else if (char === '!') {
    reader.at++
    tree = { kind: 'not', part: readFilter(reader, depth + 1) }
  } else tree = readLeaf(reader)
  expect(reader, ')')
  return tree
}

function peek(reader: Reader): string | undefined {
  while (reader.text[reader.at] === ' ') reader.at++
  return reader.text[reader.at]
}

function expect(reader: Reader, char: string): void {
  if (peek(reader) !== char) throw new FilterProblem(`lacks a '${char}' after '${reader.text.slice(0, reader.at)}'`)
  reader.at++
}

const leafShape = /^([A-Za-z0-9][A-Za-z0-9.;-]*)?(:dn)?(?::([A-Za-z0-9.-]+))?\s*(:=|>=|<=|~=|=)([^()]*)/

function readLeaf(reader: Reader): FilterTree {
  const found = leafShape.exec(reader.text.slice(reader.at))
  if (found === null)
    throw new FilterProblem(`has no comparison such as (uid={name}) after '${reader.text.slice(0, reader.at)}'`)
  const [whole, attribute = '', ofDn, rule = '', operator, value = ''] = found
  reader.at += whole.length
  if (operator === ':=') {
    if (attribute === '' && rule === '') throw new FilterProblem(`has neither an attribute nor a rule in '${whole}'`)
    return { kind: 'rule', attribute, rule, isOfDn: ofDn !== undefined, value: readText(value) }
  }
  if (attribute === '' || ofDn !== undefined || rule !== '') throw new FilterProblem(`cannot be read at '${whole}'`)
  if (operator === '>=') return { kind: 'greater', attribute, value: readText(value) }
  if (operator === '<=') return { kind: 'less', attribute, value: readText(value) }
  if (operator === '~=') return { kind: 'approx', attribute, value: readText(value) }
  if (value.trim() === '*') return { kind: 'present', attribute }
  return value.includes('*')
    ? { kind: 'substrings', attribute, values: value.split('*').map(readText) }
    : { kind: 'equal', attribute, value: readValue(value) }
}

/** `\2a` is one byte. */
function readValue(text: string): ValuePart[] {
  const parts: ValuePart[] = []
  for (const piece of text.split(/(\{name\}|\{dn\})/)) {
    if (piece === '{name}' || piece === '{dn}') parts.push({ placeholder: piece === '{dn}' ? 'dn' : 'name' })
    else if (piece !== '') parts.push(unescaped(piece))
  }
  return parts
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/** ldapts sends bytes that are no text only in comparisons with `=`. */
function readText(text: string): ValuePart[] {
  const parts = readValue(text)
  try {
    for (const part of parts) if (Buffer.isBuffer(part)) decoder.decode(part)
    return parts
  } catch {
    throw new FilterProblem(`has bytes that are not UTF-8 in '${text}', which only a comparison with = may have`)
  }
}

function unescaped(text: string): Buffer {
  const bytes: Buffer[] = []
  for (const piece of text.split(/(\\[\da-f]{2})/i)) {
    if (/^\\[\da-f]{2}$/i.test(piece)) bytes.push(Buffer.from(piece.slice(1), 'hex'))
    else if (piece.includes('\\')) throw new FilterProblem(`needs two hexadecimal digits after '\\' in '${text}'`)
    else bytes.push(Buffer.from(piece))
  }
  return Buffer.concat(bytes)
}
