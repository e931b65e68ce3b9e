/** Maps addresses between an app's public origin and prefix and its upstream host and base path. Other bytes stay. */
import type { App, Upstream } from '../apps/route-table.ts'
import { normalName } from '../request/header-name.ts'

export interface UrlMapping {
  readonly publicOrigin: string
  readonly publicHost: string
  /** '' or '/nb' */
  readonly prefix: string
  readonly sharesPortal: boolean
  readonly isOnBoundHost: boolean
  readonly upstreamOrigin: string
  /** '' or '/x' */
  readonly basePath: string
  readonly names: ReadonlySet<string>
  readonly ports: ReadonlySet<string>
  /** Other sites on the same host name. */
  readonly neighbours: readonly string[]
  readonly upstreamNames: readonly string[]
  /** The app gets a Host other than the public one. */
  readonly isMoved: boolean
}

/** What becomes of a header's value; null leaves the line out. */
export type Rewrite = (value: string, mapping: UrlMapping) => string | null

/** @param host the Host header sent to this upstream. */
export function urlMappingOf(app: App, upstream: Upstream, host: string): UrlMapping {
  const told = toldOf(app)
  const origins = app.upstreams.map(({ origin }) => origin.replace(/^[a-z]+:\/\//i, ''))
  const inside = [...[...origins, host].map(ascii), ...told.hosts]
  const own = [...inside, app.host]
  const scheme = upstream.origin.slice(0, upstream.origin.indexOf(':'))
  return {
    publicOrigin: app.origin,
    publicHost: app.host,
    prefix: app.prefix,
    sharesPortal: app.sharesPortal === true,
    isOnBoundHost: app.isOnBoundHost === true,
    upstreamOrigin: `${scheme}://${host}`,
    basePath: upstream.basePath,
    names: new Set(own.map(nameOf)),
    ports: new Set(['', '80', '443', ...own.map(portOf), ...told.ports]),
    neighbours: app.neighbours ?? [],
    upstreamNames: inside.filter(one => one !== app.host).map(nameOf),
    isMoved: ascii(host) !== app.host
  }
}

/** The address that `addHeaders` tells the app. Hosts are in lower case. */
export function toldOf({ addHeaders }: Pick<App, 'addHeaders'>): {
  readonly hosts: readonly string[]
  readonly ports: readonly string[]
} {
  const of = (name: string) =>
    Object.entries(addHeaders).flatMap(([one, value]) => (normalName(one) === name ? value : []))
  return { hosts: of('x-forwarded-host').map(ascii), ports: of('x-forwarded-port') }
}

/** @param path below the prefix; '' is the base path as it is, because a socket or a POST cannot be led to the one with a slash. */
export function toUpstreamPath(path: string, { basePath }: Pick<UrlMapping, 'basePath'>): string {
  return path.startsWith('/') || basePath !== '' ? basePath + path : `/${path}`
}

/** A path that has the prefix already stays: that app knows its prefix. */
export function toPublicPath(path: string, { prefix, basePath }: Pick<UrlMapping, 'prefix' | 'basePath'>): string {
  if (prefix === basePath) return path
  if (basePath !== '' && isUnder(path, basePath)) {
    const moved = prefix + path.slice(basePath.length)
    // Browsers take what follows two slashes for a host; they read a backslash as a slash and leave out tabs (THREATS R23).
    if (/^\/[\t\r\n]*[/\\]/.test(moved)) return `/.${moved}`
    return moved.startsWith('/') ? moved : `/${moved}`
  }
  if (basePath !== '' || isUnder(path, prefix) || isUnder(path, '/.factorgate')) return path
  return prefix + path
}

/** Other sites and relative values stay. */
export function toPublicLocation(value: string, mapping: UrlMapping): string {
  if (value.startsWith('/') && value[1] !== '/') return toPublicPath(value, mapping)
  const url = /^(?:https?:)?\/\/([^/?#\\]*)(.*)$/is.exec(value)
  if (url === null) return value
  const [, authority, rest] = url as unknown as [string, string, string]
  if (!isAppAuthority(authority, mapping)) return value
  const path = rest.startsWith('/') ? rest : `/${rest}`
  return mapping.publicOrigin + (rest === '' && mapping.prefix === '' ? '' : toPublicPath(path, mapping))
}

export function isPublicHost(authority: string, mapping: UrlMapping): boolean {
  const host = ascii(authority)
  if (host === mapping.publicHost) return true
  return host === `${mapping.publicHost}:${mapping.publicOrigin.startsWith('https:') ? 443 : 80}`
}

/** Null outside the prefix. */
export function publicToUpstreamPath(path: string, mapping: UrlMapping): string | null {
  if (!isUnder(path, mapping.prefix) && mapping.prefix !== '') return null
  const below = path.slice(mapping.prefix.length)
  // The bare prefix means the app's front page.
  const isRoot = !below.startsWith('/') && mapping.prefix !== mapping.basePath
  return toUpstreamPath(isRoot ? `/${below}` : below, mapping)
}

/** `/nbx` is not below `/nb`. */
function isUnder(path: string, base: string): boolean {
  if (!path.startsWith(base)) return false
  const next = path[base.length]
  return next === undefined || next === '/' || next === '?' || next === '#'
}

/** True for a cookie `Domain` that covers an upstream host and not the public one: browsers would reject it. */
export function isUpstreamName(domain: string, mapping: UrlMapping): boolean {
  const covers = (name: string) => name === domain || name.endsWith(`.${domain}`)
  return !covers(nameOf(mapping.publicHost)) && mapping.upstreamNames.some(covers)
}

export function isAppAuthority(authority: string, mapping: UrlMapping): boolean {
  const host = ascii(authority).replace(/\.(?=:\d*$|$)/, '')
  if (host === mapping.publicHost) return true
  return mapping.names.has(nameOf(host)) && mapping.ports.has(portOf(host)) && !mapping.neighbours.includes(host)
}

export function nameOf(host: string): string {
  return host.replace(/:\d*$/, '')
}

function portOf(host: string): string {
  return /:(\d*)$/.exec(host)?.[1] ?? ''
}

/** Only ASCII letters change: toLowerCase() would turn U+212A into 'k'. */
function ascii(text: string): string {
  return text.replace(/[A-Z]+/g, letters => letters.toLowerCase())
}
