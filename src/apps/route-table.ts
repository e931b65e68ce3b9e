/** Finds the app for a host and a path, and refuses ambiguous targets. */
import type { Budget } from '../budgets/budget.ts'
import type { Decoys } from '../decoys/decoys.ts'
import type { IdentityHeaders } from '../identity/header-profiles.ts'
import type { KeepTerms } from '../kept/keep-terms.ts'
import type { Policy } from '../policy/policy.ts'
import type { TokenTerms } from '../programs/presented.ts'
import { climbsOut } from '../request/path-normalisations.ts'
import { readingsOf } from '../request/readings.ts'
import type { Target } from '../request/target.ts'
import type { HealthCheck } from '../upstream/health-check.ts'
import type { UpstreamAddress } from '../upstream/pool.ts'
import type { UpstreamTls } from '../upstream/trust.ts'
import type { UpstreamLoginTerms } from '../upstream-login/upstream-login.ts'
import { PrefixTable } from './prefix-table.ts'

export interface Upstream extends UpstreamAddress {
  /** '' or '/x'; it precedes the path inside the app. */
  readonly basePath: string
}

export interface App {
  readonly tlsPath?: string
  /** Null for the usual checks. */
  readonly tls?: UpstreamTls | null
  readonly id: string
  readonly title: string
  readonly description: string | null
  readonly section?: string | null
  readonly origin: string
  /** As in a Host header: lower case, without the scheme's default port. */
  readonly host: string
  readonly prefix: string
  readonly sharesPortal?: boolean
  /** Hosts of sites that differ only in the port. */
  readonly neighbours?: readonly string[]
  readonly upstreams: readonly Upstream[]
  /** Null for round-robin. */
  readonly sticky?: 'session' | 'person' | null
  readonly health?: HealthCheck | null
  readonly policy: Policy
  readonly isDeviceBound?: boolean
  /** An app on this host, or the portal, has device keys. */
  readonly isOnBoundHost?: boolean
  readonly identityHeaders: IdentityHeaders
  readonly addHeaders: Readonly<Record<string, string>>
  readonly passHeaders?: readonly string[]
  /** These name an override header, so the rules judge the method in it too. */
  readonly passesOverrides?: boolean
  /** Identity headers and secret of a proxy in front. No app gets them. */
  readonly frontHeaders?: readonly string[]
  /** The gate sends spans, and the app gets the gate's `traceparent`. */
  readonly isTraced?: boolean
  readonly forwarded?: boolean
  readonly preserveHost: boolean
  readonly assertion: boolean
  /** Their pages may open WebSockets too. */
  readonly allowedOrigins: readonly string[]
  readonly connectTimeoutMs: number
  readonly responseTimeoutMs: number
  readonly maintenance: Maintenance | null
  /** The rules stop nobody, and the journal records what they would have done. */
  readonly isReportOnly?: boolean
  readonly tokens?: TokenTerms | null
  readonly upstreamLogin?: UpstreamLoginTerms | null
  /** A proxy sends it in `Factorgate-Secret` for a verdict. Null where its address is enough. */
  readonly verdictSecret?: string | null
  readonly keepPosts?: KeepTerms | null
  /** Responses say how long the session lasts. */
  readonly saysSessionEnd?: boolean
  /** The app refuses requests while the store is away, because budgets could not count them. */
  readonly isGuarded?: boolean
  /** What `freshFor` of each rule demands, by the rule's index. */
  readonly ownBudgets?: readonly (Budget | null)[] | null
  readonly decoys?: Decoys | null
}

export interface Maintenance {
  readonly until: {
    readonly text: string
    /** Milliseconds since the epoch; null for words. */
    readonly at: number | null
    readonly offsetMinutes: number
  } | null
  readonly message: string | null
}

export interface Site {
  readonly host: string
  readonly origin: string
  readonly secure: boolean
  /** '' for the scheme's default. */
  readonly port: string
  readonly isPortal: boolean
}

export type Match =
  | {
      readonly kind: 'app'
      readonly site: Site
      readonly app: App
      readonly readings: readonly string[]
      readonly path: string
    }
  /** A page of the gate. `path` is the literal path after `/.factorgate`. */
  | { readonly kind: 'own'; readonly site: Site; readonly path: string }
  | {
      readonly kind: 'none'
      readonly code: 'misdirected' | 'no_such_app' | 'ambiguous_target'
      readonly site: Site | null
    }

export const ownPrefix = '/.factorgate'
/** Where proxies ask whether they may forward a request. */
export const verdictPath = `${ownPrefix}/auth`

export class RouteTable {
  readonly sites: readonly Site[]
  readonly #byHost = new Map<string, { readonly site: Site; readonly apps: PrefixTable<App> }>()

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
      const entry = { site, apps: new PrefixTable(own) }
      this.#byHost.set(host, entry)
      if (!/:\d+$/.test(host)) this.#byHost.set(`${host}:${site.secure ? 443 : 80}`, entry)
      return site
    })
  }

  site(host: string | undefined): Site | null {
    return this.#entry(host)?.site ?? null
  }

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

  /** A trailing dot, another port or user info makes another host (CVE-2022-23632). */
  #entry(host: string | undefined) {
    if (host === undefined) return null
    return this.#byHost.get(host) ?? this.#byHost.get(host.length > 260 ? '' : lowerAscii(host)) ?? null
  }
}

/** Only ASCII letters change: toLowerCase() would turn U+212A into 'k'. */
function lowerAscii(host: string): string {
  return host.replace(/[A-Z]/g, letter => letter.toLowerCase())
}

function isOwn(path: string): boolean {
  return path.startsWith(ownPrefix) && (path.length === ownPrefix.length || path[ownPrefix.length] === '/')
}

/** True for `/.FactorGate` too: it belongs to no app, otherwise an app could imitate the gate. */
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

/** The upstream gets only the path inside the app, so its readings count too (`//host/x`). None may leave the prefix (CVE-2025-66490). */
function rebase(site: Site, app: App, path: string, outer: readonly string[]): Match {
  const inner = readingsOf(path)
  if (inner === null || inner.some(climbsOut)) return { kind: 'none', code: 'ambiguous_target', site }
  return { kind: 'app', site, app, path, readings: [...new Set([...inner, ...outer])] }
}
