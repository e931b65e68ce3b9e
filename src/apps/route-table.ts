/**
 * Which app a host and a path belong to. Owns the match; refuses hosts that the gate does not serve, and targets that could belong
 * to more than one place. The scheme, the host and the prefix come from the configuration, never from a header.
 */

import type { Policy } from '../policy/policy.ts'
import { climbsOut } from '../request/path-normalisations.ts'
import { readingsOf } from '../request/readings.ts'
import type { Target } from '../request/target.ts'
import type { UpstreamAddress } from '../upstream/pool.ts'
import type { UpstreamTls } from '../upstream/trust.ts'
import { SiteApps } from './prefix-table.ts'

export interface Upstream extends UpstreamAddress {
  /** '' or '/x', put before the path inside the app. */
  readonly basePath: string
}

export interface App {
  /** Where its TLS keys stand in the configuration, such as `apps[0].tls`: for what the log says. */
  readonly tlsPath?: string
  /** Towards https upstreams; null for the usual checks. */
  readonly tls?: UpstreamTls | null
  readonly id: string
  readonly title: string
  readonly description: string | null
  readonly origin: string
  /** As in a Host header: lower case, the scheme's default port left out. */
  readonly host: string
  /** '' or '/nb'. */
  readonly prefix: string
  /** Whether it stands on the portal's host, beside our pages. */
  readonly sharesPortal?: boolean
  /** Hosts of the gate's other sites that differ from this one by their port alone. */
  readonly neighbours?: readonly string[]
  readonly upstreams: readonly Upstream[]
  readonly policy: Policy
  readonly identityHeaders: {
    readonly user: string | null
    readonly name: string | null
    readonly email: string | null
    readonly groups: string | null
  }
  readonly addHeaders: Readonly<Record<string, string>>
  /** Names that look like claims and pass all the same. */
  readonly passHeaders?: readonly string[]
  readonly preserveHost: boolean
  readonly assertion: boolean
  /** For WebSockets, besides the app's own. */
  readonly allowedOrigins: readonly string[]
  readonly connectTimeoutMs: number
  readonly responseTimeoutMs: number
  readonly maintenance: { readonly until: string | null; readonly message: string | null } | null
}

/** One host that the gate serves. */
export interface Site {
  readonly host: string
  readonly origin: string
  readonly secure: boolean
  /** As the public address has it; '' where it is the scheme's own. */
  readonly port: string
  readonly isPortal: boolean
}

export type Match =
  | {
      readonly kind: 'app'
      readonly site: Site
      readonly app: App
      /** Of the path inside the app, each beginning with '/'. */
      readonly readings: readonly string[]
      /** The literal bytes inside the app. */
      readonly path: string
    }
  /** `path` is what literally follows `/.factorgate`. */
  | { readonly kind: 'own'; readonly site: Site; readonly path: string }
  | {
      readonly kind: 'none'
      readonly code: 'misdirected' | 'no_such_app' | 'ambiguous_target'
      readonly site: Site | null
    }

/** Below it everything is the gateway's own, on every host. */
export const ownPrefix = '/.factorgate'

export class RouteTable {
  readonly sites: readonly Site[]
  readonly #byHost = new Map<string, { readonly site: Site; readonly apps: SiteApps }>()

  /** Throws for apps that contradict each other: two at one place, two schemes on one host, one inside `/.factorgate`. */
  constructor(input: { readonly apps: readonly App[]; readonly portalOrigin: string }) {
    const portal = new URL(input.portalOrigin)
    const apps = new Map<string, { origin: string; apps: App[] }>([[portal.host, { origin: portal.origin, apps: [] }]])
    for (const app of input.apps) {
      const entry = apps.get(app.host) ?? { origin: app.origin, apps: [] }
      if (entry.origin !== app.origin) throw new Error(`${app.host} is served as ${entry.origin} and as ${app.origin}`)
      entry.apps.push(app)
      apps.set(app.host, entry)
    }
    this.sites = [...apps].map(([host, { origin, apps: own }]) => {
      const { port } = new URL(origin)
      const site: Site = { host, origin, port, secure: origin.startsWith('https:'), isPortal: host === portal.host }
      const entry = { site, apps: new SiteApps(own) }
      this.#byHost.set(host, entry)
      if (!/:\d+$/.test(host)) this.#byHost.set(`${host}:${site.secure ? 443 : 80}`, entry)
      return site
    })
  }

  /** The site of a Host header; null for one that the gate does not serve or that is no host. */
  site(host: string | undefined): Site | null {
    return this.#entry(host)?.site ?? null
  }

  /** Where a request belongs. Costs the same for one app and for thousands. */
  match(hostHeader: string | undefined, target: Target): Match {
    const entry = this.#entry(hostHeader)
    if (entry === null) return { kind: 'none', code: 'misdirected', site: null }
    const { site, apps } = entry
    const { path, readings } = target
    if (isOwn(path))
      return readings.every(isOwn)
        ? { kind: 'own', site, path: path.slice(ownPrefix.length) }
        : { kind: 'none', code: 'ambiguous_target', site }
    const app = apps.at(path)
    if (readings.length > 1 && readings.some(reading => isNearlyOwn(reading) || apps.at(reading) !== app))
      return { kind: 'none', code: 'ambiguous_target', site }
    if (isNearlyOwn(path) || apps.isFoldedElsewhere(readings, app))
      return { kind: 'none', code: 'ambiguous_target', site }
    if (app === undefined) return { kind: 'none', code: 'no_such_app', site }
    return inside(site, app, target)
  }

  /** By exact spelling after lower-casing: a trailing dot, another port, user info or a stray byte is another host (CVE-2022-23632). */
  #entry(host: string | undefined) {
    if (host === undefined) return null
    return this.#byHost.get(host) ?? this.#byHost.get(host.length > 260 ? '' : lowerAscii(host)) ?? null
  }
}

/** Only ASCII letters: U+212A would become a 'k' otherwise. */
function lowerAscii(host: string): string {
  return host.replace(/[A-Z]/g, letter => letter.toLowerCase())
}

function isOwn(path: string): boolean {
  return path.startsWith(ownPrefix) && (path.length === ownPrefix.length || path[ownPrefix.length] === '/')
}

/** `/.FactorGate` is nobody's app either: what looks like the gate must not come from behind it. */
function isNearlyOwn(path: string): boolean {
  return path.charCodeAt(1) === 0x2e && isOwn(path.toLowerCase())
}

function inside(site: Site, app: App, { path, readings }: Target): Match {
  const cut = app.prefix.length
  if (readings.length === 1) {
    const own = cut === 0 ? path : path.slice(cut) || '/'
    return { kind: 'app', site, app, path: own, readings: cut === 0 ? readings : [own] }
  }
  const rebased = cut > 0 || app.upstreams.some(upstream => upstream.basePath !== '')
  if (!rebased) return { kind: 'app', site, app, path, readings }
  return rebase(
    site,
    app,
    path.slice(cut) || '/',
    readings.map(reading => reading.slice(cut) || '/')
  )
}

/**
 * The upstream sees the path inside the app, perhaps behind a base path. So what that path means on its own counts too (`//host/x` at
 * its beginning), and one that climbs above it would leave the app on the upstream's side (CVE-2025-66490).
 */
function rebase(site: Site, app: App, path: string, outer: readonly string[]): Match {
  const inner = readingsOf(path)
  if (inner === null || inner.some(climbsOut)) return { kind: 'none', code: 'ambiguous_target', site }
  return { kind: 'app', site, app, path, readings: [...new Set([...inner, ...outer])] }
}
