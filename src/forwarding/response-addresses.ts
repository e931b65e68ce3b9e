/** Rewrites the app's addresses in response headers to public ones. Other addresses keep every byte. */
import { isAppAuthority, toPublicLocation, toPublicPath, type UrlMapping } from './url-mapping.ts'

/** `Refresh: 3; url=…`. Browsers accept it without `url=`, or with a comma or blank (HTML). */
export function toPublicRefresh(value: string, mapping: UrlMapping): string {
  const parts = /^(\s*[\d.]+(?:\s*[;,]\s*|\s+)(?:url\s*=\s*)?)(["']?)(.*?)(\2\s*)$/is.exec(value)
  if (parts === null) return value
  const [, before, quote, url, after] = parts as unknown as [string, string, string, string, string]
  return before + quote + toPublicLocation(url, mapping) + after
}

/** `Link: </style.css>; rel=preload` (RFC 8288). */
export function toPublicLinks(value: string, mapping: UrlMapping): string {
  return value.replace(/<([^<>]*)>/g, (_, url: string) => `<${toPublicLocation(url, mapping)}>`)
}

/** CSP, `Access-Control-Allow-Origin`, reporting endpoints. */
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
