/**
 * Functions that build the schema: JSON Schema, plus a few `x-…` words that tell the reader what a text means and that print.ts takes out
 * again. Every key has a title and a description.
 */
import type { Loaded, ValueTypeName } from '../values/value-types.ts'

/** What the reference and editors say about a key. `default` and `example` are written as the file would write them. */
export interface About {
  readonly title: string
  readonly description: string
  readonly default?: unknown
  readonly example?: unknown
}

/** A schema node as the reader and print.ts see it: plain JSON Schema. */
export interface Node {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean' | 'null'
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
  readonly enum?: readonly (string | number)[]
  readonly const?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly 'x-kind'?: ValueTypeName
  /** A single value is loaded as a list of one. */
  readonly 'x-listed'?: true
  /** Bounds of a duration (seconds) or size (bytes). */
  readonly 'x-least'?: number
  readonly 'x-most'?: number
  /** Never shown; may be given as `…File`. */
  readonly 'x-secret'?: true
  /** This key names a file that holds that key's value. */
  readonly 'x-fileOf'?: string
  /** Filled in from other keys; the words say from which. */
  readonly 'x-derived'?: string
  /** Said instead of "must be a list" and the like, where the reason matters more than the shape. */
  readonly 'x-instead'?: string
  /** The type of the keys in a map with free keys. */
  readonly 'x-keys'?: ValueTypeName
}

declare const value: unique symbol
declare const absent: unique symbol

/** A schema whose loaded value is a T. The value's type is for the compiler alone. */
export interface Schema<T = unknown> extends Node {
  readonly [value]: T
}
interface OptionalSchema<T> extends Schema<T> {
  readonly [absent]: true
}

/** The type of what a schema loads. */
export type ValueOf<S extends Schema> = S[typeof value]

type Keys = Readonly<Record<string, Schema>>
type OptionalKey<P extends Keys> = { [K in keyof P]: P[K] extends OptionalSchema<unknown> ? K : never }[keyof P]
type MapOf<P extends Keys> = Flat<
  { -readonly [K in Exclude<keyof P, OptionalKey<P>>]: ValueOf<P[K]> } & {
    -readonly [K in OptionalKey<P>]?: ValueOf<P[K]>
  }
>
type Flat<T> = { [K in keyof T]: T[K] }

/** A schema written out, with the type of what it loads. */
export function typed<T>(node: Node): Schema<T> {
  return node as Schema<T>
}

const optional = new WeakSet<object>()

function about({ example, ...rest }: About): Node {
  return example === undefined ? rest : { ...rest, examples: [example] }
}

/** Text of one type. */
export function text<K extends ValueTypeName>(kind: K, of: About, more: Partial<Node> = {}) {
  return typed<Loaded<K>>({ type: 'string', ...about(of), 'x-kind': kind, ...more })
}

/** A duration between two others, in seconds. */
export function duration(of: About, least: number, most: number) {
  return text('duration', of, { 'x-least': least, 'x-most': most })
}

/** Text that is never shown; write `secretFile` for its `…File` beside it. */
export function secret<K extends ValueTypeName>(kind: K, of: About) {
  return text(kind, of, { 'x-secret': true })
}

/** The `…File` of a secret: the loader reads it and fills the secret itself. */
export function secretFile(key: string, of: About) {
  return orNull(text('file', of, { 'x-fileOf': key }))
}

/** A value the loader fills from other keys when the file does not give it; `from` says which, in words. */
export function derived<K extends ValueTypeName>(kind: K, from: string, of: About) {
  return text(kind, of, { 'x-derived': from })
}

/** One of a few words. */
export function choice<const T extends string | number>(words: readonly T[], of: About, more: Partial<Node> = {}) {
  const type = typeof words[0] === 'number' ? 'integer' : 'string'
  return typed<T>({ type, enum: words, ...about(of), ...more })
}

export function whole(of: About, minimum: number, maximum: number) {
  return typed<number>({ type: 'integer', minimum, maximum, ...about(of) })
}

export function flag(of: About) {
  return typed<boolean>({ type: 'boolean', ...about(of) })
}

export function list<T extends Schema>(items: T, of: About, more: Partial<Node> = {}) {
  return typed<readonly ValueOf<T>[]>({ type: 'array', items, ...about(of), ...more })
}

/** A map with these keys and no other. */
export function map<P extends Keys>(properties: P, of: About) {
  return typed<MapOf<P>>({
    type: 'object',
    required: Object.keys(properties).filter(key => !optional.has(properties[key]!)),
    properties,
    additionalProperties: false,
    ...about(of)
  })
}

/** A map with free keys of one type. */
export function record<T extends Schema>(keys: ValueTypeName, values: T, of: About) {
  return typed<Readonly<Record<string, ValueOf<T>>>>({
    type: 'object',
    patternProperties: { '^.*$': values },
    'x-keys': keys,
    ...about(of)
  })
}

/** May be left out; null then. */
export function orNull<T extends Schema>(schema: T) {
  return typed<ValueOf<T> | null>({ default: null, ...schema })
}

/** May be left out; absent then. */
export function orAbsent<T extends Schema>(schema: T) {
  const copy = { ...schema } as unknown as OptionalSchema<ValueOf<T>>
  optional.add(copy)
  return copy
}

/** True for keys that nothing fills in. */
export function isNeeded(schema: Node): (key: string) => boolean {
  return key => {
    const child = schema.properties?.[key]
    return schema.required?.includes(key) === true && child?.default === undefined && child?.['x-derived'] === undefined
  }
}
