/**
 * Turns schema and YAML nodes into values, with defaults, `${NAME}` and `…File`, and finds unknown keys. It continues after every problem,
 * so that people see all at once. An unreadable value is `undefined`, and has a problem.
 */
import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Pair,
  type Scalar,
  type YAMLMap,
  type Node as YamlNode
} from 'yaml'
import { isNeeded, type Node } from '../schema/schema-builders.ts'
import { wholeNetwork } from '../values/addresses.ts'
import { type Invalid, isInvalid, nearest, oneOf, shown, shownKey } from '../values/invalid.ts'
import { printDuration, printSize, valueTypes } from '../values/value-types.ts'
import type { Diagnostics } from './diagnostics.ts'
import { readSecretFile, substitute } from './text-sources.ts'
import type { YamlText } from './yaml.ts'

type Yaml = YamlNode | null

export function readDocument(schema: Node, yaml: YamlText, diagnostics: Diagnostics): unknown {
  return new Reader(schema, yaml, diagnostics).value(schema, yaml.document.contents as Yaml, '')
}

class Reader {
  readonly #root: Node
  readonly #yaml: YamlText
  readonly #diagnostics: Diagnostics

  constructor(root: Node, yaml: YamlText, diagnostics: Diagnostics) {
    this.#root = root
    this.#yaml = yaml
    this.#diagnostics = diagnostics
  }

