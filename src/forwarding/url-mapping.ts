/**
 * Where an app stands for people and where it stands for itself: public origin and prefix, inside hosts and base path. Owns the
 * translation of one address, by cutting strings: no URL is parsed and written anew, so its bytes stay. Which headers hold addresses
 * is known by addresses-in.ts (to the app) and addresses-out.ts (from it).
 */
import type { App, Upstream } from '../apps/route-table.ts'

export interface UrlMapping {
  /** `https://notebooks.lab.example` */
  readonly publicOrigin: string
  readonly publicHost: string
  /** '' or '/nb' */
  readonly prefix: string
  /** Whether the gate's own pages lie on the same host. */
  readonly sharesPortal: boolean
  /** Scheme and host that the app believes to be served under. */
  readonly insideOrigin: string
  /** Where its root lies upstream, '' or '/x'. */
  readonly basePath: string
  /** Host names of the app, inside and outside, without port, lower case. */
  readonly names: ReadonlySet<string>
  /** Ports at which these names may mean the app; '' where none is said: many apps leave theirs out, or say the inside one. */
  readonly ports: ReadonlySet<string>
  /** Other sites of the gate on the same host name, as in a Host header: these are never the app. */
  readonly neighbours: readonly string[]
  /** Names that only the inside knows, for cookies. */
  readonly insideNames: readonly string[]
  /** The app is sent another Host than the public one, so it expects its own address to be that. */
  readonly isMoved: boolean
}

/** @param host the Host header that this upstream is sent. */
export function urlMappingOf(app: App, upstream: Upstream, host: string): UrlMapping {
  const inside = [...app.upstreams.map(({ origin }) => origin.replace(/^[a-z]+:\/\//i, '')), host].map(ascii)
  const own = [...inside, app.host]
  const scheme = upstream.origin.slice(0, upstream.origin.indexOf(':'))
  return {
    publicOrigin: app.origin,
    publicHost: app.host,
    prefix: app.prefix,
    sharesPortal: app.sharesPortal === true,
    insideOrigin: `${scheme}://${host}`,
    basePath: upstream.basePath,
    names: new Set(own.map(nameOf)),
    ports: new Set(['', '80', '443', ...own.map(portOf)]),
    neighbours: app.neighbours ?? [],
    insideNames: inside.filter(one => one !== app.host).map(nameOf),
    isMoved: ascii(host) !== app.host
  }
}

/** The path to ask the app for: its base path in place of the public prefix, every other byte as it came. */
export function insidePath(path: string, basePath: string): string {
  return path.startsWith('/') ? basePath + path : `${basePath}/${path}`
}

/** An app's own absolute path seen from outside. One that carries the prefix already came from an app that knows it. */
export function publicPath(path: string, { prefix, basePath }: Pick<UrlMapping, 'prefix' | 'basePath'>): string {
  if (prefix === basePath) return path
  if (basePath !== '' && isUnder(path, basePath)) {
    const moved = prefix + path.slice(basePath.length)
    return moved.startsWith('/') ? moved : `/${moved}`
  }
  if (basePath !== '' || isUnder(path, prefix) || isUnder(path, '/.factorgate')) return path
  return prefix + path
}

/**
 * `Location` and `Content-Location` for the public address: an absolute path is moved, an absolute URL of the app itself (the inside
 * origin, or the public host under either scheme) too, everything else is another site or relative and stays.
 */
export function publicLocation(value: string, where: UrlMapping): string {
  if (value.startsWith('/') && value[1] !== '/') return publicPath(value, where)
  const url = /^(?:https?:)?\/\/([^/?#\\]*)(.*)$/is.exec(value)
  if (url === null) return value
  const [, authority, rest] = url as unknown as [string, string, string]
  if (!isApp(authority, where)) return value
  const path = rest.startsWith('/') ? rest : `/${rest}`
  return where.publicOrigin + (rest === '' && where.prefix === '' ? '' : publicPath(path, where))
}

/** True for the public host as a URL may spell it: in any letter case, with or without the scheme's own port. */
export function isPublicHost(authority: string, where: UrlMapping): boolean {
  const host = ascii(authority)
  if (host === where.publicHost) return true
  return host === `${where.publicHost}:${where.publicOrigin.startsWith('https:') ? 443 : 80}`
}

/** A public path as the app knows it; null where it is not below the app's prefix. */
export function insideOf(path: string, where: UrlMapping): string | null {
  if (!isUnder(path, where.prefix) && where.prefix !== '') return null
  return insidePath(path.slice(where.prefix.length), where.basePath)
}

/** True where `path` is `base` or lies below it: `/nbx` is not below `/nb`. */
function isUnder(path: string, base: string): boolean {
  if (!path.startsWith(base)) return false
  const next = path[base.length]
  return next === undefined || next === '/' || next === '?' || next === '#'
}

/** True for a cookie's `Domain` that names an inside host or a parent of one, and no public one: no browser would take it. */
export function isInsideName(domain: string, where: UrlMapping): boolean {
  const covers = (name: string) => name === domain || name.endsWith(`.${domain}`)
  return !covers(nameOf(where.publicHost)) && where.insideNames.some(covers)
}

/** The app's own hosts, as it may write them: any of its names, without a port, with the public one or with an inside one. */
export function isApp(authority: string, where: UrlMapping): boolean {
  const host = ascii(authority).replace(/\.(?=:\d*$|$)/, '')
  if (host === where.publicHost) return true
  return where.names.has(nameOf(host)) && where.ports.has(portOf(host)) && !where.neighbours.includes(host)
}

function nameOf(host: string): string {
  return host.replace(/:\d*$/, '')
}

function portOf(host: string): string {
  return /:(\d*)$/.exec(host)?.[1] ?? ''
}

/** In lower case; ASCII letters alone, since U+212A would become a 'k'. */
function ascii(text: string): string {
  return text.replace(/[A-Z]+/g, letters => letters.toLowerCase())
}
