/**
 * Rewrites public addresses in request headers to upstream ones. Other values, `null` included, keep every byte, so
 * the app's own checks of `Origin` and `Referer` still refuse strangers.
 */
import { insideOf, isPublicHost, type UrlMapping } from './url-mapping.ts'

/** Rewritten if the app gets a Host other than the public one. */
export function insideOrigin(value: string, where: UrlMapping): string {
  if (!where.isMoved) return value
  const url = /^(https?):\/\/([^/?#\\@\s]+)$/i.exec(value)
  return url !== null && isPublic(url, where) ? where.insideOrigin : value
}

/** Rewritten under the same condition. */
export function insidePage(value: string, where: UrlMapping): string {
  if (!where.isMoved) return value
  const url = /^(https?):\/\/([^/?#\\@\s]+)((?:[/?#].*)?)$/is.exec(value)
  if (url === null || !isPublic(url, where)) return value
  const rest = url[3] as string
  const path = insideOf(rest.startsWith('/') ? rest : `/${rest}`, where)
  return path === null ? value : where.insideOrigin + path
}

/** WebDAV's `Destination` (RFC 4918 §10.3), which servers compare with their own address. */
export function insideAddress(value: string, where: UrlMapping): string {
  if (value.startsWith('/') && value[1] !== '/') return insideOf(value, where) ?? value
  const url = /^https?:\/\/([^/?#\\]*)(\/.*)?$/is.exec(value)
  if (url === null || !isPublicHost(url[1] as string, where)) return value
  const path = insideOf(url[2] ?? '/', where)
  return path === null ? value : where.insideOrigin + path
}

/** WebDAV's `If` (RFC 4918 §10.4): each `<URL>` as in `Destination`. */
export function insideIf(value: string, where: UrlMapping): string {
  return value.replace(/<([^<>]*)>/g, (tag, url: string) =>
    /^(?:https?:\/\/|\/)/i.test(url) ? `<${insideAddress(url, where)}>` : tag
  )
}

/** tus' `Upload-Concat: final;/files/a https://…/files/b`. */
export function insideParts(value: string, where: UrlMapping): string {
  return value.replace(/(?<=[;\s])(?:https?:\/\/|\/)\S*/gi, url => insideAddress(url, where))
}

function isPublic([, scheme, authority]: readonly (string | undefined)[], where: UrlMapping): boolean {
  return where.publicOrigin.startsWith(`${scheme?.toLowerCase()}:`) && isPublicHost(authority as string, where)
}
