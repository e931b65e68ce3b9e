/** The configuration as YAML without secrets, as understood by the gate: with defaults, without empty keys. */
import { stringify } from 'yaml'
import type { Node } from './schema/schema-builders.ts'
import { type Config, configSchema } from './schema.ts'
import { printDuration, printSize } from './values/value-types.ts'

const hidden = '(not shown)'
/** Keys whose text is hidden even if no schema says so. */
const secretName = /(?:secret|password|passphrase|token|credential)s?$/i

export function showConfig(config: Config): string {
  const { file: _, store, ...rest } = config
  const place = store.kind === 'embedded' ? `embedded:${store.path}` : store.url
  const { listen, admin, ...more } = shown(rest, configSchema, '') as Record<string, unknown>
  return stringify({ listen, admin, store: shown(place, undefined, ''), ...more }, { lineWidth: 0 })
}

function shown(value: unknown, node: Node | undefined, key: string): unknown {
  if (value === null || value === undefined) return undefined
  if (node?.['x-secret'] === true || (typeof value === 'string' && secretName.test(key))) return hidden
  if (typeof value === 'number') {
    if (kindIn(node, 'duration')) return printDuration(value)
    return kindIn(node, 'size') ? printSize(value) : value
  }
  // A password in an address, such as that of Redis.
  if (typeof value === 'string') return value.replace(/(:\/\/[^/@:]*):[^/@]*@/g, `$1:${hidden}@`)
  if (value instanceof Map) return shown(Object.fromEntries(value), node, key)
  if (Array.isArray(value)) {
    const items = value.map(item => shown(item, nodeFor(node?.items ?? node, item), key))
    return items.length === 0 ? undefined : items
  }
  if (typeof value !== 'object') return value
  const address = value as { origin?: unknown; prefix?: unknown }
  if (typeof address.origin === 'string') return address.origin + (address.prefix ?? '')
  const map = nodeFor(node, value)
  const entries = Object.entries(value).flatMap(([name, child]) => {
    const text = shown(child, nodeFor(map?.properties?.[name] ?? freeKey(map), child), name)
    return text === undefined ? [] : [[name, text] as const]
  })
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

function kindIn(node: Node | undefined, kind: string): boolean {
  return node?.['x-kind'] === kind || (node?.anyOf?.some(one => kindIn(one, kind)) ?? false)
}

function freeKey(map: Node | undefined): Node | undefined {
  return Object.values(map?.patternProperties ?? {})[0]
}

/** The node of a map is the branch with most of its keys. */
function nodeFor(node: Node | undefined, value: unknown): Node | undefined {
  const choices = node?.anyOf
  if (node === undefined || choices === undefined) return node
  const nested = choices.map(choice => nodeFor(choice, value))
  if (typeof value !== 'object' || value === null) return nested.find(one => one?.type !== 'null') ?? node
  if (Array.isArray(value)) return nested.find(one => one?.type === 'array') ?? node
  const known = (one: Node | undefined) => Object.keys(value).filter(key => one?.properties?.[key] !== undefined).length
  const best = [...nested].sort((a, b) => known(b) - known(a))[0]
  const by = node['x-by']
  const chosen = by === undefined ? undefined : (value as Record<string, unknown>)[by]
  return nested.find(one => chosen !== undefined && one?.properties?.[by as string]?.const === chosen) ?? best
}
