/**
 * Names as people write them: header names, ids, methods, path globs, sign-in names, colours. Owns their shapes; refuses headers
 * that would break a request or speak for the gate.
 */
import { METHODS } from 'node:http'
import { nearest } from './problems.ts'
import { type Wrong, wrong, wrongQuietly } from './wrong.ts'

/** SHA-256 of a certificate as tools print it: hex digits, with or without colons, after `sha256:` or `SHA256 Fingerprint=`. */
export function readFingerprint(text: string): string | Wrong {
  const digits = text
    .trim()
    .replace(/^sha-?256(?: fingerprint)?\s*[:=]\s*/i, '')
    .replace(/[:\s]/g, '')
  if (/^[0-9a-f]{64}$/i.test(digits)) return digits.toLowerCase()
  return wrong(
    "must be 'sha256:' and the 64 hex digits that `openssl x509 -in app.pem -noout -fingerprint -sha256` prints, with or without colons"
  )
}

/** Text on one line. */
export function readLine(text: string): string | Wrong {
  return /[\p{Cc}\p{Zl}\p{Zp}]/u.test(text) ? wrong('must be one line without control characters') : text
}

/** Lower-case letters, digits and `-`: the id of an app or a directory. */
export function readId(text: string): string | Wrong {
  return /^[a-z0-9][a-z0-9-]{0,62}$/.test(text)
    ? text
    : wrong("must be lower-case letters, digits and '-', beginning with a letter or digit, at most 63 long")
}

/** `#rrggbb` in lower case. */
export function readColour(text: string): string | Wrong {
  return /^#[0-9a-f]{6}$/i.test(text) ? text.toLowerCase() : wrong("must be a colour such as '#2f6f4e'")
}

/** A method that Node can receive; anything else would be a rule that never matches. */
export function readMethod(text: string): string | Wrong {
  if (METHODS.includes(text)) return text
  if (METHODS.includes(text.toUpperCase())) return wrong(`must be in capitals: ${text.toUpperCase()}`)
  return wrong(`must be an HTTP method such as ${nearest(text.toUpperCase(), METHODS) ?? 'GET'}`)
}

/** A glob on the app's own path. */
export function readGlob(text: string): string | Wrong {
  if (!text.startsWith('/')) return wrong("must begin with '/', such as /admin/**")
  if (/[?#]/.test(text)) return wrong("must not hold '?' or '#': rules look at the path alone")
  if (/[\p{Cc}\\]/u.test(text)) return wrong("must not hold '\\' or control characters")
  return text
}

/** A sign-in name in the one spelling accounts have (`canonicalName` in src/identity/account.ts). */
export function readUserName(text: string): string | Wrong {
  const name = text.trim().normalize('NFKC').toLowerCase()
  const shape = /^[a-z0-9](?:[a-z0-9._+-]{0,62}[a-z0-9])?(?:@[a-z0-9](?:[a-z0-9.-]{0,188}[a-z0-9])?)?$/
  return shape.test(name) ? name : wrong('must be a sign-in name such as alice or alice@lab.example')
}

/** What all keys in Redis begin with. Braces are left out: the store chooses hash slots with them. */
export function readKeyPrefix(text: string): string | Wrong {
  return /^[\w:.-]{1,64}$/.test(text) ? text : wrong("must be letters, digits and : . _ -, such as 'factorgate:'")
}

/** Whom to ask: words, a `mailto:` or a web address. */
export function readContact(text: string): string | Wrong {
  const line = readLine(text)
  if (typeof line !== 'string') return line
  const scheme = /^([a-z][a-z0-9+.-]*):\S/i.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined) return text
  if (scheme === 'mailto') return /^mailto:[^\s@]+@[^\s@]+$/i.test(text) ? text : wrong('must hold one mail address')
  if ((scheme === 'https' || scheme === 'http') && URL.canParse(text)) return text
  return wrong('must be words, mailto:someone@lab.example or https://…')
}

/** Header names that are the same to servers which fold case and read `_` or `.` as `-` (CGI, WSGI, PHP). */
export function headerKey(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-')
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
// X-Forwarded-User, -Email, -Groups and -Preferred-Username are free: many apps read people's names there.
const families =
  /^(x-factorgate-|x-original-|x-rewrite-|proxy-|sec-|access-control-|x-forwarded-(by|client-cert|for|host|method|path|port|prefix|proto|protocol|scheme|server|ssl|uri|url)$)/

/** A header this gate may add on the way to the app. */
export function readHeaderName(text: string): string | Wrong {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/.test(text))
    return wrongQuietly('must be a header name: letters, digits and -, without blanks or colon')
  const key = headerKey(text)
  if ([...framing, ...others, ...ours].includes(key) || families.test(key))
    return wrong('must not be a header that carries the request itself or that the gate sets')
  return text
}

/** As `readHeaderName`; besides, no header that carries other credentials. */
export function readIdentityHeader(text: string): string | Wrong {
  return headerKey(text) === 'authorization'
    ? wrong('must not be a header that carries credentials of another kind')
    : readHeaderName(text)
}

/** A header that visitors may send although it looks like a claim. Forwarding headers and the gate's own never are among them. */
export function readPassedHeader(text: string): string | Wrong {
  const name = readHeaderName(text)
  const isOurs = /^(?:x-)?(?:factorgate|forwarded|remote)(?:-|$)/.test(headerKey(text))
  return typeof name === 'string' && isOurs
    ? wrong('must not be a header that only the gate or a proxy says: apps believe it without any secret')
    : name
}

/** A fixed value for the app. Never shown. */
export function readHeaderValue(text: string): string | Wrong {
  return /^[\x21-\x7e\x80-\xff]([\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?$/.test(text)
    ? text
    : wrongQuietly('holds a character that no header can carry, or a blank at its end')
}
