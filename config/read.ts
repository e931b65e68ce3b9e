/**
 * Schema + YAML nodes → values. Owns the walk: shapes, defaults, `${NAME}`, `…File`, unknown keys and typos; goes on after every
 * problem so that all of them are said at once. Refuses to look at two keys together, save a secret and its file (checks.ts).
 * What cannot be read is `undefined` in the result, and a problem stands for it.
 */
import { isAlias, isMap, isScalar, isSeq, type Pair, type Scalar, type YAMLMap, type Node as YamlNode } from 'yaml'
import type { YamlText } from './document.ts'
import { kinds } from './kinds.ts'
import { nearest, oneOf, shown, shownKey } from './problems.ts'
import type { Reading } from './reading.ts'
import { readSecretFile } from './secret-file.ts'
import { empty, expected, fit, isNeeded, isNothing, missing, placesOf } from './shape.ts'
import { substitute } from './substitute.ts'
import { printDuration, printSize } from './units.ts'
import type { Node } from './vocabulary.ts'
import { isWrong } from './wrong.ts'

type Yaml = YamlNode | null

/** Reads a whole document. */
export function readDocument(schema: Node, yaml: YamlText, reading: Reading): unknown {
  return new Reader(schema, yaml, reading).value(schema, yaml.document.contents as Yaml, '')
}

class Reader {
  readonly #root: Node
  readonly #yaml: YamlText
  readonly #reading: Reading

  constructor(root: Node, yaml: YamlText, reading: Reading) {
    this.#root = root
    this.#yaml = yaml
    this.#reading = reading
  }

