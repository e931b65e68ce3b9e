/** Checks of device-bound sign-ins: where browsers can make no keys, whom `required` keeps out, and hosts beyond the browsers' quota. */
import type { Diagnostics } from '../reading/diagnostics.ts'
import type { DraftApp, DraftConfig } from '../schema.ts'
import { isPublicSuffix } from '../values/public-suffixes.ts'
import { printDuration } from '../values/value-types.ts'

export const whoIsRequired = 'only browsers that can bind a sign-in to a device: today Chrome on Windows with a TPM'

export function checkDevice(config: DraftConfig, diagnostics: Diagnostics): void {
  const { apps, portal, device } = config
  if (apps === undefined) return
  const bound = apps.flatMap((app, place) => (app === undefined ? [] : placesOf(app, `apps[${place}]`)))
  if (bound.length === 0) {
    if (diagnostics.isGiven('device')) diagnostics.warning('device', 'changes nothing: no app says deviceBound')
    return
  }
  for (const { path, level, access, url } of bound) {
    if (level === 'required' && (access === 'public' || access === 'deny'))
      diagnostics.problem(path, `must not be used with access: ${access}, which asks for no sign-in`)
    const isPlain = url?.secure === false ? 'this app' : portal?.url?.secure === false ? 'the portal' : null
    if (isPlain === null && level === 'required')
      diagnostics.advise(path, `is required: the gate lets in ${whoIsRequired}`)
    if (isPlain === null) continue
    const why = `browsers make device keys for https only, and ${isPlain} is on http`
    if (level === 'required') diagnostics.problem(path, `would let nobody in: ${why}`)
    else diagnostics.warning(path, `changes nothing: ${why}`)
  }
  const hosts = new Set(
    [...bound.map(({ url }) => url?.hostname), portal?.url?.hostname].filter(one => one !== undefined)
  )
  if (device?.lifetime !== undefined) checkQuota(hosts, device.lifetime, diagnostics)
}

interface Place {
  readonly path: string
  readonly level: 'preferred' | 'required'
  readonly access: string | undefined
  readonly url: DraftApp['url']
}

function placesOf({ deviceBound, rules, url }: DraftApp, at: string): Place[] {
  const own =
    deviceBound === 'preferred' || deviceBound === 'required'
      ? [{ path: `${at}.deviceBound`, level: deviceBound, access: undefined, url }]
      : []
  const ofRules = (rules ?? []).flatMap((rule, index): Place[] => {
    const level = rule?.deviceBound
    if (level !== 'preferred' && level !== 'required') return []
    return [{ path: `${at}.rules[${index}].deviceBound`, level, access: rule?.access, url }]
  })
  return [...own, ...ofRules]
}

/** A browser makes six signatures in nine minutes for a whole domain, and refreshes two minutes before the end. */
function checkQuota(hosts: ReadonlySet<string>, lifetime: number, diagnostics: Diagnostics): void {
  const most = Math.floor((6 * (lifetime - 120)) / 540)
  if (hosts.size <= most) return
  for (const [domain, count] of countsByDomain(hosts))
    if (count > most) {
      const enough = 120 + Math.ceil((540 * count) / 6 / 60) * 60
      diagnostics.advise(
        'device.lifetime',
        `is short for the ${count} hosts of ${domain} with device keys: a browser gives six proofs in nine minutes for all of them together, so ${printDuration(lifetime)} carries ${most} that are in use at once; ${printDuration(enough)} carries them all`
      )
    }
}

function countsByDomain(hosts: ReadonlySet<string>): Map<string, number> {
  const domains = new Map<string, number>()
  for (const host of hosts) {
    const domain = domainOf(host)
    domains.set(domain, (domains.get(domain) ?? 0) + 1)
  }
  return domains
}

/** The name below the public suffix, which is a site for browsers. */
function domainOf(host: string): string {
  const labels = host.split('.')
  const at = labels.findIndex((_, i) => i + 1 < labels.length && isPublicSuffix(labels.slice(i + 1).join('.')))
  return at < 0 ? host : labels.slice(at).join('.')
}
