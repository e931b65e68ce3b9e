/** Removes the gateway's own cookies in both directions and rescopes the app's. Other cookies keep their bytes. */
import { LRUCache } from 'lru-cache'
import { isUpstreamName, toPublicPath, type UrlMapping } from './url-mapping.ts'

/** True for our names and those a browser could confuse with them. */
export function isGateCookie(name: string): boolean {
  const lower = name.toLowerCase()
  return (
    lower === 'factorgate' ||
    lower.startsWith('factorgate-') ||
    lower.startsWith('__host-factorgate') ||
    lower.startsWith('__secure-factorgate')
  )
}

/** A `Cookie` line without our pairs; null if nothing is left (THREATS S5). */
export function stripGateCookies(line: string): string | null {
  const known = remembered.get(line)
  if (known !== undefined) return known === '' ? null : known
  const rest = mentionsGate.test(line) ? othersOf(line) : line
  if (line.length <= rememberedLength) remembered.set(line, rest ?? '')
  return rest
}

const rememberedLength = 1_024
/** Browsers repeat the line for every request of a page. '' means nothing is left. */
const remembered = new LRUCache<string, string>({ max: 1_000 })

function othersOf(line: string): string | null {
  const others = line.split(';').flatMap(pair => {
    if (!mentionsGate.test(pair)) return pair
    // Old servers split `a=1, factorgate=…` (RFC 2965), also in quotes, so what follows the comma is removed.
    const kept = pair.split(',').filter(part => !isGateCookie(nameOf(part.replace(/^[\s"]+/, ''))))
    return kept.length === 0 ? [] : kept.join(',')
  })
  const rest = others.join(';').trim()
  return rest === '' ? null : rest
}

/**
 * True for a `Set-Cookie` line that sets one of ours (THREATS S6). Without a name the value counts: browsers send
 * `=factorgate=x` back as `factorgate=x`.
 */
export function setsGateCookie(line: string): boolean {
  return mentionsGate.test(line) && isGateCookie(nameOf(line.replace(/^[\s=]+/, '')))
}

/** Rescopes a `Set-Cookie` line: maps `Path` to the public one and drops an internal `Domain`. */
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
  const domain = /^\s*domain\s*=\s*\.?(.*?)\s*$/i.exec(attribute)?.[1]
  return domain !== undefined && isUpstreamName(domain.toLowerCase(), mapping)
}

function movePath(attribute: string, mapping: UrlMapping): string {
  const parts = /^(\s*path\s*=\s*)(\/.*?)(\s*)$/i.exec(attribute)
  if (parts === null) return attribute
  const [, before, path, after] = parts as unknown as [string, string, string, string]
  const moved = toPublicPath(path, mapping)
  // `/nb/` would not match the app's root at `/nb`.
  return before + (path === '/' && moved !== '/' ? moved.slice(0, -1) || '/' : moved) + after
}
