/** Functions that build the schema: JSON Schema with a few `x-…` words for the reader, which print.ts removes. */
import type { Loaded, ValueTypeName } from '../values/value-types.ts'

/** The texts for the reference and editors. `default` and `example` are as in the file. */
export interface About {
  readonly title: string
  readonly description: string
  readonly default?: unknown
  readonly example?: unknown
}

/** Plain JSON Schema, for the reader and print.ts. */
export interface Node {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'null'
  readonly title?: string
  readonly description?: string
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Node>>
  readonly required?: readonly string[]
  readonly additionalProperties?: false
  readonly patternProperties?: Readonly<Record<string, Node>>
  readonly items?: Node
  readonly minItems?: number
  readonly anyOf?: readonly Node[]
  /** The key whose value selects a map of `anyOf`. */
  readonly 'x-by'?: string
  readonly enum?: readonly (string | number)[]
  readonly const?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly 'x-kind'?: ValueTypeName
  /** A single value becomes a list of one. */
  readonly 'x-listed'?: true
  /** A text alone stands for a map with this key. */
  readonly 'x-short'?: string
  /** Bounds of a duration (seconds) or size (bytes). */
  readonly 'x-least'?: number
  readonly 'x-most'?: number
  /** The value is never shown, and may be given as `…File`. */
  readonly 'x-secret'?: true
  /** This key names a file with the value of that key. */
  readonly 'x-fileOf'?: string
  /** The value is filled in from other keys, which the text names. */
  readonly 'x-derived'?: string
  /** A message in place of "must be a list" and the like, if the reason matters more. */
  readonly 'x-instead'?: string
  /** What a scalar must be if the key also takes values of other shapes. Only the reader sets it. */
  readonly 'x-must'?: string
  /** The type of the keys in a map with free keys. */
  readonly 'x-keys'?: ValueTypeName
}

declare const value: unique symbol
declare const absent: unique symbol

/** Its loaded value is a T, for the compiler alone. */
export interface Schema<T = unknown> extends Node {
  readonly [value]: T
}
interface OptionalSchema<T> extends Schema<T> {
  readonly [absent]: true
}

export type ValueOf<S extends Schema> = S[typeof value]

type Keys = Readonly<Record<string, Schema>>
type OptionalKey<P extends Keys> = { [K in keyof P]: P[K] extends OptionalSchema<unknown> ? K : never }[keyof P]
type MapOf<P extends Keys> = Flat<
  { -readonly [K in Exclude<keyof P, OptionalKey<P>>]: ValueOf<P[K]> } & {
    -readonly [K in OptionalKey<P>]?: ValueOf<P[K]>
  }
>
type Flat<T> = { [K in keyof T]: T[K] }

export function typed<T>(node: Node): Schema<T> {
  return node as Schema<T>
}

const optional = new WeakSet<object>()

function about({ example, ...rest }: About): Node {
  return example === undefined ? rest : { ...rest, examples: [example] }
}

export function text<K extends ValueTypeName>(kind: K, of: About, more: Partial<Node> = {}) {
  return typed<Loaded<K>>({ type: 'string', ...about(of), 'x-kind': kind, ...more })
}

export function duration(of: About, least: number, most: number) {
  return text('duration', of, { 'x-least': least, 'x-most': most })
}

/** A text that is never shown. `secretFile` makes its `…File` key. */
export function secret<K extends ValueTypeName>(kind: K, of: About) {
  return text(kind, of, { 'x-secret': true })
}

/** The loader reads the file. */
export function secretFile(key: string, of: About) {
  return orNull(text('file', of, { 'x-fileOf': key }))
}

/** The loader fills it in from the keys that `from` names. */
export function derived<K extends ValueTypeName>(kind: K, from: string, of: About) {
  return text(kind, of, { 'x-derived': from })
}

export function choice<const T extends string | number>(words: readonly T[], of: About, more: Partial<Node> = {}) {
  const type = typeof words[0] === 'number' ? 'integer' : 'string'
  return typed<T>({ type, enum: words, ...about(of), ...more })
}

export function whole(of: About, minimum: number, maximum: number) {
  return typed<number>({ type: 'integer', minimum, maximum, ...about(of) })
}

/** It may have a fraction. */
export function number(of: About, minimum: number, maximum: number) {
  return typed<number>({ type: 'number', minimum, maximum, ...about(of) })
}

export function flag(of: About) {
  return typed<boolean>({ type: 'boolean', ...about(of) })
}

export function list<T extends Schema>(items: T, of: About, more: Partial<Node> = {}) {
  return typed<readonly ValueOf<T>[]>({ type: 'array', items, ...about(of), ...more })
}

export function map<P extends Keys>(properties: P, of: About) {
  return typed<MapOf<P>>({
    type: 'object',
    required: Object.keys(properties).filter(key => !optional.has(properties[key]!)),
    properties,
    additionalProperties: false,
    ...about(of)
  })
}

/** Selected by the key `kind`. */
export function oneByKind<const T extends readonly Schema<{ readonly kind: string }>[]>(maps: T, of: About) {
  return typed<ValueOf<T[number]>>({ type: 'object', anyOf: maps, 'x-by': 'kind', ...about(of) })
}

export function record<T extends Schema>(keys: ValueTypeName, values: T, of: About) {
  return typed<Readonly<Record<string, ValueOf<T>>>>({
    type: 'object',
    patternProperties: { '^.*$': values },
    'x-keys': keys,
    ...about(of)
  })
}

export function orNull<T extends Schema>(schema: T) {
  return typed<ValueOf<T> | null>({ default: null, ...schema })
}

export function orAbsent<T extends Schema>(schema: T) {
  const copy = { ...schema } as unknown as OptionalSchema<ValueOf<T>>
  optional.add(copy)
  return copy
}

export function isNeeded(schema: Node): (key: string) => boolean {
  return key => {
    const child = schema.properties?.[key]
    return schema.required?.includes(key) === true && child?.default === undefined && child?.['x-derived'] === undefined
  }
}
