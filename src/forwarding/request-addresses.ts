/**
 * Rewrites public addresses in request headers to upstream ones. Other values keep every byte, so that the app's checks of `Origin` and `Referer` still refuse
 * other sites.
 */
import { isPublicHost, publicToUpstreamPath, type UrlMapping } from './url-mapping.ts'

/** Rewritten only if the app gets a Host other than the public one; `toUpstreamReferer` too. */
export function toUpstreamOrigin(value: string, mapping: UrlMapping): string {
  if (!mapping.isMoved) return value
  const url = /^(https?):\/\/([^/?#\\@\s]+)$/i.exec(value)
  return url !== null && isPublic(url, mapping) ? mapping.upstreamOrigin : value
}

export function toUpstreamReferer(value: string, mapping: UrlMapping): string {
  if (!mapping.isMoved) return value
  const url = /^(https?):\/\/([^/?#\\@\s]+)((?:[/?#].*)?)$/is.exec(value)
  if (url === null || !isPublic(url, mapping)) return value
  const rest = url[3] as string
  const path = publicToUpstreamPath(rest.startsWith('/') ? rest : `/${rest}`, mapping)
  return path === null ? value : mapping.upstreamOrigin + path
}

/** WebDAV's `Destination` (RFC 4918 §10.3): servers compare it with their own address. */
export function toUpstreamAddress(value: string, mapping: UrlMapping): string {
  if (value.startsWith('/') && value[1] !== '/') return publicToUpstreamPath(value, mapping) ?? value
  const url = /^https?:\/\/([^/?#\\]*)(\/.*)?$/is.exec(value)
  if (url === null || !isPublicHost(url[1] as string, mapping)) return value
  const path = publicToUpstreamPath(url[2] ?? '/', mapping)
  return path === null ? value : mapping.upstreamOrigin + path
}

/** WebDAV's `If` (RFC 4918 §10.4): each `<URL>` as in `Destination`. */
export function toUpstreamIf(value: string, mapping: UrlMapping): string {
  return value.replace(/<([^<>]*)>/g, (tag, url: string) =>
    /^(?:https?:\/\/|\/)/i.test(url) ? `<${toUpstreamAddress(url, mapping)}>` : tag
  )
}

/** tus' `Upload-Concat: final;/files/a https://…/files/b`. */
export function toUpstreamParts(value: string, mapping: UrlMapping): string {
  return value.replace(/(?<=[;\s])(?:https?:\/\/|\/)\S*/gi, url => toUpstreamAddress(url, mapping))
}

function isPublic([, scheme, authority]: readonly (string | undefined)[], mapping: UrlMapping): boolean {
  return mapping.publicOrigin.startsWith(`${scheme?.toLowerCase()}:`) && isPublicHost(authority as string, mapping)
}
