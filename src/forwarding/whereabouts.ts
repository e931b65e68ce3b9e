/**
 * Where an app stands for people and where it stands for itself: public origin and prefix, inside hosts and base path. Owns the
 * translation of addresses in headers, both ways, by cutting strings: no URL is parsed and written anew, so its bytes stay.
 */
import type { App, Upstream } from '../routing/route-table.ts'

export interface Whereabouts {
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
  /** Hosts, lower case with port, that only the inside knows. */
  readonly insideHosts: ReadonlySet<string>
  /** The same without ports, for cookies. */
  readonly insideNames: readonly string[]
}

/** @param host the Host header that this upstream is sent. */
export function whereaboutsOf(app: App, upstream: Upstream, host: string): Whereabouts {
  const hosts = app.upstreams.map(({ origin }) => origin.replace(/^[a-z]+:\/\//i, '').toLowerCase())
  const insideHosts = new Set([...hosts, host.toLowerCase()])
  insideHosts.delete(app.host)
  const scheme = upstream.origin.slice(0, upstream.origin.indexOf(':'))
  return {
    publicOrigin: app.origin,
    publicHost: app.host,
    prefix: app.prefix,
    sharesPortal: app.sharesPortal === true,
    insideOrigin: `${scheme}://${host}`,
    basePath: upstream.basePath,
    insideHosts,
    insideNames: [...insideHosts].map(nameOf)
  }
}

/** The path to ask the app for: its base path in place of the public prefix, every other byte as it came. */
export function insidePath(path: string, basePath: string): string {
  return path.startsWith('/') ? basePath + path : `${basePath}/${path}`
}

/** An app's own absolute path seen from outside. One that carries the prefix already came from an app that knows it. */
export function publicPath(path: string, { prefix, basePath }: Pick<Whereabouts, 'prefix' | 'basePath'>): string {
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
export function publicLocation(value: string, where: Whereabouts): string {
  if (value.startsWith('/') && value[1] !== '/') return publicPath(value, where)
  const url = /^(?:https?:)?\/\/([^/?#\\]*)(.*)$/is.exec(value)
  if (url === null) return value
  const [, authority, rest] = url as unknown as [string, string, string]
  const host = authority.toLowerCase()
  if (!isSameHost(host, where)) return value
  const path = rest.startsWith('/') ? rest : `/${rest}`
  return where.publicOrigin + (rest === '' && where.prefix === '' ? '' : publicPath(path, where))
}

/** `Refresh: 3; url=…`, with the address as in `Location`. */
export function publicRefresh(value: string, where: Whereabouts): string {
  const parts = /^(\s*[\d.]+\s*[;,]?\s*url\s*=\s*)(["']?)(.*?)(\2\s*)$/is.exec(value)
  if (parts === null) return value
  const [, before, quote, url, after] = parts as unknown as [string, string, string, string, string]
  return before + quote + publicLocation(url, where) + after
}

/** WebDAV's `Destination` (RFC 4918 §10.3) as the app must see it: servers compare its scheme, host and path with their own. */
export function insideAddress(value: string, where: Whereabouts): string {
  if (value.startsWith('/') && value[1] !== '/') return insideOf(value, where) ?? value
  const url = /^https?:\/\/([^/?#\\]*)(\/.*)?$/is.exec(value)
  if (url === null || url[1]?.toLowerCase() !== where.publicHost) return value
  const path = insideOf(url[2] ?? '/', where)
  return path === null ? value : where.insideOrigin + path
}

/** The tagged lists of WebDAV's `If` (RFC 4918 §10.4): each `<URL>` of the app as in `Destination`. */
export function insideIf(value: string, where: Whereabouts): string {
  return value.replace(/<([^<>]*)>/g, (tag, url: string) =>
    /^(?:https?:\/\/|\/)/i.test(url) ? `<${insideAddress(url, where)}>` : tag
  )
}

/** True where `path` is `base` or lies below it: `/nbx` is not below `/nb`. */
function isUnder(path: string, base: string): boolean {
  if (!path.startsWith(base)) return false
  const next = path[base.length]
  return next === undefined || next === '/' || next === '?' || next === '#'
}

function insideOf(path: string, where: Whereabouts): string | null {
  if (!isUnder(path, where.prefix) && where.prefix !== '') return null
  return insidePath(path.slice(where.prefix.length), where.basePath)
}

/** True for a cookie's `Domain` that names an inside host or a parent of one, and no public one: no browser would take it. */
export function isInsideName(domain: string, where: Whereabouts): boolean {
  const covers = (name: string) => name === domain || name.endsWith(`.${domain}`)
  return !covers(nameOf(where.publicHost)) && where.insideNames.some(covers)
}

/** The app's own hosts, as it may write them: with or without a default port. */
function isSameHost(host: string, where: Whereabouts): boolean {
  const bare = host.replace(/:(?:80|443)$/, '')
  return (
    bare === where.publicHost || host === where.publicHost || where.insideHosts.has(host) || where.insideHosts.has(bare)
  )
}

function nameOf(host: string): string {
  return host.replace(/:\d+$/, '')
}
