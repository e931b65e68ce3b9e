/**
 * The types of text in a configuration: readers, patterns for editors, and names in the reference. A new type is one `read…` function and
 * one line in `valueTypes`.
 */
import { METHODS } from 'node:http'
import path from 'node:path'
import { canonicalName } from '../../src/identity/account.ts'
import { isLanguage, type Language, languageCodes } from '../../src/messages/languages.ts'
import { isHeaderName, normalName } from '../../src/request/header-name.ts'
import { readAcmeDirectory } from './acme.ts'
import {
  readHostname,
  readListenHost,
  readNetwork,
  readOrigin,
  readPortalUrl,
  readSiteUrl,
  readStore,
  readUpstream
} from './addresses.ts'
import { readExportTarget } from './export-targets.ts'
import {
  readClaimPath,
  readDate,
  readDn,
  readEntityId,
  readIssuer,
  readLdapFilter,
  readLdapUrl,
  readRealm,
  readSamlMetadata
} from './institutions.ts'
import { type Invalid, invalid, invalidSecret, nearest } from './invalid.ts'
import { readMailAddress, readMailServer, readWebhookUrl } from './messages.ts'
import { readTraceEndpoint } from './traces.ts'

interface ValueType<T> {
  /** `folder` is the file's: relative paths start there. */
  read(text: string, folder: string): T | Invalid
  /** A pattern for editors. It may allow too much; `read` decides. */
  readonly pattern?: string
  /** The name in the reference. */
  readonly name: string
}

export const valueTypes = {
  line: { read: readLine, name: 'text' },
  id: { read: readId, pattern: '[a-z0-9][a-z0-9-]{0,62}', name: 'id' },
  file: { read: (text, folder) => path.resolve(folder, text), name: 'path' },
  duration: { read: readDuration, pattern: '[0-9]+(s|m|h|d)', name: 'duration' },
  size: { read: readSize, pattern: '[0-9]+(B|KiB|MiB|GiB)', name: 'size' },
  portalUrl: { read: readPortalUrl, pattern: 'https?://[^/?#@]+/?', name: 'URL' },
  siteUrl: { read: readSiteUrl, pattern: 'https?://[^?#@]+', name: 'URL' },
  origin: { read: readOrigin, pattern: 'https?://[^/?#@]+/?', name: 'origin' },
  upstream: { read: readUpstream, pattern: '(https?://|unix:).+', name: 'URL' },
  store: { read: readStore, pattern: '(embedded:|rediss?(\\+(sentinel|cluster))?://).+', name: 'URL' },
  keyPrefix: { read: readKeyPrefix, pattern: '[A-Za-z0-9_:.-]{1,64}', name: 'prefix' },
  network: { read: readNetwork, pattern: '[0-9A-Fa-f:.]+(/[0-9]{1,3})?', name: 'address or network' },
  listenHost: { read: readListenHost, name: 'address' },
  hostname: { read: readHostname, name: 'host name' },
  language: { read: readLanguage, pattern: languageCodes.join('|'), name: 'language' },
  messageKey: { read: (text: string) => text, pattern: '[A-Za-z_]+([.][A-Za-z_]+)+', name: 'key of a message' },
  colour: { read: readColour, pattern: '#[0-9A-Fa-f]{6}', name: 'colour' },
  contact: { read: readContact, name: 'text or URL' },
  method: { read: readMethod, pattern: '[A-Z-]+', name: 'method' },
  realm: { read: readRealm, pattern: '[a-z0-9][a-z0-9.-]*', name: 'realm' },
  date: { read: readDate, pattern: '\\d{4}-\\d{2}-\\d{2}.*', name: 'date' },
  dn: { read: readDn, name: 'DN' },
  ldapFilter: { read: readLdapFilter, pattern: '\\(.*\\)', name: 'LDAP filter' },
  ldapUrl: { read: readLdapUrl, pattern: 'ldaps?://[^/]+/?', name: 'LDAP URL' },
  claimPath: { read: readClaimPath, name: 'claim' },
  acmeDirectory: { read: readAcmeDirectory, pattern: 'https?://.+', name: 'URL' },
  issuer: { read: readIssuer, pattern: 'https?://.+', name: 'URL' },
  entityId: { read: readEntityId, name: 'entity id' },
  samlMetadata: { read: readSamlMetadata, name: 'file, URL or mdq:URL' },
  mailServer: { read: readMailServer, pattern: 'smtps?://[^/@]+/?', name: 'SMTP URL' },
  mailAddress: { read: readMailAddress, pattern: '[^@]+@[^@]+', name: 'mail address' },
  exportTarget: {
    read: readExportTarget,
    pattern: '(syslog\\+(tls|tcp|udp)://|https?://|file:).+',
    name: 'syslog URL, URL or file'
  },
  traceEndpoint: { read: readTraceEndpoint, pattern: 'https?://[^/]+/.+', name: 'URL' },
  webhookUrl: { read: readWebhookUrl, pattern: 'https?://.+', name: 'URL' },
  requestPath: { read: readRequestPath, pattern: '/.*', name: 'path' },
  status: { read: readStatus, name: 'status' },
  until: { read: readUntil, name: 'time or text' },
  glob: { read: readGlob, pattern: '/.*', name: 'glob' },
  userName: { read: readUserName, name: 'sign-in name' },
  identityHeader: { read: readIdentityHeader, name: 'header name' },
  passedHeader: { read: readPassedHeader, name: 'header name' },
  fingerprint: { read: readFingerprint, name: 'fingerprint' },
  aaguid: { read: readAaguid, pattern: '[0-9A-Fa-f-]{32,36}', name: 'AAGUID' },
  headerName: { read: readHeaderName, name: 'header name' },
  addedHeaderName: { read: readAddedHeader, name: 'header name' },
  secret: { read: (text: string) => text, name: 'text' },
  headerValue: { read: readHeaderValue, name: 'header value' }
} as const satisfies Record<string, ValueType<unknown>>

