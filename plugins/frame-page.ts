/** Pages in frames: which requests get one, and its headers (THREATS R18). */
import type { IncomingMessage } from 'node:http'
import type { Site } from '../src/apps/route-table.ts'
import { isSiteFrame } from '../src/request/wants-page.ts'

/** Steps that may redirect without interaction. */
const steps: ReadonlySet<string> = new Set(['/login', '/challenge', '/callback'])

/** A same-origin parent is excluded, because it could read the page. */
export function isFramedStep(request: IncomingMessage, path: string): boolean {
  return (
    request.method === 'GET' &&
    request.headers['sec-fetch-site'] === 'same-site' &&
    isSiteFrame(request) &&
    steps.has(path)
  )
}

/** Pages on the gate's hosts and on `domains` may frame it. */
export function framePageHeaders(sites: readonly Site[], domains: readonly string[] = []): Record<string, string> {
  const ancestors = [...sites.map(({ origin }) => origin), ...domains].join(' ')
  return {
    'content-security-policy': `default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors ${ancestors}`,
    'referrer-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-site',
    'cache-control': 'no-store',
    'x-robots-tag': 'noindex',
    vary: 'Cookie'
  }
}

/** Domains on any port, because "same site" ignores ports. */
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