  value(schema: Node, given: Yaml, path: string): unknown {
    const node = isAlias(given) ? (given.resolve(this.#yaml.document) ?? null) : given
    if (given?.range) this.#diagnostics.recordPlace(path, this.#yaml.at(given.range[0]))
    if (schema['x-by'] !== undefined && isMap(node)) return this.#oneBy(schema, schema['x-by'], node, path)
    const fitting = branchFor(schema, node)
    if (fitting === undefined) return this.#misshapen(schema, node, path)
    // If several kinds of values fit, the message names all.
    const must = fitting !== schema && isScalar(node) ? { 'x-must': expected(schema) } : {}
    const value = this.#fitting({ ...fitting, ...must }, node, path)
    const short = schema['x-short']
    if (short !== undefined && !isMap(node) && value !== undefined) {
      const long = schema.anyOf!.find(branch => branch.properties !== undefined)!
      const { [short]: _, ...properties } = long.properties!
      return { ...(this.value({ ...long, properties }, this.#created({}), path) as object), [short]: value }
    }
    return schema['x-listed'] && !isSeq(node) && value != null ? [value] : value
  }

  #fitting(fitting: Node, node: Yaml, path: string): unknown {
    if (isMap(node)) return fitting.properties ? this.#map(fitting, node, path) : this.#record(fitting, node, path)
    if (isSeq(node)) return this.#list(fitting, node.items as Yaml[], path)
    return this.#scalar(fitting, node as Scalar, path)
  }

  #map(schema: Node, node: YAMLMap, path: string): unknown {
    const pairs = this.#pairs(node, path)
    const properties = schema.properties!
    const guessed = new Set<string>()
    const unknownKeys = [...pairs].filter(([key]) => !Object.hasOwn(properties, key))
    const bare =
      node.flow === true
        ? unknownKeys.filter(
            ([key, pair]) =>
              pair.value == null && !isGlued(key) && nearest(shownKey(key), Object.keys(properties)) === null
          )
        : []
    for (const [key, pair] of this.#reportBraces(unknownKeys, bare, path))
      guessed.add(this.#unknownKey(properties, key, pair, path) ?? '')
    // A key without the blank after its colon is not missing.
    for (const [key] of unknownKeys) guessed.add(glued.exec(key)?.[1] ?? '')
    // If a comma was meant as text, the value before it is only half, and gets no further message.
    const all = [...pairs.keys()]
    const halved = bare[0] === undefined ? undefined : all[all.indexOf(bare[0][0]) - 1]
    const result: Record<string, unknown> = {}
    for (const [key, child] of Object.entries(properties)) {
      const here = join(path, key)
      const pair = pairs.get(key)
      const file = child['x-secret'] ? pairs.get(`${key}File`) : undefined
      if (pair !== undefined && key === halved) continue
      if (pair !== undefined) {
        result[key] = this.#pairValue(child, pair, here)
        if (file !== undefined)
          this.#diagnostics.problem(
            `${here}File`,
            `and '${key}' set the same value: keep one of the two`,
            this.#keyPlace(file)
          )
      } else if (file !== undefined) result[key] = this.#fromFile(child, file, `${here}File`)
      else if (child.default === null) result[key] = null
      else if (child.default !== undefined) result[key] = this.value(child, this.#created(child.default), here)
      else if (isNeeded(schema)(key) && !guessed.has(key)) this.#diagnostics.problem(here, missing(child))
    }
    return result
  }

  /** The map of the branch that the key `by` names. */
  #oneBy(schema: Node, by: string, node: YAMLMap, path: string): unknown {
    const pair = this.#pairs(node, path).get(by)
    const words = schema.anyOf!.flatMap(branch => branch.properties![by]!.enum!)
    const here = join(path, by)
    if (pair === undefined) return this.#invalid(here, `is missing: ${oneOf(words)}`)
    const word = this.#pairValue({ type: 'string', enum: words }, pair, here)
    const branch = schema.anyOf!.find(each => each.properties![by]!.enum!.includes(word as string))
    return branch === undefined ? undefined : this.#map(branch, node, path)
  }

  #record(schema: Node, node: YAMLMap, path: string): unknown {
    const values = Object.values(schema.patternProperties!)[0]!
    const result: Record<string, unknown> = Object.create(null)
    for (const [key, pair] of this.#pairs(node, path)) {
      const here = join(path, key)
      const name = valueTypes[schema['x-keys']!].read(key, this.#diagnostics.context.folder)
      if (isInvalid(name))
        this.#diagnostics.problem(here, `${name.reason}${this.#got(name, key)}`, this.#keyPlace(pair))
      const value = this.#pairValue(values, pair, here)
      if (value !== undefined) result[key] = value
    }
    return result
  }

  #list(schema: Node, items: readonly Yaml[], path: string): unknown {
    if (items.length < (schema.minItems ?? 0))
      return this.#invalid(path, 'is an empty list: add an item or remove the line')
    return items.map((item, index) => this.value(schema.items!, item, `${path}[${index}]`))
  }

  #scalar(schema: Node, node: Scalar, path: string): unknown {
    if (typeof node.value !== 'string') {
      const raw = node.source ?? String(node.value)
      return this.#checked(schema, schema.type === 'string' ? raw : node.value, raw, path)
    }
    const filled = substitute(node.value, this.#diagnostics.context.env)
    if (isInvalid(filled)) return this.#invalid(path, filled.reason)
    const { text, changed } = filled
    if (schema.type === 'string') return this.#checked(schema, text, node.value, path)
    if (changed && text.trim() === '') return this.#invalid(path, variableEmpty)
    // A number or a switch from the environment is recognised by its text.
    const bare = changed && /^(true|false|\d{1,15}|0\.\d{1,15})$/.test(text) ? JSON.parse(text) : text
    return this.#checked(schema, bare, node.value, path)
  }

  /** `raw`: from the file. Messages quote it, since variables may hold secrets. */
  #checked(schema: Node, value: unknown, raw: string, path: string): unknown {
    if ('const' in schema || schema.type === 'null') return value
    if (schema.enum !== undefined) return this.#choice(schema, value, raw, path)
    if (schema.type === 'boolean')
      return typeof value === 'boolean' ? value : this.#invalid(path, `must be ${expected(schema)}, got ${shown(raw)}`)
    if (schema.type === 'integer' || schema.type === 'number') {
      const [least, most] = [schema.minimum!, schema.maximum!]
      const isNumber = schema.type === 'number' ? typeof value === 'number' : Number.isInteger(value)
      if (isNumber && (value as number) >= least && (value as number) <= most) return value
      const quoted = typeof value === 'string' && /^\d+$/.test(value) ? ' in quotes: write it without them' : ''
      return this.#invalid(path, `${schema['x-instead'] ?? `must be ${expected(schema)}`}, got ${shown(raw)}${quoted}`)
    }
    return this.#text(schema, value as string, raw, path)
  }

  #choice(schema: Node, value: unknown, raw: string, path: string): unknown {
    const words = schema.enum!
    if (words.includes(value as string)) return value
    const guess =
      words.length > 1
        ? nearest(
            raw,
            words.filter(word => typeof word === 'string')
          )
        : null
    const all = guess === null ? schema['x-must'] : undefined
    const must = schema['x-instead'] ?? `must be ${all ?? oneOf(words)}`
    return this.#invalid(path, `${must}, got ${shown(raw)}${guess === null ? '' : `; did you mean '${guess}'?`}`)
  }

  #text(schema: Node, text: string, raw: string, path: string): unknown {
    if (text.trim() === '') return this.#invalid(path, raw.trim() === '' ? empty(schema) : variableEmpty)
    const kind = schema['x-kind']!
    const value = valueTypes[kind].read(text, this.#diagnostics.context.folder)
    if (kind === 'network' && !isInvalid(value)) {
      const meant = wholeNetwork(text)
      if (meant !== null)
        this.#diagnostics.warning(
          path,
          `${shown(raw)} counts as all of ${meant}: write that, or the address without '/'`
        )
    }
    if (isInvalid(value))
      return this.#invalid(path, `${value.reason}${schema['x-secret'] ? '' : this.#got(value, raw)}`)
    const [least, most] = [schema['x-least'] ?? 0, schema['x-most'] ?? Number.POSITIVE_INFINITY]
    if (typeof value !== 'number' || (value >= least && value <= most)) return value
    const print = kind === 'size' ? printSize : printDuration
    return this.#invalid(path, `must be from ${print(least)} to ${print(most)}, got ${shown(raw)}`)
  }

