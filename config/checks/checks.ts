/** Checks of several values together, and warnings about unwise settings. Checks skip a missing value, which has a problem already. */
import { isIP } from 'node:net'
import { parseRedisUrl } from '../../src/store/redis/url.ts'
import type { Diagnostics } from '../reading/diagnostics.ts'
import type { DraftConfig } from '../schema.ts'
import { isPublicSuffix } from '../values/public-suffixes.ts'
import { printDuration } from '../values/value-types.ts'
import { checkListenTls } from './acme.ts'
import { checkApps, checkScheme } from './apps.ts'
import { checkAppsTls, checkRedisFiles, checkTlsFiles } from './certificates.ts'
import { checkDecoys } from './decoys.ts'
import { checkDevice } from './device.ts'
import { checkCertificate } from './identity-certificate.ts'
import { checkEnrolment } from './identity-enrolment.ts'
import { checkHeader } from './identity-header.ts'
import { checkLdap } from './identity-ldap.ts'
import { checkOidc } from './identity-oidc.ts'
import { checkSaml } from './identity-saml.ts'
import { checkIntegrity } from './integrity.ts'
import { checkJournal } from './journal.ts'
import { checkNotify } from './notify.ts'
import { checkPlainHttp } from './plain-http.ts'
import { checkLook } from './portal.ts'
import { checkTraces } from './traces.ts'
import { checkWatch } from './watch.ts'
import { checkWebauthnPolicy } from './webauthn-policy.ts'

/** `now` in milliseconds, for certificates. */
export function checkConfig(config: DraftConfig, now: number, diagnostics: Diagnostics): void {
  checkListeners(config, now, diagnostics)
  checkPortal(config, diagnostics)
  checkLook(config, diagnostics)
  checkStore(config, diagnostics)
  checkSession(config, diagnostics)
  checkIdentity(config, now, diagnostics)
  checkEnrolment(config, now, diagnostics)
  checkApps(config, diagnostics)
  checkAppsTls(config, now, diagnostics)
  checkWebauthnPolicy(config, now, diagnostics)
  checkNotify(config, now, diagnostics)
  checkWatch(config, diagnostics)
  checkIntegrity(config, diagnostics)
  checkDecoys(config, diagnostics)
  checkDevice(config, diagnostics)
  checkJournal(config, now, diagnostics)
  checkTraces(config, now, diagnostics)
  if (config.unsafeHttp === true)
    diagnostics.warning(
      'unsafeHttp',
      'plain http is allowed: others on the network can read passwords and steal sessions'
    )
  if (config.unsafeVolatileStore === true)
    diagnostics.warning(
      'unsafeVolatileStore',
      'a Redis that can lose its data is allowed: people may lose their factors'
    )
}

function checkListeners(
  { listen, admin, portal, trustedProxies, apps }: DraftConfig,
  now: number,
  diagnostics: Diagnostics
): void {
  const hosts = hostsOf({ portal, apps })
  if (checkListenTls({ listen, trustedProxies }, hosts, diagnostics))
    checkTlsFiles(listen?.tls ?? {}, now, diagnostics, hosts)
  if (admin) {
    const isSame = listen?.port === admin.port && (listen?.host === admin.host || isWildcard(listen?.host))
    if (isSame && admin.port !== 0 && admin.port !== undefined)
      diagnostics.problem('admin.port', `must differ from listen.port: both are ${admin.port}`)
    if (isWildcard(admin.host))
      diagnostics.warning(
        'admin.host',
        'health and metrics answer on every address of this machine, without any sign-in; use 127.0.0.1, or keep the port private'
      )
  }
  checkWidth('trustedProxies', 'the proxies', trustedProxies, diagnostics)
  checkWidth('listen.proxyProtocol.from', 'the balancers', listen?.proxyProtocol?.from, diagnostics)
  checkPorts({ listen, trustedProxies, portal, apps }, diagnostics)
  checkPlainHttp({ listen, admin, portal, apps }, diagnostics)
  if (portal?.url === undefined || listen === undefined) return
  const isPlain = listen.tls === null && trustedProxies?.length === 0 && listen.proxyProtocol === null
  for (const { path, url } of sitesOf({ portal, apps })) {
    if (url === undefined) continue
    if (url.secure && isPlain)
      diagnostics.warning(
        path,
        'is https, but listen.tls is not set and trustedProxies is empty: set listen.tls, or list the proxy that handles TLS'
      )
    else if (!url.secure && listen.tls)
      diagnostics.warning(
        path,
        'is http, but listen.tls is set: the gate would send people to an address that does not answer; write https'
      )
    else continue
    if (path === 'portal.url') return
  }
}

