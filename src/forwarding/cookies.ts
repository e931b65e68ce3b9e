/** Removes the gate's cookies in both directions, and rewrites `Path` and `Domain` of the app's. */
import { LRUCache } from 'lru-cache'
import { isUpstreamName, toPublicPath, type UrlMapping } from './url-mapping.ts'

/** Names that begin like the gate's count too. */
function isGateCookie(name: string): boolean {
  const lower = name.toLowerCase()
  return (
    lower === 'factorgate' ||
    lower.startsWith('factorgate-') ||
    lower.startsWith('__host-factorgate') ||
    lower.startsWith('__secure-factorgate')
  )
}

/** A `Cookie` line without the gate's pairs; null if nothing is left (THREATS S5). */
export function stripGateCookies(line: string): string | null {
  const known = remembered.get(line)
  if (known !== undefined) return known === '' ? null : known
  const rest = mentionsGate.test(line) ? othersOf(line) : line
  if (line.length <= rememberedLength) remembered.set(line, rest)
  return rest === '' ? null : rest
}

const rememberedLength = 1_024
/** Browsers repeat lines; '' means nothing is left. */
const remembered = new LRUCache<string, string>({ max: 1_000 })

function othersOf(line: string): string {
  const others = line.split(';').flatMap(pair => {
    if (!mentionsGate.test(pair)) return pair
    // Old servers split at commas too (`a=1, factorgate=…`, RFC 2965), even in quotes.
    const kept = pair.split(',').filter(part => !isGateCookie(nameOf(part.replace(/^[\s"]+/, ''))))
    return kept.length === 0 ? [] : kept.join(',')
  })
  return others.join(';').trim()
}

/** THREATS S6. Browsers send `=factorgate=x` back as `factorgate=x`, so without a name the value counts. */
export function setsGateCookie(line: string): boolean {
  return mentionsGate.test(line) && isGateCookie(nameOf(line.replace(/^[\s=]+/, '')))
}

/** Maps `Path` to the public one and drops an internal `Domain`. */
export function rewriteCookieScope(line: string, mapping: UrlMapping): string {
  if (!/;\s*(?:domain|path)\s*=/i.test(line)) return line
  const parts = line.split(';')
  const isHostBound = /^\s*__host-/i.test(parts[0] ?? '')
  const kept = parts.filter((part, i) => i === 0 || !isUpstreamDomain(part, mapping))
  return kept.map((part, i) => (i === 0 || isHostBound ? part : movePath(part, mapping))).join(';')
}

const mentionsGate = /factorgate/i

function nameOf(line: string): string {
  const pair = line.split(';', 1)[0] ?? ''
  const equals = pair.indexOf('=')
  return (equals < 0 ? pair : pair.slice(0, equals)).trim()
}

function isUpstreamDomain(attribute: string, mapping: UrlMapping): boolean {
  const domain = /^\s*domain\s*=\s*\.?(.*)$/is.exec(attribute)?.[1]?.trimEnd()
  return domain !== undefined && isUpstreamName(domain.toLowerCase(), mapping)
}

function movePath(attribute: string, mapping: UrlMapping): string {
  const parts = /^(\s*path\s*=\s*)(\/.*)$/is.exec(attribute)
  if (parts === null) return attribute
  const [, before, rest] = parts as unknown as [string, string, string]
  const path = rest.trimEnd()
  const after = rest.slice(path.length)
  const moved = toPublicPath(path, mapping)
  // `/nb/` would not match the app's root at `/nb`.
  return before + (path === '/' && moved !== '/' ? moved.slice(0, -1) || '/' : moved) + after
}
