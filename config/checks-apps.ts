/** Checks of `apps[]`: addresses that collide, headers that collide. Rules have checks of their own (checks-rules.ts). */
import { isLoopback, type SiteUrl } from './addresses.ts'
import { checkScheme } from './check-scheme.ts'
import { checkRules } from './checks-rules.ts'
import type { DraftApp, DraftConfig } from './draft.ts'
import { headerKey } from './names.ts'
import type { Reading } from './reading.ts'

/** A public URL and the key it stands at. */
type Site = { path: string; site: SiteUrl }

/** Adds every problem and warning about the apps. */
export function checkApps(config: DraftConfig, reading: Reading): void {
  const { apps } = config
  if (apps === undefined) return
  if (apps.length === 0) reading.warning('apps', 'lists no app: the gate protects nothing yet')
  const sites: Site[] = []
  if (config.portal?.url !== undefined) sites.push({ path: 'portal.url', site: config.portal.url })
  const ids = new Map<string, string>()
  apps.forEach((app, index) => {
    const path = `apps[${index}]`
    if (app?.id !== undefined) {
      const first = ids.get(app.id)
      if (first !== undefined) reading.problem(`${path}.id`, `must differ from ${first}.id: both are '${app.id}'`)
      else ids.set(app.id, path)
    }
    if (app?.url !== undefined) {
      checkUrl(app.url, `${path}.url`, config, sites, reading)
      sites.push({ path: `${path}.url`, site: app.url })
    }
    if (app === undefined) return
    checkUpstreams(app, path, config, reading)
    checkHeaders(app, path, reading)
    checkRules(app.rules ?? [], app.caseSensitive === true, `${path}.rules`, reading)
  })
}

function checkUrl(url: SiteUrl, path: string, config: DraftConfig, sites: readonly Site[], reading: Reading): void {
  checkScheme(url, path, config, reading)
  if (url.origin === config.portal?.url?.origin)
    reading.warning(
      path,
      "shares the portal's host: to browsers the app and the sign-in page are one site, so a flaw in the app can reach both; give the app a host of its own"
    )
  if (/^\/\.factorgate(\/|$)/i.test(url.prefix))
    reading.problem(path, "must not lie under /.factorgate, where the gate's own pages live on every host")
  const other = sites.find(({ site }) => site.hostname === url.hostname && site.host === url.host)
  if (other !== undefined && other.site.secure !== url.secure)
    reading.problem(path, `must begin like ${other.path} (${other.site.origin}): it is the same host`)
  // Letter case of a path is not told apart while matching, so it cannot tell two apps apart.
  const same = sites.find(
    ({ path: owner, site }) =>
      owner !== 'portal.url' && site.host === url.host && site.prefix.toLowerCase() === url.prefix.toLowerCase()
  )
  if (same !== undefined)
    reading.problem(path, `must differ from ${same.path}: both are ${url.host}${url.prefix || '/'}`)
}

function checkUpstreams(app: DraftApp, path: string, { listen, apps, portal }: DraftConfig, reading: Reading): void {
  const isGiven = reading.isGiven(`${path}.upstream[0]`)
  const publicOrigins = [portal?.url, ...(apps ?? []).map(other => other?.url)].map(url => url?.origin)
  app.upstream?.forEach((upstream, index) => {
    if (upstream === undefined || upstream.socketPath !== null) return
    const url = new URL(upstream.origin)
    const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
    const isOurs = isLoopback(url.hostname) || url.hostname === listen?.host || url.hostname === '0.0.0.0'
    const isLoop = (isOurs && port !== 0 && port === listen?.port) || publicOrigins.includes(upstream.origin)
    if (isLoop)
      reading.problem(
        isGiven ? `${path}.upstream[${index}]` : `${path}.upstream`,
        `must not lead back to the gate itself: ${upstream.origin} is where the gate is reached`
      )
  })
}

function checkHeaders(app: DraftApp, path: string, reading: Reading): void {
  const taken = new Map<string, string>()
  const claim = (name: string | null | undefined, at: string) => {
    if (typeof name !== 'string') return
    const key = headerKey(name)
    const first = taken.get(key)
    if (first === undefined) taken.set(key, at)
    else reading.problem(at, `must be another header than ${first}: apps cannot tell the two apart`)
  }
  for (const [which, name] of Object.entries(app.identityHeaders ?? {})) claim(name, `${path}.identityHeaders.${which}`)
  for (const name of Object.keys(app.addHeaders ?? {})) claim(name, `${path}.addHeaders.${name}`)
  app.passHeaders?.forEach((name, index) => {
    const at = `${path}.passHeaders[${index}]`
    const first = name === undefined ? undefined : taken.get(headerKey(name))
    if (first !== undefined) reading.problem(at, `must not pass: ${first} says that the app gets it from the gate`)
    else if (name !== undefined)
      reading.warning(
        at,
        'visitors may say it themselves: fine only where the app asks for a secret of its own beside it'
      )
  })
}