/** `whose` names what belongs into the list. */
function checkWidth(
  path: string,
  whose: string,
  networks: readonly (string | undefined)[] | undefined,
  diagnostics: Diagnostics
): void {
  networks?.forEach((network, index) => {
    if (network?.endsWith('/0'))
      diagnostics.warning(
        `${path}[${index}]`,
        `includes every address, so every client can invent its address; list ${whose} themselves`
      )
    else if (network !== undefined && isWide(network))
      diagnostics.advise(
        `${path}[${index}]`,
        `is very wide: every client in this network can invent its address; list ${whose} themselves`
      )
  })
}

/** Compares the listener's port with those of the public addresses, without a proxy between them. */
function checkPorts({ listen, trustedProxies, portal, apps }: DraftConfig, diagnostics: Diagnostics): void {
  if (listen?.port === undefined || listen.port === 0 || trustedProxies?.length !== 0) return
  // A balancer has ports of its own.
  if (listen.proxyProtocol !== null) return
  for (const { path, url } of sitesOf({ portal, apps })) {
    // A wrong scheme has its own message.
    if (url === undefined || url.secure !== Boolean(listen.tls)) continue
    const port = Number(new URL(url.origin).port || (url.secure ? 443 : 80))
    if (port === listen.port) continue
    diagnostics.advise(
      path,
      `leads to port ${port}, but the gate listens on ${listen.port}: set listen.port: ${port}, write :${listen.port} in the address, or make sure that port ${port} is forwarded to port ${listen.port}`
    )
    if (path === 'portal.url') return
  }
}

/** The public addresses with their keys: the portal's first, then those of the apps. */
function sitesOf({ portal, apps }: Pick<DraftConfig, 'portal' | 'apps'>) {
  return [{ path: 'portal.url', url: portal?.url }].concat(
    (apps ?? []).map((app, index) => ({ path: `apps[${index}].url`, url: app?.url }))
  )
}

function hostsOf({ portal, apps }: Pick<DraftConfig, 'portal' | 'apps'>): { path: string; host: string }[] {
  return sitesOf({ portal, apps }).flatMap(({ path, url }) =>
    url?.secure ? [{ path, host: url.hostname.replace(/[[\]]/g, '') }] : []
  )
}

/** More addresses than a site's own proxies can have: beyond 10.0.0.0/8, and beyond a provider's IPv6. */
function isWide(network: string): boolean {
  const [address = '', length] = network.split('/')
  return length !== undefined && Number(length) < (isIP(address) === 6 ? 32 : 8)
}

function checkPortal(config: DraftConfig, diagnostics: Diagnostics): void {
  const { url, rpId } = config.portal ?? {}
  if (url === undefined) return
  checkScheme(url, 'portal.url', config, diagnostics)
  if (isIP(url.hostname.replace(/[[\]]/g, '')) !== 0)
    diagnostics.warning('portal.url', 'passkeys and security keys do not work with an IP address; use a host name')
  // WebAuthn L3 §5.1.3 step 8: the RP ID is the host itself or a registrable domain suffix of it.
  if (rpId === undefined || rpId === url.hostname) return
  if (!url.hostname.endsWith(`.${rpId}`))
    diagnostics.problem(
      'portal.rpId',
      `must be the portal's host '${url.hostname}' or a parent domain of it, got '${rpId}'`
    )
  else if (isPublicSuffix(rpId))
    diagnostics.problem(
      'portal.rpId',
      `must be a domain of your own: other people have names under '${rpId}' too, and browsers refuse it`
    )
}

