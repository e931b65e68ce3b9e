/**
 * Decides which framed requests get a page of ours. It has no forms, because another page could cover them
 * (THREATS R18).
 */
import type { IncomingMessage } from 'node:http'
import type { Site } from '../src/apps/route-table.ts'

/** Steps that redirect without interaction. */
const steps: ReadonlySet<string> = new Set(['/login', '/challenge', '/callback'])

/** True for a same-site frame. Cross-site frames, `object` and `embed` get none of our pages. */
export function isSiteFrame({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  const dest = headers['sec-fetch-dest']
  const site = headers['sec-fetch-site']
  return (
    headers['sec-fetch-mode'] === 'navigate' &&
    (dest === 'iframe' || dest === 'frame') &&
    (site === 'same-site' || site === 'same-origin')
  )
}

/** True for such a frame on a step. A same-origin parent could read the page and already has the cookie. */
export function isFramedStep(request: IncomingMessage, path: string): boolean {
  return (
    request.method === 'GET' &&
    request.headers['sec-fetch-site'] === 'same-site' &&
    isSiteFrame(request) &&
    steps.has(path)
  )
}

/** The page's headers. `domains` are those of the gate's hosts, because other pages there may frame an app too. */
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

/** CSP sources for whole domains on any port, because browsers ignore ports in "same site". */
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