  value(schema: Node, given: Yaml, path: string): unknown {
    const node = isAlias(given) ? (given.resolve(this.#yaml.document) ?? null) : given
    if (given?.range) this.#reading.stands(path, this.#yaml.at(given.range[0]))
    const fitting = fit(schema, node)
    if (fitting === undefined) return this.#misshapen(schema, node, path)
    const value = this.#fitting(fitting, node, path)
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
    const strangers = [...pairs].filter(([key]) => !Object.hasOwn(properties, key))
    const bare =
      node.flow === true
        ? strangers.filter(
            ([key, pair]) =>
              pair.value == null && !isGlued(key) && nearest(shownKey(key), Object.keys(properties)) === null
          )
        : []
    for (const [key, pair] of this.#oneOfAKind(strangers, bare, path))
      guessed.add(this.#unknownKey(properties, key, pair, path) ?? '')
    // Its name is there, and only the blank after it is not.
    for (const [key] of strangers) guessed.add(glued.exec(key)?.[1] ?? '')
    // The value before a comma that was meant as text is only half of it.
    const all = [...pairs.keys()]
    const halved = bare[0] === undefined ? undefined : all[all.indexOf(bare[0][0]) - 1]
    const result: Record<string, unknown> = {}
    for (const [key, child] of Object.entries(properties)) {
      const here = join(path, key)
      const pair = pairs.get(key)
      const file = child['x-secret'] ? pairs.get(`${key}File`) : undefined
      if (pair !== undefined && key === halved) continue
      if (pair !== undefined) {
        result[key] = this.#below(child, pair, here)
        if (file !== undefined)
          this.#reading.problem(`${here}File`, `says the same as '${key}': give one of the two`, this.#keyPlace(file))
      } else if (file !== undefined) result[key] = this.#fromFile(child, file, `${here}File`)
      else if (child.default === null) result[key] = null
      else if (child.default !== undefined) result[key] = this.value(child, this.#created(child.default), here)
      else if (isNeeded(schema)(key) && !guessed.has(key)) this.#reading.problem(here, missing(child))
    }
    return result
  }

  #record(schema: Node, node: YAMLMap, path: string): unknown {
    const values = Object.values(schema.patternProperties!)[0]!
    const result: Record<string, unknown> = Object.create(null)
    for (const [key, pair] of this.#pairs(node, path)) {
      const here = join(path, key)
      const name = kinds[schema['x-keys']!].read(key, this.#reading.around.folder)
      if (isWrong(name)) this.#reading.problem(here, `${name.wrong}${this.#got(name, key)}`, this.#keyPlace(pair))
      const value = this.#below(values, pair, here)
      if (value !== undefined) result[key] = value
    }
    return result
  }

  #list(schema: Node, items: readonly Yaml[], path: string): unknown {
    if (items.length < (schema.minItems ?? 0))
      return this.#wrong(path, 'is an empty list: put something in or remove the line')
    return items.map((item, index) => this.value(schema.items!, item, `${path}[${index}]`))
  }

  #scalar(schema: Node, node: Scalar, path: string): unknown {
    if (typeof node.value !== 'string') {
      const raw = node.source ?? String(node.value)
      return this.#checked(schema, schema.type === 'string' ? raw : node.value, raw, path)
    }
    const filled = substitute(node.value, this.#reading.around.env)
    if (isWrong(filled)) return this.#wrong(path, filled.wrong)
    const { text, changed } = filled
    if (schema.type === 'string') return this.#checked(schema, text, node.value, path)
    // A number or a switch from the environment: the text decides.
    const bare = changed && /^(true|false|\d{1,15})$/.test(text) ? JSON.parse(text) : text
    return this.#checked(schema, bare, node.value, path)
  }

  /** `raw` is the text as the file has it, for messages: variables may hold secrets. */
  #checked(schema: Node, value: unknown, raw: string, path: string): unknown {
    if ('const' in schema || schema.type === 'null') return value
    if (schema.enum !== undefined) return this.#choice(schema, value, raw, path)
    if (schema.type === 'boolean')
      return typeof value === 'boolean' ? value : this.#wrong(path, `must be true or false, got ${shown(raw)}`)
    if (schema.type === 'integer') {
      const [least, most] = [schema.minimum!, schema.maximum!]
      if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return value
      return this.#wrong(
        path,
        `${schema['x-instead'] ?? `must be a whole number from ${least} to ${most}`}, got ${shown(raw)}`
      )
    }
    return this.#text(schema, value as string, raw, path)
  }

  #choice(schema: Node, value: unknown, raw: string, path: string): unknown {
    const words = schema.enum!
    if (words.includes(value as string)) return value
    const must = schema['x-instead'] ?? `must be ${oneOf(words)}`
    const guess =
      words.length > 1
        ? nearest(
            raw,
            words.filter(word => typeof word === 'string')
          )
        : null
    return this.#wrong(path, `${must}, got ${shown(raw)}${guess === null ? '' : `; did you mean '${guess}'?`}`)
  }

  #text(schema: Node, text: string, raw: string, path: string): unknown {
    if (text.trim() === '') return this.#wrong(path, raw.trim() === '' ? empty(schema) : `is empty once filled in`)
    const kind = schema['x-kind']!
    const value = kinds[kind].read(text, this.#reading.around.folder)
    if (isWrong(value)) return this.#wrong(path, `${value.wrong}${schema['x-secret'] ? '' : this.#got(value, raw)}`)
    const [least, most] = [schema['x-least'] ?? 0, schema['x-most'] ?? Number.POSITIVE_INFINITY]
    if (typeof value !== 'number' || (value >= least && value <= most)) return value
    const print = kind === 'size' ? printSize : printDuration
    return this.#wrong(path, `must be from ${print(least)} to ${print(most)}, got ${shown(raw)}`)
  }

  /** The value of a pair; where there is none, the key's place stands for it. */
  #below(schema: Node, pair: Pair, path: string): unknown {
    if (pair.value == null) this.#reading.stands(path, this.#keyPlace(pair))
    return this.value(schema, (pair.value ?? null) as Yaml, path)
  }

