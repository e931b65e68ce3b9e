/** Removes the gateway's own cookies in both directions and rescopes the app's. Other cookies keep their bytes. */
import { LRUCache } from 'lru-cache'
import { isInsideName, publicPath, type UrlMapping } from './url-mapping.ts'

/** True for our names and those a browser could confuse with them. */
export function isOurCookie(name: string): boolean {
  const lower = name.toLowerCase()
  return (
    lower === 'factorgate' ||
    lower.startsWith('factorgate-') ||
    lower.startsWith('__host-factorgate') ||
    lower.startsWith('__secure-factorgate')
  )
}

/** A `Cookie` line without our pairs; null if nothing is left (THREATS S5). */
export function stripGatewayCookies(line: string): string | null {
  const known = remembered.get(line)
  if (known !== undefined) return known === '' ? null : known
  const rest = mentionsUs.test(line) ? othersOf(line) : line
  if (line.length <= rememberedLength) remembered.set(line, rest ?? '')
  return rest
}

const rememberedLength = 1_024
/** Browsers repeat the line for every request of a page. '' means nothing is left. */
const remembered = new LRUCache<string, string>({ max: 1_000 })

function othersOf(line: string): string | null {
  const others = line.split(';').flatMap(pair => {
    if (!mentionsUs.test(pair)) return pair
    // Old servers split `a=1, factorgate=…` (RFC 2965), also in quotes, so what follows the comma is removed.
    const kept = pair.split(',').filter(part => !isOurCookie(nameOf(part.replace(/^[\s"]+/, ''))))
    return kept.length === 0 ? [] : kept.join(',')
  })
  const rest = others.join(';').trim()
  return rest === '' ? null : rest
}

/**
 * True for a `Set-Cookie` line that sets one of ours (THREATS S6). Without a name the value counts: browsers send
 * `=factorgate=x` back as `factorgate=x`.
 */
export function setsGatewayCookie(line: string): boolean {
  return mentionsUs.test(line) && isOurCookie(nameOf(line.replace(/^[\s=]+/, '')))
}

/** Rescopes a `Set-Cookie` line: maps `Path` to the public one and drops an internal `Domain`. */
export function rewriteCookieScope(line: string, where: UrlMapping): string {
  if (!/;\s*(?:domain|path)\s*=/i.test(line)) return line
  const parts = line.split(';')
  const isHostBound = /^\s*__host-/i.test(parts[0] ?? '')
  const kept = parts.filter((part, i) => i === 0 || !isInsideDomain(part, where))
  return kept.map((part, i) => (i === 0 || isHostBound ? part : movePath(part, where))).join(';')
}

const mentionsUs = /factorgate/i

function nameOf(line: string): string {
  const pair = line.split(';', 1)[0] ?? ''
  const equals = pair.indexOf('=')
  return (equals < 0 ? pair : pair.slice(0, equals)).trim()
}

function isInsideDomain(attribute: string, where: UrlMapping): boolean {
  const domain = /^\s*domain\s*=\s*\.?(.*?)\s*$/i.exec(attribute)?.[1]
  return domain !== undefined && isInsideName(domain.toLowerCase(), where)
}

function movePath(attribute: string, where: UrlMapping): string {
  const parts = /^(\s*path\s*=\s*)(\/.*?)(\s*)$/i.exec(attribute)
  if (parts === null) return attribute
  const [, before, path, after] = parts as unknown as [string, string, string, string]
  const moved = publicPath(path, where)
  // `/nb/` would not match the app's root at `/nb`.
  return before + (path === '/' && moved !== '/' ? moved.slice(0, -1) || '/' : moved) + after
}