  /** Without a value, problems point at the key. */
  #pairValue(schema: Node, pair: Pair, path: string): unknown {
    if (pair.value == null) this.#diagnostics.recordPlace(path, this.#keyPlace(pair))
    return this.value(schema, (pair.value ?? null) as Yaml, path)
  }

  /** Its `…File` key names the file. */
  #fromFile(schema: Node, pair: Pair, path: string): unknown {
    const name = this.#pairValue({ type: 'string', 'x-kind': 'file' }, pair, path)
    if (typeof name !== 'string') return undefined
    this.#diagnostics.files.set(name, path)
    this.#diagnostics.secrets.set(name, path)
    const text = readSecretFile(name, this.#diagnostics.context.folder)
    if (isInvalid(text)) return this.#invalid(path, text.reason)
    const value = valueTypes[schema['x-kind']!].read(text, this.#diagnostics.context.folder)
    return isInvalid(value) ? this.#invalid(path, `its content ${value.reason}`) : value
  }

  /** A repeated key is a problem, and the first one counts. */
  #pairs(node: YAMLMap, path: string): Map<string, Pair> {
    const pairs = new Map<string, Pair>()
    for (const pair of node.items as Pair[]) {
      const key = isScalar(pair.key) ? String(pair.key.source ?? pair.key.value) : '?'
      if (!pairs.has(key)) pairs.set(key, pair)
      else this.#diagnostics.problem(join(path, key), 'is here twice: keep one', this.#keyPlace(pair))
    }
    return pairs
  }

  /** Reports one mistake in braces that makes many keys: a text or a list with commas, and `{url:"x",title:"y"}` without blanks. Returns the other keys. */
  #reportBraces(
    unknownKeys: readonly [string, Pair][],
    bare: readonly [string, Pair][],
    path: string
  ): readonly [string, Pair][] {
    if (bare[0] !== undefined)
      this.#diagnostics.problem(
        join(path, bare[0][0]),
        'has no value: between { and } a comma ends the value before it; put [ ] around a list, and quotes around text with commas',
        this.#keyPlace(bare[0][1])
      )
    const first = unknownKeys.find(([key]) => isGlued(key))
    return unknownKeys.filter(each => !bare.includes(each) && (each === first || !isGlued(each[0])))
  }

  /** Returns the probable key. */
  #unknownKey(properties: Readonly<Record<string, Node>>, key: string, pair: Pair, path: string): string | null {
    const known = Object.keys(properties)
    const name = shownKey(key)
    const guess = nearest(key, known)
    let hint = `; known here: ${known.join(', ')}`
    const elsewhere = [...new Set(placesOf(this.#root, key))]
    const here = path.replace(/\[\d+\]/g, '[]')
    if (isGlued(key)) hint = ": put a space after the ':'"
    else if (guess !== null) hint = `, did you mean '${guess}'?`
    else if (key === '<<') hint = ': merge keys are not supported; use an alias for the whole value'
    else if (elsewhere.includes(here)) hint = `; another kind of this takes it; known here: ${known.join(', ')}`
    else if (elsewhere.length > 0)
      hint = `; it belongs in ${oneOf(elsewhere.slice(0, 3).map(place => place || 'the top'))}`
    this.#diagnostics.problem(join(path, key), `unknown key '${name}'${hint}`, this.#keyPlace(pair))
    return guess
  }

  #misshapen(schema: Node, node: Yaml, path: string): undefined {
    if (isEmptyValue(node)) return this.#invalid(path, path === '' ? emptyFile : empty(schema))
    if (schema['x-instead'] !== undefined) {
      const isOne =
        schema.type === 'array' && isScalar(node) && typeof node.value === 'string' && node.value.length < 60
      return this.#invalid(path, `${schema['x-instead']}${isOne ? `; write [${node.value}]` : ''}`)
    }
    let got = isMap(node) ? 'a map of keys' : isSeq(node) ? 'a list' : 'text'
    // Text in place of a map may be `KEY:value` without the blank, and hold a secret.
    const isSafe = schema.type !== 'object' && !schema['x-secret']
    const isSwitch = isScalar(node) && /^(?:true|yes|on)$/i.test(String(node.value))
    if (isScalar(node) && (isSafe || isSwitch)) got = shown(node.source ?? String(node.value))
    const hasDefaults = schema.properties !== undefined && !Object.keys(schema.properties).some(isNeeded(schema))
    const listed = schema.type === 'array' && schema.items?.type === 'string' && isScalar(node) && isSafe
    const hint =
      isSwitch && hasDefaults
        ? '; write {} for the defaults'
        : listed && got.length < 60
          ? `: write [${String(node.source ?? node.value)}]`
          : ''
    return this.#invalid(path, `must be ${expected(schema)}, got ${got}${hint}`)
  }

  #got({ isSecret }: Invalid, raw: string): string {
    return isSecret ? '' : `, got ${shown(raw)}`
  }

  #invalid(path: string, message: string): undefined {
    this.#diagnostics.problem(path, message)
    return undefined
  }

  #keyPlace(pair: Pair) {
    return this.#yaml.at((pair.key as Scalar | null)?.range?.[0] ?? 0)
  }

  /** A default as nodes, which are read like any other value. */
  #created(value: unknown): Yaml {
    return this.#yaml.document.createNode(value) as Yaml
  }
}

