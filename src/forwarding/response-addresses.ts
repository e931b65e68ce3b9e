/** Rewrites the app's addresses in response headers to public ones. Other addresses keep every byte. */
import { isAppAuthority, toPublicLocation, toPublicPath, type UrlMapping } from './url-mapping.ts'

/** `Refresh: 3; url=…`. Browsers accept it without `url=`, or with a comma or blank (HTML). */
export function toPublicRefresh(value: string, mapping: UrlMapping): string {
  const parts = /^(\s*[\d.]+(?:\s*[;,]\s*|\s+)(?:url\s*=\s*)?["']?)(.*)$/is.exec(value)
  if (parts === null) return value
  const [, before, rest] = parts as unknown as [string, string, string]
  const quote = /["']$/.exec(before)?.[0] ?? ''
  const trimmed = rest.trimEnd()
  const url = quote !== '' && trimmed.endsWith(quote) ? trimmed.slice(0, -1) : trimmed
  return before + toPublicLocation(url, mapping) + rest.slice(url.length)
}

/** `Link: </style.css>; rel=preload` (RFC 8288), also `anchor` and `imagesrcset` (HTML). */
export function toPublicLinks(value: string, mapping: UrlMapping): string {
  const targets = value.replace(/<([^<>]*)>/g, (_, url: string) => `<${toPublicLocation(url, mapping)}>`)
  return targets.replace(
    /(;\s*(?:anchor|imagesrcset)\s*=\s*")([^"]*)/gi,
    (_, before: string, urls: string) =>
      before + urls.replace(/[^\s,]+/g, (url: string) => toPublicLocation(url, mapping))
  )
}

export function toPublicHtmxLocation(value: string, mapping: UrlMapping): string {
  if (!/^\s*\{/.test(value)) return toPublicLocation(value, mapping)
  return value.replace(
    /("path"\s*:\s*")([^"\\]*)(?=")/g,
    (_, before: string, path: string) => before + toPublicLocation(path, mapping)
  )
}

export function toPublicPolicy(value: string, mapping: UrlMapping): string {
  const sources = toPublicSources(value, mapping)
  return sources.replace(/(?:^|[;,])\s*report-uri\s[^;,]*/gi, directive =>
    directive.replace(/(?<=\s)\/(?!\/)\S*/g, path => toPublicPath(path, mapping))
  )
}

export function toPublicStrings(value: string, mapping: UrlMapping): string {
  const addresses = toPublicSources(value, mapping)
  return addresses.replace(/(?<=")\/(?!\/)[^"\\]*(?=")/g, path => toPublicPath(path, mapping))
}

/** Addresses stand among other words, as in `Access-Control-Allow-Origin`. */
export function toPublicSources(value: string, mapping: UrlMapping): string {
  return value.replace(
    /\b(https?|wss?):\/\/([^\s"'<>;,()/?#\\]+)([^\s"'<>;,()\\]*)/gi,
    (all, scheme: string, host, path) => {
      if (!isAppAuthority(host, mapping)) return all
      const origin = /^ws/i.test(scheme) ? mapping.publicOrigin.replace(/^http/, 'ws') : mapping.publicOrigin
      return origin + (path === '' ? '' : toPublicPath(path.startsWith('/') ? path : `/${path}`, mapping))
    }
  )
}

const plainPath = /^[\w\-./~%!$&'()*+,;=:@]+$/
const dotSegment = /\/(?:\.|%2e){1,2}(?:\/|$)/i

/**
 * `Service-Worker-Allowed`; null where no scope may be named. Under a path it stays within that path, otherwise a worker would read the pages of other apps.
 * The portal's host gets no workers.
 */
export function toPublicWorkerScope(value: string, mapping: UrlMapping): string | null {
  const scope = toPublicLocation(value, mapping)
  if (mapping.prefix === '') return scope
  if (mapping.sharesPortal) return null
  const own = `${mapping.prefix}/`
  if (value === '/') return own
  return scope.startsWith(own) && plainPath.test(scope) && !dotSegment.test(scope) ? scope : null
}
