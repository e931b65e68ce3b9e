/**
 * Who may be shown a page of ours inside a frame, and with which headers. Owns that question alone. Such a page says what happened and holds links; no form
 * of ours is ever inside a frame, where another page could lie over it (THREATS R18).
 */
import type { IncomingMessage } from 'node:http'
import type { Site } from '../src/apps/route-table.ts'

/** The steps that lead on by themselves where nothing must be asked: they may be gone through inside a frame. */
const steps: ReadonlySet<string> = new Set(['/login', '/challenge', '/callback'])

/**
 * True where a frame in a page of the same site opens an address: what it is answered with is seen by a person. Frames of other sites get none of our
 * cookies and no page of ours; `object` and `embed` neither.
 */
export function isSiteFrame({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  const dest = headers['sec-fetch-dest']
  const site = headers['sec-fetch-site']
  return (
    headers['sec-fetch-mode'] === 'navigate' &&
    (dest === 'iframe' || dest === 'frame') &&
    (site === 'same-site' || site === 'same-origin')
  )
}

/**
 * True for such a frame on a step of a way. A page of our own origin could read what stands in it, and has the very cookie that the step would look at:
 * there is nothing to go through there.
 */
export function isFramedStep(request: IncomingMessage, path: string): boolean {
  return (
    request.method === 'GET' &&
    request.headers['sec-fetch-site'] === 'same-site' &&
    isSiteFrame(request) &&
    steps.has(path)
  )
}

/**
 * Its headers. `domains`: those that the gate's hosts belong to. A page of the lab that is no app of the gate may frame an app too, and its reader must see
 * what happened. There are no scripts and no forms in it.
 */
export function framePageHeaders(sites: readonly Site[], domains: readonly string[] = []): Record<string, string> {
  const ancestors = [...sites.map(({ origin }) => origin), ...domains].join(' ')
  return {
    'content-security-policy': `default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors ${ancestors}`,
    'referrer-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-site',
    'cache-control': 'no-store',
    vary: 'Cookie'
  }
}

/** The sources of a policy that name the whole domain of these sites, on any port: ports are no part of what browsers call a site. */
export function domainSources(sites: readonly Site[], isPublicSuffix: (name: string) => boolean): string[] {
  const sources = sites.flatMap(({ origin }) => {
    const { protocol, hostname } = new URL(origin)
    if (hostname.startsWith('[')) return []
    if (/^[\d.]+$/.test(hostname)) return [`${protocol}//${hostname}:*`]
    const labels = hostname.split('.')
    let from = labels.length - 1
    while (from > 0 && isPublicSuffix(labels.slice(from).join('.'))) from--
    const domain = labels.slice(from).join('.')
    return [`${protocol}//${domain}:*`, `${protocol}//*.${domain}:*`]
  })
  return [...new Set(sources)]
}