const variableEmpty = 'is empty, because its variable is empty'
const emptyFile =
  'is empty; it needs at least portal.url and apps. `factorgate init` writes a commented file to begin with'

/** `url:"x"` without a blank is one key in YAML. */
const glued = /^([\w-]+):\S/

function isGlued(key: string): boolean {
  return glued.test(key)
}

/** The path of a key, without anything that may be a secret. */
function join(path: string, key: string): string {
  return path === '' ? shownKey(key) : `${path}.${shownKey(key)}`
}

/** The schema itself, or a branch of its `anyOf`. */
function branchFor(schema: Node, node: YamlNode | null): Node | undefined {
  if (schema.anyOf !== undefined) return schema.anyOf.find(branch => branchFor(branch, node) !== undefined)
  if (isEmptyValue(node)) return schema.type === 'null' ? schema : undefined
  if (isMap(node)) return schema.type === 'object' ? schema : undefined
  if (isSeq(node)) return schema.type === 'array' ? schema : undefined
  if (!isScalar(node)) return undefined
  if ('const' in schema) return node.value === schema.const ? schema : undefined
  if (schema.enum !== undefined) return schema
  if (schema.type === 'string') return typeof node.value === 'string' || takesAnyScalar(schema) ? schema : undefined
  return schema.type === 'integer' || schema.type === 'number' || schema.type === 'boolean' ? schema : undefined
}

/** `title: 2026` and `users: [007]` are texts, although YAML reads numbers. */
function takesAnyScalar(schema: Node): boolean {
  return schema['x-instead'] === undefined
}

/** True for `key:` and `key: null`. */
function isEmptyValue(node: unknown): boolean {
  return !isNode(node) || (isScalar(node) && node.value === null)
}

/** The end of a sentence with "must be". */
function expected(schema: Node): string {
  if (schema['x-must'] !== undefined) return schema['x-must']
  const kinds = schema.anyOf?.map(branch => branch.properties?.kind?.enum)
  if (kinds?.every(words => words !== undefined))
    return `a map with the keys of one kind, which kind says: ${oneOf(kinds.flat())}`
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(expected))].join(' or ')
  if ('const' in schema) return String(schema.const)
  if (schema.enum !== undefined) return oneOf(schema.enum)
  switch (schema.type) {
    case 'object':
      return schema.properties ? `a map with the keys ${Object.keys(schema.properties).join(', ')}` : 'a map of keys'
    case 'array':
      return schema.items?.type === 'object' ? "a list, each item beginning with '- '" : 'a list such as [a, b]'
    case 'integer':
      return `a whole number from ${schema.minimum} to ${schema.maximum}`
    case 'number':
      return `a number from ${schema.minimum} to ${schema.maximum}`
    case 'boolean':
      return 'true or false'
    default:
      return schema.type === 'null' ? 'null' : 'text'
  }
}

/** `is missing`, with the possible values. */
function missing(schema: Node): string {
  if (schema.enum !== undefined) return `is missing: ${oneOf(schema.enum)}`
  if (schema.properties !== undefined)
    return `is missing; it needs ${schema.required?.filter(isNeeded(schema)).join(', ')}`
  const example = schema.examples?.[0]
  return typeof example === 'string' ? `is missing, for example ${example}` : 'is missing'
}

function empty(schema: Node): string {
  const hint = schema['x-kind'] === 'colour' ? ` (an unquoted '#' begins a comment)` : ''
  return `is empty: give it a value or remove the line${hint}`
}

/** Where a key of this name exists: `portal`, `apps[]`, or `` for the top. */
function placesOf(schema: Node, key: string, path = ''): string[] {
  const below = schema.anyOf?.flatMap(branch => placesOf(branch, key, path)) ?? []
  if (schema.items !== undefined) below.push(...placesOf(schema.items, key, `${path}[]`))
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    if (name === key) below.unshift(path)
    below.push(...placesOf(child, key, path === '' ? name : `${path}.${name}`))
  }
  return below
}
