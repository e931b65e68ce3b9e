/** Maps the checked configuration to options of the store, the sessions and the apps. */
import path from 'node:path'
import { pemText } from '../../config/reading/text-sources.ts'
import type { AppConfig, Config, RuleConfig } from '../../config/schema.ts'
import type { App } from '../apps/route-table.ts'
import { ownBudgetsOf } from '../budgets/own-budgets.ts'
import type { Clock } from '../clock.ts'
import { Decoys } from '../decoys/decoys.ts'
import { defaultSteps } from '../decoys/steps.ts'
import { trustAnchors } from '../factor/attestation-chain.ts'
import { factorKinds } from '../factor/proof.ts'
import type { WebauthnOptions } from '../factor/webauthn.ts'
import { nameOf, toldOf } from '../forwarding/url-mapping.ts'
import { KeepTerms } from '../kept/keep-terms.ts'
import { compilePolicy } from '../policy/compile.ts'
import type { Rule } from '../policy/policy.ts'
import type { TokenTerms } from '../programs/presented.ts'
import { isOverride } from '../request/header-name.ts'
import type { SessionLimits } from '../session/sessions.ts'
import type { StoreOptions } from '../store/open.ts'
import type { StoreCredentials } from '../store/store.ts'
import type { HealthCheck } from '../upstream/health-check.ts'
import type { UpstreamTls } from '../upstream/trust.ts'

export function limitsOf({ session }: Pick<Config, 'session'>): SessionLimits {
  return { idleSeconds: session.idle, absoluteSeconds: session.absolute, maxPerUser: session.maxPerUser }
}

export function journalOptionsOf({ rotate, keep, pseudonyms }: Config['journal']) {
  return { rotation: { size: rotate.size, isDaily: rotate.daily, keepSeconds: keep }, pseudonyms }
}

/** The file that remembers known stores; null if the store or journal is in `/dev`, `/proc` or `/sys`. */
export function knownStoresFile({ store, journal }: Pick<Config, 'store' | 'journal'>): string | null {
  const folder = path.dirname(store.kind === 'embedded' ? store.path : journal.file)
  // A journal in /dev is a device; /dev/shm holds files like any folder.
  return /^\/(?:dev(?!\/shm\/)|proc|sys)(?:\/|$)/.test(folder) ? null : path.join(folder, 'store-known.json')
}

/** Throws if the TLS files cannot be read. */
export function storeOf(
  { store, redis, unsafeVolatileStore }: Pick<Config, 'store' | 'redis' | 'unsafeVolatileStore'>,
  clock: Clock
): { url: string; options: StoreOptions } {
  if (store.kind === 'embedded') return { url: `embedded:${store.path}`, options: { clock } }
  const { username, password, sentinelUsername, sentinelPassword, keyPrefix, tls } = redis
  const sentinel = new URLSearchParams()
  if (sentinelUsername) sentinel.set('sentinelUsername', sentinelUsername)
  if (sentinelPassword) sentinel.set('sentinelPassword', sentinelPassword)
  const query = sentinel.toString().replaceAll('+', '%20')
  const pem = (name: 'ca' | 'cert' | 'key') => {
    const file = tls?.[name]
    return file ? { [name]: pemText(file) } : {}
  }
  const options: StoreOptions = {
    clock,
    unsafeVolatileStore,
    keyPrefix,
    ...(username === null ? {} : { username }),
    ...(password === null || password === undefined ? {} : { password }),
    ...(tls === null ? {} : { tls: { ...pem('ca'), ...pem('cert'), ...pem('key') } })
  }
  return { url: query === '' ? store.url : `${store.url}?${query}`, options }
}

/** What a running store shows from now on. Throws if the TLS files cannot be read. */
export function credentialsOf(config: Parameters<typeof storeOf>[0], clock: Clock): StoreCredentials {
  const { url, options } = storeOf(config, clock)
  return { url, ...options }
}

/** The trust settings for an app's https upstreams. Throws if the files cannot be read. */
export function tlsOf({ tls }: Pick<AppConfig, 'tls'>): UpstreamTls | null {
  if (tls === null) return null
  const pem = (file: string | null) => (file === null ? null : pemText(file))
  const { serverName, fingerprint: fingerprints, unsafeAnyCertificate } = tls
  return { ca: pem(tls.ca), cert: pem(tls.cert), key: pem(tls.key), serverName, fingerprints, unsafeAnyCertificate }
}

/** The options hold the certificates of the policy. Throws if a file cannot be read. */
export function webauthnOf({
  webauthn: { userVerification, attestation, policy }
}: Config['factors']): Pick<WebauthnOptions, 'userVerification' | 'attestation' | 'policy'> {
  if (policy === null) return { userVerification, attestation }
  const { allow, deny, syncedPasskeys } = policy
  const anchors = policy.trustAnchors.flatMap(file => trustAnchors(pemText(file)))
  const refusesSynced = syncedPasskeys === 'refuse'
  return { userVerification, attestation, policy: { allow, deny, anchors, refusesSynced } }
}

