/**
 * Addresses in a request's headers, as the app must see them. Owns which value names the app: its public origin and prefix, and nothing else.
 * Foreign values, `null` among them, keep every byte, so that an app's own checks of `Origin` and `Referer` still refuse strangers.
 */
import { insideOf, isPublicHost, type UrlMapping } from './url-mapping.ts'

/** `Origin` and its kin: an origin alone. Translated where the app is sent another Host than the public one. */
export function insideOrigin(value: string, where: UrlMapping): string {
  if (!where.isMoved) return value
  const url = /^(https?):\/\/([^/?#\\@\s]+)$/i.exec(value)
  return url !== null && isPublic(url, where) ? where.insideOrigin : value
}

/** `Referer` and its kin: a page of the app. Translated where `Origin` is. */
export function insidePage(value: string, where: UrlMapping): string {
  if (!where.isMoved) return value
  const url = /^(https?):\/\/([^/?#\\@\s]+)((?:[/?#].*)?)$/is.exec(value)
  if (url === null || !isPublic(url, where)) return value
  const rest = url[3] as string
  const path = insideOf(rest.startsWith('/') ? rest : `/${rest}`, where)
  return path === null ? value : where.insideOrigin + path
}

/** WebDAV's `Destination` (RFC 4918 §10.3) as the app must see it: servers compare its scheme, host and path with their own. */
export function insideAddress(value: string, where: UrlMapping): string {
  if (value.startsWith('/') && value[1] !== '/') return insideOf(value, where) ?? value
  const url = /^https?:\/\/([^/?#\\]*)(\/.*)?$/is.exec(value)
  if (url === null || !isPublicHost(url[1] as string, where)) return value
  const path = insideOf(url[2] ?? '/', where)
  return path === null ? value : where.insideOrigin + path
}

/** The tagged lists of WebDAV's `If` (RFC 4918 §10.4): each `<URL>` of the app as in `Destination`. */
export function insideIf(value: string, where: UrlMapping): string {
  return value.replace(/<([^<>]*)>/g, (tag, url: string) =>
    /^(?:https?:\/\/|\/)/i.test(url) ? `<${insideAddress(url, where)}>` : tag
  )
}

/** The parts of tus' `Upload-Concat: final;/files/a https://…/files/b`, each as in `Destination`. */
export function insideParts(value: string, where: UrlMapping): string {
  return value.replace(/(?<=[;\s])(?:https?:\/\/|\/)\S*/gi, url => insideAddress(url, where))
}

function isPublic([, scheme, authority]: readonly (string | undefined)[], where: UrlMapping): boolean {
  return where.publicOrigin.startsWith(`${scheme?.toLowerCase()}:`) && isPublicHost(authority as string, where)
}
