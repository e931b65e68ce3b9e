/** Rewrites the app's own addresses in response headers to public ones. Other addresses keep their bytes. */
import { isApp, publicLocation, publicPath, type UrlMapping } from './url-mapping.ts'

/** `Refresh: 3; url=…`. Browsers accept it without `url=`, or with a comma or blank (HTML). */
export function publicRefresh(value: string, where: UrlMapping): string {
  const parts = /^(\s*[\d.]+(?:\s*[;,]\s*|\s+)(?:url\s*=\s*)?)(["']?)(.*?)(\2\s*)$/is.exec(value)
  if (parts === null) return value
  const [, before, quote, url, after] = parts as unknown as [string, string, string, string, string]
  return before + quote + publicLocation(url, where) + after
}

/** `Link: </style.css>; rel=preload` (RFC 8288). */
export function publicLinks(value: string, where: UrlMapping): string {
  return value.replace(/<([^<>]*)>/g, (_, url: string) => `<${publicLocation(url, where)}>`)
}

/** CSP, `Access-Control-Allow-Origin`, reporting endpoints. */
export function publicSources(value: string, where: UrlMapping): string {
  return value.replace(
    /\b(https?|wss?):\/\/([^\s"'<>;,()/?#\\]+)([^\s"'<>;,()\\]*)/gi,
    (all, scheme: string, host, path) => {
      if (!isApp(host, where)) return all
      const origin = /^ws/i.test(scheme) ? where.publicOrigin.replace(/^http/, 'ws') : where.publicOrigin
      return origin + (path === '' ? '' : publicPath(path.startsWith('/') ? path : `/${path}`, where))
    }
  )
}