/** One app for the route table, without `tls`. `all` tells which apps are on the same host name, and `watch` what decoys do. */
export function toApp(
  app: AppConfig,
  portalOrigin: string,
  all: readonly AppConfig[] = [],
  watch: Config['watch'] = null
): App {
  const { origin, host, hostname, prefix } = app.url
  const hosts = [new URL(portalOrigin), ...all.map(({ url }) => url)]
  const boundApps = all.filter(isDeviceBound)
  const sharesPortal = origin === portalOrigin
  const told = toldOf(app).hosts
  const names = new Set([hostname, ...told.map(nameOf)])
  const own = new Set([host, ...told])
  const neighbours = hosts.filter(other => names.has(other.hostname) && !own.has(other.host)).map(other => other.host)
  return {
    id: app.id,
    title: app.title,
    description: app.description,
    section: app.section,
    origin,
    host,
    prefix,
    sharesPortal,
    neighbours,
    upstreams: app.upstream,
    sticky: app.sticky,
    health: app.health === null ? null : toHealthCheck(app.health),
    policy: compilePolicy(app.rules.map(toRule), app.caseSensitive, app.deviceBound),
    isDeviceBound: isDeviceBound(app),
    isOnBoundHost: boundApps.some(other => sharesPortal || other.url.host === host),
    identityHeaders: app.identityHeaders,
    addHeaders: app.addHeaders,
    passHeaders: app.passHeaders,
    passesOverrides: app.passHeaders.some(isOverride),
    tlsPath: `apps[${all.indexOf(app)}].tls`,
    preserveHost: app.preserveHost,
    forwarded: app.forwarded,
    assertion: app.assertion,
    allowedOrigins: app.allowedOrigins,
    connectTimeoutMs: app.timeouts.connect * 1000,
    responseTimeoutMs: app.timeouts.response * 1000,
    maintenance: app.maintenance,
    isReportOnly: app.enforce === 'report',
    tokens: tokenTermsOf(app.tokens),
    upstreamLogin: app.upstreamLogin === null ? null : { inVerdict: app.upstreamLogin.inVerdict },
    verdictSecret: app.forwardAuth?.secret ?? null,
    keepPosts: keepTermsOf(app),
    saysSessionEnd: app.sessionEnds,
    isGuarded: app.guarded,
    ownBudgets: ownBudgetsOf(app.id, app.rules.map(toRule)),
    decoys: decoysOf(app, watch)
  }
}

function isDeviceBound({ deviceBound, rules }: Pick<AppConfig, 'deviceBound' | 'rules'>): boolean {
  return deviceBound !== 'off' || rules.some(rule => rule.deviceBound != null && rule.deviceBound !== 'off')
}

function keepTermsOf({ keepPosts, caseSensitive }: AppConfig): KeepTerms | null {
  if (keepPosts === false) return null
  const { limit, foreign } = keepPosts === true ? { limit: 1024 * 1024, foreign: [] } : keepPosts
  return new KeepTerms({ limit, foreign, isCaseSensitive: caseSensitive })
}

function tokenTermsOf(tokens: AppConfig['tokens']): TokenTerms | null {
  if (tokens === false) return null
  return { header: tokens === true ? null : (tokens.header?.toLowerCase() ?? null) }
}

/** The decoy's own words come first, then its app's, then `watch.decoys`. Exemptions add up. */
function decoysOf({ decoys, onDecoy, caseSensitive }: AppConfig, watch: Config['watch']): Decoys | null {
  if (decoys.length === 0) return null
  const steps = onDecoy?.then ?? watch?.decoys?.then ?? defaultSteps
  const exempt = [watch?.decoys?.exempt ?? null, onDecoy?.exempt ?? null].flatMap(one => one ?? [])
  const all = (key: 'networks' | 'users' | 'groups') => exempt.flatMap(one => one[key])
  return new Decoys(
    decoys.map(({ path, query, serve, content, then }) => ({ path, query, serve, content, steps: then ?? steps })),
    {
      isCaseSensitive: caseSensitive,
      exempt: { networks: all('networks'), users: all('users'), groups: all('groups') }
    }
  )
}

function toHealthCheck({ path, every, timeout, status, rise, fall }: NonNullable<AppConfig['health']>): HealthCheck {
  return { path, everyMs: every * 1000, timeoutMs: timeout * 1000, status, rise, fall }
}

function toRule({
  access,
  factors,
  within,
  freshFor,
  path,
  methods,
  groups,
  users,
  networks,
  deviceBound
}: RuleConfig): Rule {
  // A rule that names a factor means the gate's own, never an institution's.
  const requirement = { factors: factors ?? factorKinds, institution: factors === null, withinSeconds: within }
  const fresh = freshFor === null ? {} : { freshFor }
  const outcome = access === 'mfa' ? { access, requirement, ...fresh } : { access }
  return { path, methods, groups, users, networks, ...(deviceBound === null ? {} : { deviceBound }), outcome } as Rule
}
