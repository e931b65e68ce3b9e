/** Checks of `apps[]`: colliding addresses, colliding headers, plain http. */
import { isOverride, normalName } from '../../src/request/header-name.ts'
import type { Diagnostics } from '../reading/diagnostics.ts'
import type { DraftApp, DraftConfig } from '../schema.ts'
import { isLoopback, type SiteUrl } from '../values/addresses.ts'
import { printDuration } from '../values/value-types.ts'
import { adviseOnForeignPattern } from './foreign-patterns.ts'
import { checkForwardAuth } from './forward-auth.ts'
import { checkRules } from './rules.ts'
import { checkUpstreamLogin } from './upstream-login.ts'

type Site = { path: string; site: SiteUrl }

export function checkApps(config: DraftConfig, diagnostics: Diagnostics): void {
  const { apps } = config
  if (apps === undefined) return
  if (apps.length === 0) diagnostics.warning('apps', 'has no app, so the gate protects nothing yet')
  const sites: Site[] = []
  if (config.portal?.url !== undefined) sites.push({ path: 'portal.url', site: config.portal.url })
  const ids = new Map<string, string>()
  apps.forEach((app, index) => {
    const path = `apps[${index}]`
    if (app?.id !== undefined) {
      const first = ids.get(app.id)
      if (first !== undefined) diagnostics.problem(`${path}.id`, `must differ from ${first}.id: both are '${app.id}'`)
      else ids.set(app.id, path)
    }
    if (app?.url !== undefined) {
      checkUrl(app.url, `${path}.url`, config, sites, diagnostics)
      sites.push({ path: `${path}.url`, site: app.url })
    }
    if (app === undefined) return
    if (app.enforce === 'report')
      diagnostics.advise(
        `${path}.enforce`,
        'is report: the rules of this app stop nobody. `factorgate report` says who would have been stopped'
      )
    checkUpstreams(app, path, config, diagnostics)
    checkBalancing(app, path, diagnostics)
    checkHeaders(app, path, config, diagnostics)
    if (typeof app.keepPosts === 'object')
      app.keepPosts?.foreign?.forEach((glob, index) => {
        if (glob !== undefined) adviseOnForeignPattern(glob, `${path}.keepPosts.foreign[${index}]`, diagnostics)
      })
    checkRules(app.rules ?? [], app.caseSensitive === true, `${path}.rules`, diagnostics)
  })
}

function checkUrl(
  url: SiteUrl,
  path: string,
  config: DraftConfig,
  sites: readonly Site[],
  diagnostics: Diagnostics
): void {
  checkScheme(url, path, config, diagnostics)
  if (url.origin === config.portal?.url?.origin)
    diagnostics.warning(
      path,
      'has the same host as the portal: for browsers the app and the sign-in page are one site, so a flaw in the app can reach both; give the app its own host'
    )
  if (/^\/\.factorgate(\/|$)/i.test(url.prefix))
    diagnostics.problem(path, "must not be under /.factorgate, because the gate's own pages are there on every host")
  const other = sites.find(({ site }) => site.hostname === url.hostname && site.host === url.host)
  if (other !== undefined && other.site.secure !== url.secure)
    diagnostics.problem(path, `must begin like ${other.path} (${other.site.origin}): it is the same host`)
  // Matching ignores the letter case of a path, so it cannot tell two apps apart.
  const same = sites.find(
    ({ path: owner, site }) =>
      owner !== 'portal.url' && site.host === url.host && site.prefix.toLowerCase() === url.prefix.toLowerCase()
  )
  if (same !== undefined)
    diagnostics.problem(path, `must differ from ${same.path}: both are ${url.host}${url.prefix || '/'}`)
}

function checkUpstreams(
  app: DraftApp,
  path: string,
  { listen, apps, portal }: DraftConfig,
  diagnostics: Diagnostics
): void {
  const isGiven = diagnostics.isGiven(`${path}.upstream[0]`)
  const publicOrigins = [portal?.url, ...(apps ?? []).map(other => other?.url)].map(url => url?.origin)
  app.upstream?.forEach((upstream, index) => {
    if (upstream === undefined || upstream.socketPath !== null) return
    const url = new URL(upstream.origin)
    const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
    const isOurs = isLoopback(url.hostname) || url.hostname === listen?.host || url.hostname === '0.0.0.0'
    const isLoop = (isOurs && port !== 0 && port === listen?.port) || publicOrigins.includes(upstream.origin)
    if (isLoop)
      diagnostics.problem(
        isGiven ? `${path}.upstream[${index}]` : `${path}.upstream`,
        `must not lead back to the gate itself: ${upstream.origin} is an address of the gate`
      )
  })
}

