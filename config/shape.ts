/**
 * Shapes: which part of a schema a YAML node can be read with, and the words for what was expected. Owns no values and no places.
 */
import { isMap, isNode, isScalar, isSeq, type Node as YamlNode } from 'yaml'
import { oneOf } from './problems.ts'
import type { Node } from './vocabulary.ts'

/** The schema itself, or the branch of its `anyOf`, that takes a node of this shape. */
export function fit(schema: Node, node: YamlNode | null): Node | undefined {
  if (schema.anyOf !== undefined) return schema.anyOf.find(branch => fit(branch, node) !== undefined)
  if (isNothing(node)) return schema.type === 'null' ? schema : undefined
  if (isMap(node)) return schema.type === 'object' ? schema : undefined
  if (isSeq(node)) return schema.type === 'array' ? schema : undefined
  if (!isScalar(node)) return undefined
  if ('const' in schema) return node.value === schema.const ? schema : undefined
  if (schema.enum !== undefined) return schema
  if (schema.type === 'string') return typeof node.value === 'string' || takesAnyScalar(schema) ? schema : undefined
  return schema.type === 'integer' || schema.type === 'boolean' ? schema : undefined
}

/** `title: 2026` and `users: [007]` are texts to us as they stand; YAML alone sees numbers. */
function takesAnyScalar(schema: Node): boolean {
  return schema['x-instead'] === undefined
}

/** True for `key:` and `key: null`. */
export function isNothing(node: unknown): boolean {
  return !isNode(node) || (isScalar(node) && node.value === null)
}

/** What ends "must be …". */
export function expected(schema: Node): string {
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
    case 'boolean':
      return 'true or false'
    default:
      return schema.type === 'null' ? 'null' : 'text'
  }
}

/** `is missing`, and what could stand there. */
export function missing(schema: Node): string {
  if (schema.enum !== undefined) return `is missing: ${oneOf(schema.enum)}`
  if (schema.properties !== undefined)
    return `is missing; it needs ${schema.required?.filter(isNeeded(schema)).join(', ')}`
  const example = schema.examples?.[0]
  return typeof example === 'string' ? `is missing, for example ${example}` : 'is missing'
}

/** True for keys that nothing fills in. */
export function isNeeded(schema: Node): (key: string) => boolean {
  return key => {
    const child = schema.properties?.[key]
    return schema.required?.includes(key) === true && child?.default === undefined && child?.['x-derived'] === undefined
  }
}

/** What to say where nothing stands behind a key. */
export function empty(schema: Node): string {
  const hint = schema['x-kind'] === 'colour' ? ` (an unquoted '#' begins a comment)` : ''
  return `is empty: give it a value or remove the line${hint}`
}

/** Where in the whole schema a key of this name exists: `portal`, `apps[]`, or `` for the top. */
export function placesOf(schema: Node, key: string, path = ''): string[] {
  const below = schema.anyOf?.flatMap(branch => placesOf(branch, key, path)) ?? []
  if (schema.items !== undefined) below.push(...placesOf(schema.items, key, `${path}[]`))
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    if (name === key) below.unshift(path)
    below.push(...placesOf(child, key, path === '' ? name : `${path}.${name}`))
  }
  return below
}
