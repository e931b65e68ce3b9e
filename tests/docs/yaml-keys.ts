/** Keys in the YAML of pages that the configuration does not have. Parts of a configuration are compared with the part of the schema that fits best. */
import { parse } from 'yaml'
import type { Node } from '../../config/schema/schema-builders.ts'
import { configSchema } from '../../config/schema.ts'

/** The keys that no part of the schema has, or that stand at the wrong place; empty if `yaml` can be a part of a configuration. */
export function unknownKeysIn(yaml: string): string[] {
  const indent = /^ */.exec(yaml)![0]
  const value: unknown = parse(yaml.replace(new RegExp(`^${indent}`, 'gm'), ''))
  if (!isMap(value)) return []
  const whole = unknownAt(value, configSchema, '')
  // A whole configuration names its keys; a part fits somewhere.
  if (Object.keys(value).some(key => key in (configSchema as Node).properties!)) return whole
  return least([whole, ...maps(configSchema).map(node => unknownAt(value, node, ''))])
}

function unknownAt(value: unknown, node: Node, at: string): string[] {
  if (Array.isArray(value)) {
    const items = node.items === undefined ? alternatives(node).flatMap(({ items }) => items ?? []) : [node.items]
    return items.length === 0
      ? []
      : value.flatMap((each, n) => least(items.map(item => unknownAt(each, item, `${at}[${n}]`))))
  }
  if (!isMap(value)) return []
  // A single value may stand for a list of one.
  const open = alternatives(node).flatMap(each => (each.items === undefined ? [each] : [each.items, each]))
  const found = open
    .flatMap(alternatives)
    .filter(each => each.properties !== undefined || each.patternProperties !== undefined)
  if (found.length === 0) return Object.keys(value).map(key => `${at}.${key}`)
  return least(found.map(each => unknownInMap(value, each, at)))
}

function unknownInMap(value: Record<string, unknown>, node: Node, at: string): string[] {
  const free = Object.values(node.patternProperties ?? {})
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = at === '' ? key : `${at}.${key}`
    const own = node.properties?.[key] ?? free[0]
    return own === undefined ? [here] : unknownAt(inner, own, here)
  })
}

/** The shortest list; of several, the one that went deepest. */
const least = (faults: string[][]) =>
  faults.reduce((best, each) =>
    each.length < best.length || (each.length === best.length && each.join().length > best.join().length) ? each : best
  )

/** The node itself and what it may be instead. */
function alternatives(node: Node): Node[] {
  return [node, ...(node.anyOf ?? []).flatMap(alternatives)]
}

/** Every map of the schema. */
function maps(node: Node): Node[] {
  const inner = [
    ...Object.values(node.properties ?? {}),
    ...Object.values(node.patternProperties ?? {}),
    ...(node.items === undefined ? [] : [node.items]),
    ...(node.anyOf ?? [])
  ]
  return [...(node.properties === undefined ? [] : [node]), ...inner.flatMap(maps)]
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