  /** The secret that stands in the file which the configuration names. */
  #fromFile(schema: Node, pair: Pair, path: string): unknown {
    const name = this.#below({ type: 'string', 'x-kind': 'file' }, pair, path)
    if (typeof name !== 'string') return undefined
    this.#reading.files.set(name, path)
    this.#reading.secrets.set(name, path)
    const text = readSecretFile(name, this.#reading.around.folder)
    if (isWrong(text)) return this.#wrong(path, text.wrong)
    const value = kinds[schema['x-kind']!].read(text, this.#reading.around.folder)
    return isWrong(value) ? this.#wrong(path, `its content ${value.wrong}`) : value
  }

  /** Keys and their pairs; twice the same key is a problem, and the first counts. */
  #pairs(node: YAMLMap, path: string): Map<string, Pair> {
    const pairs = new Map<string, Pair>()
    for (const pair of node.items as Pair[]) {
      const key = isScalar(pair.key) ? String(pair.key.source ?? pair.key.value) : '?'
      if (!pairs.has(key)) pairs.set(key, pair)
      else this.#reading.problem(join(path, key), `stands here twice: keep one`, this.#keyPlace(pair))
    }
    return pairs
  }

  /**
   * One mistake in braces makes many keys: a text or a list with commas in it, and `{url:"x",title:"y"}` without blanks. Says the first
   * of them, once for all; answers the other keys.
   */
  #oneOfAKind(
    strangers: readonly [string, Pair][],
    bare: readonly [string, Pair][],
    path: string
  ): readonly [string, Pair][] {
    if (bare[0] !== undefined)
      this.#reading.problem(
        join(path, bare[0][0]),
        'stands here without a value: between { and } a comma ends the value before it; put [ ] around a list, and quotes around text with commas',
        this.#keyPlace(bare[0][1])
      )
    const first = strangers.find(([key]) => isGlued(key))
    return strangers.filter(each => !bare.includes(each) && (each === first || !isGlued(each[0])))
  }

  /** Says so, and returns the key that was probably meant. */
  #unknownKey(properties: Readonly<Record<string, Node>>, key: string, pair: Pair, path: string): string | null {
    const known = Object.keys(properties)
    const name = shownKey(key)
    const guess = nearest(key, known)
    let hint = `; known here: ${known.join(', ')}`
    const elsewhere = placesOf(this.#root, key)
    if (isGlued(key)) hint = ": is a blank missing after the ':'?"
    else if (guess !== null) hint = `, did you mean '${guess}'?`
    else if (key === '<<') hint = ': merge keys are not read; use an alias for the whole value'
    else if (elsewhere.length > 0)
      hint = `; it belongs in ${oneOf(elsewhere.slice(0, 3).map(place => place || 'the top'))}`
    this.#reading.problem(join(path, key), `unknown key '${name}'${hint}`, this.#keyPlace(pair))
    return guess
  }

  #misshapen(schema: Node, node: Yaml, path: string): undefined {
    if (isNothing(node)) return this.#wrong(path, path === '' ? emptyFile : empty(schema))
    if (schema['x-instead'] !== undefined) return this.#wrong(path, schema['x-instead'])
    let got = isMap(node) ? 'a map of keys' : isSeq(node) ? 'a list' : 'text'
    // Text where a map should be may be `KEY:value` without the blank, so a secret.
    const isSafe = schema.type !== 'object' && !schema['x-secret']
    if (isScalar(node) && isSafe) got = shown(node.source ?? String(node.value))
    return this.#wrong(path, `must be ${expected(schema)}, got ${got}`)
  }

  #got(wrong: { quiet: boolean }, raw: string): string {
    return wrong.quiet ? '' : `, got ${shown(raw)}`
  }

  #wrong(path: string, message: string): undefined {
    this.#reading.problem(path, message)
    return undefined
  }

  #keyPlace(pair: Pair) {
    return this.#yaml.at((pair.key as Scalar | null)?.range?.[0] ?? 0)
  }

  /** A default as nodes, so that it is read like anything else; it has no place in the file. */
  #created(value: unknown): Yaml {
    return this.#yaml.document.createNode(value) as Yaml
  }
}

const emptyFile =
  'is empty; it needs at least portal.url and apps. `factorgate init` writes a commented file to begin with'

/** `url:"x"` without a blank is one key to YAML. */
const glued = /^([\w-]+):\S/

function isGlued(key: string): boolean {
  return glued.test(key)
}

/** The path of a key, with nothing in it that may be a secret. */
function join(path: string, key: string): string {
  return path === '' ? shownKey(key) : `${path}.${shownKey(key)}`
}
