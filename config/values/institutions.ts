/** Texts about institutions: LDAP URLs, filters and DNs, issuers, entity ids, realms, dates. */
import path from 'node:path'
import { canonicalName } from '../../src/identity/account.ts'
import { isLoopback } from './addresses.ts'
import { type Invalid, invalid, invalidSecret } from './invalid.ts'

/** Where SAML metadata comes from. */
type MetadataSource =
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'url'; readonly url: string }
  /** A metadata query server (draft-young-md-query): one identity provider at a time. */
  | { readonly kind: 'mdq'; readonly url: string }

/** The part after `@` in the names of accounts. */
export function readRealm(text: string): string | Invalid {
  const realm = text.toLowerCase()
  return canonicalName(`a@${realm}`) === `a@${realm}`
    ? realm
    : invalid('must be letters, digits, . and -, such as campus or uni.example')
}

/** A day (its end, in UTC) or a moment with its zone, in milliseconds since the epoch. */
export function readDate(text: string): number | Invalid {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text)
  const isMoment = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})$/.test(text)
  const at = isDay || isMoment ? Date.parse(isDay ? `${text}T23:59:59.999Z` : text.replace(' ', 'T')) : Number.NaN
  const isReal = !Number.isNaN(at) && (!isDay || new Date(at).toISOString().startsWith(text))
  return isReal
    ? at
    : invalid('must be a day such as 2027-02-01, or a moment with its zone such as 2027-02-01T18:00+01:00')
}

/** A DN, or a pattern of one. Directories read the rest. */
export function readDn(text: string): string | Invalid {
  if (/[\p{Cc}]/u.test(text)) return invalid('must be one line without control characters')
  if (/^[^\\=,]+\\[^\\=,]+$/.test(text)) return invalid('must be a DN, or name@domain instead of DOMAIN\\name')
  const isName = /^[^@=,]+@[^@=,]+$/.test(text)
  return isName || /^\s*[A-Za-z0-9.-]+\s*=/.test(text)
    ? text.trim()
    : invalid('must be a DN such as ou=people,dc=lab,dc=example')
}

/** An LDAP filter in parentheses (RFC 4515). */
export function readLdapFilter(text: string): string | Invalid {
  const filter = text.trim()
  let depth = 0
  for (const [index, char] of [...filter].entries()) {
    if (char === '(') depth++
    if (char === ')') depth--
    if (depth < 0 || (depth === 0 && index < filter.length - 1)) break
  }
  return filter.startsWith('(') && filter.endsWith(')') && depth === 0
    ? filter
    : invalid('must be one LDAP filter in parentheses, such as (uid={name}) or (&(objectClass=person)(uid={name}))')
}

/** `ldaps://host`, `ldap://host:389`. */
export function readLdapUrl(text: string): string | Invalid {
  const [, authority] = /^ldaps?:\/\/([^/?#\s]+)\/?$/i.exec(text) ?? []
  if (authority === undefined || !URL.canParse(text)) return invalid('must be an LDAP URL such as ldaps://ldap.example')
  if (authority.includes('@')) return invalidSecret('must not hold a user name or password; see bind')
  return text.replace(/\/$/, '').toLowerCase()
}

/** The path of a claim: `groups`, `realm_access.roles`. */
export function readClaimPath(text: string): string | Invalid {
  return /^[^\s.\p{Cc}]+(\.[^\s.\p{Cc}]+)*$/u.test(text)
    ? text
    : invalid('must be the name of a claim such as groups; dots go into objects: realm_access.roles')
}

/** An issuer as in tokens (OpenID Connect Core §2: https, no query, no fragment). Plain http is for this machine alone. */
export function readIssuer(text: string): string | Invalid {
  if (!/^https?:\/\/[^\s?#\\]+$/i.test(text) || !URL.canParse(text))
    return invalid('must be an https URL such as https://login.example, without query or fragment')
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return invalidSecret('must not hold a user name or password')
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    return invalid('must be https: whoever is on the way could char in as anybody')
  return text
}

/** The entity id of a SAML party (SAML Metadata §2.2.1: a URI of at most 1024 characters). */
export function readEntityId(text: string): string | Invalid {
  return /^[a-z][a-z0-9+.-]*:\S+$/i.test(text) && text.length <= 1024
    ? text
    : invalid('must be an entity id such as https://idp.example/entity or urn:mace:example')
}

/** A file, an address, or `mdq:` and an address. */
export function readSamlMetadata(text: string, folder: string): MetadataSource | Invalid {
  const [, mdq, url] = /^(mdq: ?)?(https?:\/\/\S+)$/i.exec(text) ?? []
  if (url === undefined)
    return /^[a-z][a-z0-9+.-]+:/i.test(text)
      ? invalid('must be a file, an https:// address, or mdq: and such an address')
      : { kind: 'file', file: path.resolve(folder, text) }
  if (!URL.canParse(url)) return invalid('must be an address such as https://mds.example/all.xml')
  if (new URL(url).username !== '') return invalidSecret('must not hold a user name or password')
  return { kind: mdq === undefined ? 'url' : 'mdq', url }
}