export type ValueTypeName = keyof typeof valueTypes
export type Loaded<K extends ValueTypeName> = Exclude<ReturnType<(typeof valueTypes)[K]['read']>, Invalid>

type Seconds = number
type Bytes = number

const secondsIn: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 }
const bytesIn: Record<string, number> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }

/** `30s 5m 1h 7d` as seconds. */
export function readDuration(text: string): Seconds | Invalid {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  return unit
    ? Number(count) * secondsIn[unit]!
    : invalid(`must be a number with a unit: 30s, 5m, 1h or 7d${meantDuration(text)}`)
}

/** `10MiB` as bytes. */
export function readSize(text: string): Bytes | Invalid {
  const [, count, unit] = /^(\d{1,9})(B|KiB|MiB|GiB)$/.exec(text) ?? []
  return unit
    ? Number(count) * bytesIn[unit]!
    : invalid(`must be a number with a unit: 512B, 64KiB, 10MiB or 2GiB${meantSize(text)}`)
}

/** `1,5 h` and `30 min` are clear enough for a proposal; a number alone is not. */
function meantDuration(text: string): string {
  const [, count = '', unit = ''] = /^(\d{1,9}(?:[.,]\d{1,3})?)\s*([smhd])[a-z]*$/i.exec(text) ?? []
  const seconds = Number(count.replace(',', '.')) * (secondsIn[unit.toLowerCase()] ?? Number.NaN)
  return Number.isInteger(seconds) && seconds > 0 ? ` (did you mean ${printDuration(seconds)}?)` : ''
}

function meantSize(text: string): string {
  const [, count = '', unit = ''] = /^(\d{1,9}(?:[.,]\d{1,3})?)\s*([kmg])(?:i?b)?$/i.exec(text) ?? []
  const bytes = Number(count.replace(',', '.')) * (bytesIn[`${unit.toUpperCase()}iB`] ?? Number.NaN)
  return Number.isInteger(bytes) && bytes > 0 ? ` (did you mean ${printSize(bytes)}?)` : ''
}

/** Written as in the file. */
export function printDuration(seconds: Seconds): string {
  for (const unit of ['d', 'h', 'm']) {
    const size = secondsIn[unit]!
    if (seconds > 0 && seconds % size === 0) return `${seconds / size}${unit}`
  }
  return `${seconds}s`
}

/** Bytes as in the file. */
export function printSize(bytes: Bytes): string {
  for (const unit of ['GiB', 'MiB', 'KiB']) {
    const size = bytesIn[unit]!
    if (bytes > 0 && bytes % size === 0) return `${bytes / size}${unit}`
  }
  return `${bytes}B`
}