function checkStore({ store, redis }: DraftConfig, diagnostics: Diagnostics): void {
  if (store === undefined || redis === undefined) return
  if (store.kind === 'embedded') {
    if (diagnostics.isGiven('redis')) diagnostics.warning('redis', 'is not used: the store is embedded')
    return
  }
  const { secure, shape } = parseRedisUrl(store.url)
  if (redis.password != null && store.url.includes('@'))
    diagnostics.problem('redis.password', 'must not be given when the store URL already names a user or password')
  if (redis.username != null && store.url.includes('@'))
    diagnostics.problem('redis.username', 'must not be given when the store URL already names a user or password')
  if (redis.username != null && redis.password === null)
    diagnostics.problem('redis.username', 'needs redis.password or redis.passwordFile beside it')
  if (redis.tls && !secure)
    diagnostics.problem('redis.tls', 'needs a store URL that begins with rediss: otherwise nothing would be encrypted')
  if (redis.tls) checkRedisFiles(redis.tls, diagnostics)
  for (const [one, other] of [
    ['cert', 'key'],
    ['key', 'cert']
  ] as const)
    if (redis.tls?.[one] != null && redis.tls[other] === null)
      diagnostics.problem(`redis.tls.${one}`, `needs redis.tls.${other} beside it`)
  for (const key of ['sentinelUsername', 'sentinelPassword'] as const)
    if (redis[key] != null && shape !== 'sentinel')
      diagnostics.problem(`redis.${key}`, 'is for a store URL that begins with redis+sentinel://')
}

const hour = 3600

function checkSession({ session }: DraftConfig, diagnostics: Diagnostics): void {
  const { idle, absolute } = session ?? {}
  if (idle === undefined || absolute === undefined) return
  if (idle > absolute)
    diagnostics.problem(
      diagnostics.isGiven('session.idle') ? 'session.idle' : 'session.absolute',
      `session.idle (${printDuration(idle)}) must not be longer than session.absolute (${printDuration(absolute)})`
    )
  // NIST SP 800-63B-4 §2.2.3
  if (idle > hour)
    diagnostics.warning(
      'session.idle',
      `${printDuration(idle)} is longer than the 1h that NIST SP 800-63B-4 recommends at AAL2`
    )
  if (absolute > 24 * hour)
    diagnostics.warning(
      'session.absolute',
      `${printDuration(absolute)} is longer than the 24h that NIST SP 800-63B-4 recommends at AAL2`
    )
}

function checkIdentity(config: DraftConfig, now: number, diagnostics: Diagnostics): void {
  const { identity } = config
  const seen = new Map<string, number>()
  identity?.forEach((directory, index) => {
    const path = `identity[${index}]`
    if (directory?.kind === 'local' && identity.findIndex(other => other?.kind === 'local') < index)
      diagnostics.problem(`${path}.kind`, "there can be one 'local' source of people only")
    if (directory?.kind === 'certificate') checkCertificate(directory, path, config, now, diagnostics)
    if (directory?.kind === 'header') checkHeader(directory, path, config, diagnostics)
    if (directory?.kind === 'ldap') checkLdap(directory, path, diagnostics)
    if (directory?.kind === 'oidc') checkOidc(directory, path, diagnostics)
    if (directory?.kind === 'saml') checkSaml(directory, path, diagnostics)
    if (directory?.id === undefined) return
    const first = seen.get(directory.id)
    if (first === undefined) seen.set(directory.id, index)
    else diagnostics.problem(`${path}.id`, `must differ from identity[${first}].id: both are '${directory.id}'`)
  })
}

function isWildcard(host: string | undefined): boolean {
  return host === '0.0.0.0' || host === '::'
}