function checkBalancing({ upstream, sticky, health }: DraftApp, path: string, diagnostics: Diagnostics): void {
  const at = new Map<string, number>()
  upstream?.forEach((one, index) => {
    if (one === undefined) return
    const key = JSON.stringify([one.origin, one.socketPath, one.basePath])
    const first = at.get(key)
    if (first === undefined) at.set(key, index)
    else
      diagnostics.warning(
        `${path}.upstream[${index}]`,
        `is the same as ${path}.upstream[${first}]: it gets two turns, and gives no protection if the app is down`
      )
  })
  if (sticky != null && upstream?.length === 1)
    diagnostics.advise(`${path}.sticky`, 'changes nothing while there is only one upstream')
  if (health?.every !== undefined && health.timeout !== undefined && health.timeout > health.every)
    diagnostics.problem(
      diagnostics.isGiven(`${path}.health.timeout`) ? `${path}.health.timeout` : `${path}.health.every`,
      `health.timeout (${printDuration(health.timeout)}) must not be longer than health.every (${printDuration(health.every)})`
    )
}

function checkHeaders(app: DraftApp, path: string, config: DraftConfig, diagnostics: Diagnostics): void {
  const taken = new Map<string, string>()
  const claim = (name: string | null | undefined, at: string) => {
    if (typeof name !== 'string') return
    const key = normalName(name)
    const first = taken.get(key)
    if (first === undefined) taken.set(key, at)
    else diagnostics.problem(at, `must differ from ${first}: apps cannot tell the two headers apart`)
  }
  for (const which of ['user', 'preferredUsername', 'name', 'email', 'groups', 'secretHeader'] as const)
    claim(app.identityHeaders?.[which], `${path}.identityHeaders.${which}`)
  checkSecret(app.identityHeaders ?? {}, `${path}.identityHeaders`, diagnostics)
  for (const name of Object.keys(app.addHeaders ?? {})) claim(name, `${path}.addHeaders.${name}`)
  checkTokens(app, path, claim, diagnostics)
  checkUpstreamLogin(app, path, claim, diagnostics)
  checkForwardAuth(app, path, config, claim, diagnostics)
  app.passHeaders?.forEach((name, index) => {
    const at = `${path}.passHeaders[${index}]`
    const first = name === undefined ? undefined : taken.get(normalName(name))
    if (first !== undefined)
      diagnostics.problem(at, `must not pass, because the app gets this header from the gate (${first})`)
    else if (name !== undefined && !isOverride(name))
      diagnostics.warning(
        at,
        'clients can send any value in this header: use it only if the app also checks a secret of its own'
      )
  })
}

function checkTokens(
  { tokens, rules = [] }: DraftApp,
  path: string,
  claim: (name: string, at: string) => void,
  diagnostics: Diagnostics
): void {
  if (tokens === undefined || tokens === false) return
  const header = tokens === true ? null : tokens.header
  if (header != null) {
    const at = `${path}.tokens.header`
    if (/^(?:authorization|cookie)$/.test(normalName(header)))
      diagnostics.problem(at, "must be another header: a token is read from 'Authorization' anyway")
    else if (isClaimed(normalName(header)))
      diagnostics.problem(at, 'must not be a header that the gate or a proxy sets: choose a name such as X-Gate-Token')
    else claim(header, at)
  }
  const isOpen = rules.some(
    rule => rule?.access === 'mfa' && rule.factors === null && rule.within === null && rule.freshFor === null
  )
  if (!isOpen && rules.every(rule => rule !== undefined))
    diagnostics.warning(
      `${path}.tokens`,
      'opens nothing: tokens are for rules with access: mfa that have no factors, no within and no freshFor'
    )
}

function isClaimed(name: string): boolean {
  return /^(?:x-)?(?:factorgate|forwarded|remote)(?:-|$)/.test(name)
}

function checkSecret(headers: NonNullable<DraftApp['identityHeaders']>, path: string, diagnostics: Diagnostics): void {
  const isGiven = ['secret', 'secretFile'].some(key => diagnostics.isGiven(`${path}.${key}`))
  if (isGiven && headers.secretHeader == null)
    diagnostics.problem(
      diagnostics.isGiven(`${path}.secret`) ? `${path}.secret` : `${path}.secretFile`,
      `needs ${path}.secretHeader beside it: the header that carries it`
    )
  if (headers.profile === 'galaxy' && !isGiven && headers.secretHeader !== null)
    diagnostics.warning(
      path,
      'has no secret: whoever reaches Galaxy without the gate can be anybody there; set remote_user_secret in galaxy.yml, and secretFile here'
    )
}

/** Reports a public URL on plain http where passwords and cookies would be sent unencrypted. */
export function checkScheme(site: SiteUrl, path: string, config: DraftConfig, diagnostics: Diagnostics): void {
  if (site.secure || isLoopback(site.hostname) || config.unsafeHttp === true) return
  diagnostics.problem(
    path,
    `must be https, because others can read passwords and sessions on the network: write https://${site.host}${site.prefix} (or accept that with unsafeHttp: true)`
  )
}