/** A fingerprint as tools print it: hex digits, with or without colons, after `sha256:` or `SHA256 Fingerprint=`. */
function readFingerprint(text: string): string | Invalid {
  const digits = text
    .trim()
    .replace(/^sha-?256(?: fingerprint)?\s*[:=]\s*/i, '')
    .replace(/[:\s]/g, '')
  if (/^[0-9a-f]{64}$/i.test(digits)) return digits.toLowerCase()
  return invalid(
    "must be 'sha256:' and the 64 hex digits that `openssl x509 -in app.pem -noout -fingerprint -sha256` prints, with or without colons"
  )
}

/** Spelled as in lists of authenticators: lower case, with hyphens. */
function readAaguid(text: string): string | Invalid {
  const digits = text.trim().toLowerCase().replaceAll('-', '')
  if (!/^[0-9a-f]{32}$/.test(digits))
    return invalid("must be an AAGUID such as 'fa2b99dc-9e39-4257-8f92-4a30d23c4118', in quotes")
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

function readLine(text: string): string | Invalid {
  return /[\p{Cc}\p{Zl}\p{Zp}]/u.test(text) ? invalid('must be one line without control characters') : text
}

/** The ends are included. */
export interface StatusRange {
  readonly from: number
  readonly to: number
}

/** `200`, `2xx` or `200-399`. */
function readStatus(text: string): StatusRange | Invalid {
  const [, hundred, first, last = first] = /^(?:([2-5])xx|([2-5]\d\d)(?:-([2-5]\d\d))?)$/i.exec(text) ?? []
  if (hundred !== undefined) return { from: Number(hundred) * 100, to: Number(hundred) * 100 + 99 }
  if (first !== undefined && Number(first) <= Number(last)) return { from: Number(first), to: Number(last) }
  return invalid('must be a status such as 200, a class such as 2xx, or a range such as 200-399')
}

/** A path with an optional query, as in a request line. */
function readRequestPath(text: string): string | Invalid {
  if (!/^\/(?!\/)/.test(text)) return invalid("must begin with one '/', such as /healthz")
  if (text.includes('#')) return invalid("must not hold '#': it never reaches the app")
  return /^[\x21-\x7e]*$/.test(text) ? text : invalid('holds a character that must be %-escaped')
}

/** A time, or words for one. */
export interface Until {
  readonly text: string
  /** In milliseconds since the epoch; null for words. */
  readonly at: number | null
  /** 0 for words. */
  readonly offsetMinutes: number
}

/** `2026-12-01T08:00+01:00`, or words. A time must have a zone, and must exist. */
export function readUntil(text: string): Until | Invalid {
  const line = readLine(text)
  if (typeof line !== 'string') return line
  const [, day, clock, zone] =
    /^(\d{4}-\d\d-\d\d)[T\s]\s*(\d\d?:\d\d(?::\d\d)?)\s*(Z|UTC|[+-]\d\d:?\d\d)?$/i.exec(text.trim()) ?? []
  if (day === undefined || clock === undefined) return { text: line, at: null, offsetMinutes: 0 }
  if (zone === undefined) return invalid(`must have a time zone, such as ${day}T${clock.padStart(5, '0')}+01:00`)
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? []
  const offsetMinutes = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
  const local = Date.parse(`${day}T${clock.indexOf(':') === 1 ? `0${clock}` : clock}Z`)
  // `Date.parse` reads 30 February as 2 March.
  const isReal = !Number.isNaN(local) && new Date(local).toISOString().startsWith(day) && Math.abs(offsetMinutes) <= 840
  return isReal
    ? { text: line, at: local - offsetMinutes * 60_000, offsetMinutes }
    : invalid('must be a time that exists')
}

/** The id of an app or a directory. */
function readId(text: string): string | Invalid {
  return /^[a-z0-9][a-z0-9-]{0,62}$/.test(text)
    ? text
    : invalid("must be lower-case letters, digits and '-', beginning with a letter or digit, at most 63 long")
}

function readLanguage(text: string): Language | Invalid {
  return isLanguage(text) ? text : invalid(`must be one of ${languageCodes.join(', ')}`)
}

/** `#rrggbb` in lower case. */
function readColour(text: string): string | Invalid {
  return /^#[0-9a-f]{6}$/i.test(text) ? text.toLowerCase() : invalid("must be a colour such as '#2f6f4e'")
}

/** No request could match a method that Node does not receive. */
function readMethod(text: string): string | Invalid {
  if (METHODS.includes(text)) return text
  if (METHODS.includes(text.toUpperCase())) return invalid(`must be in capital letters: ${text.toUpperCase()}`)
  return invalid(`must be an HTTP method such as ${nearest(text.toUpperCase(), METHODS) ?? 'GET'}`)
}

/** A glob on the app's own path. */
function readGlob(text: string): string | Invalid {
  if (!text.startsWith('/')) return invalid("must begin with '/', such as /admin/**")
  if (/[?#]/.test(text)) return invalid("must not have '?' or '#': rules compare only the path")
  if (/[\p{Cc}\\]/u.test(text)) return invalid("must not hold '\\' or control characters")
  return text
}

/** The canonical form of a sign-in name. */
function readUserName(text: string): string | Invalid {
  return canonicalName(text) ?? invalid('must be a sign-in name such as alice or alice@lab.example')
}

/** Braces are refused, since Redis chooses hash slots by them. */
function readKeyPrefix(text: string): string | Invalid {
  return /^[\w:.-]{1,64}$/.test(text) ? text : invalid("must be letters, digits and : . _ -, such as 'factorgate:'")
}

/** Words, a `mailto:` or a web address. */
function readContact(text: string): string | Invalid {
  const line = readLine(text)
  if (typeof line !== 'string') return line
  const scheme = /^([a-z][a-z0-9+.-]*):\S/i.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined) return text
  if (scheme === 'mailto') return /^mailto:[^\s@]+@[^\s@]+$/i.test(text) ? text : invalid('must hold one mail address')
  if ((scheme === 'https' || scheme === 'http') && URL.canParse(text)) return text
  return invalid('must be words, mailto:someone@lab.example or https://…')
}

const framing = [
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade'
]
const others = ['cookie', 'set-cookie', 'content-type', 'content-encoding', 'date', 'origin', 'proxy', 'referer']
const ours = ['forwarded', 'x-real-ip', 'via']
// X-Forwarded-User, -Email, -Groups and -Preferred-Username are allowed, since many apps read them.
const families =
  /^(x-factorgate-|x-original-|x-rewrite-|proxy-|sec-|access-control-|x-forwarded-(by|client-cert|for|host|method|path|port|prefix|proto|protocol|scheme|server|ssl|uri|url)$)/

/** A header that the gate may add for the app. */
function readHeaderName(text: string): string | Invalid {
  if (!isHeaderName(text) || text.length > 128)
    return invalidSecret('must be a header name: letters, digits and -, without blanks or colon')
  const key = normalName(text)
  if ([...framing, ...others, ...ours].includes(key) || families.test(key))
    return invalid('must not be a header that carries the request itself or that the gate sets')
  return text
}

/** It takes what the gate says of the public address, too: an app may need another one there (FIELD F22). */
function readAddedHeader(text: string): string | Invalid {
  return isHeaderName(text) && /^x-forwarded-(host|port|prefix|proto)$/.test(normalName(text))
    ? text
    : readHeaderName(text)
}

/** As `readHeaderName`, without headers of other credentials. */
function readIdentityHeader(text: string): string | Invalid {
  return normalName(text) === 'authorization'
    ? invalid('must not be a header that carries credentials of another kind')
    : readHeaderName(text)
}

/** A header that visitors may send although it looks like a claim. Forwarding headers and the gate's own are refused. */
function readPassedHeader(text: string): string | Invalid {
  const name = readHeaderName(text)
  const isOurs = /^(?:x-)?(?:factorgate|forwarded|remote)(?:-|$)/.test(normalName(text))
  return typeof name === 'string' && isOurs
    ? invalid('must not be a header that only the gate or a proxy sets: apps believe it without any secret')
    : name
}

/** The value is never shown. */
function readHeaderValue(text: string): string | Invalid {
  return /^[\x21-\x7e\x80-\xff]([\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?$/.test(text)
    ? text
    : invalidSecret('has a character that is not allowed in a header, or a space at its end')
}
