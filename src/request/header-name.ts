/**
 * Names of header lines. Owns the one normal form that a CGI, WSGI or PHP server may fold a name into, and which lines belong to the
 * connection; knows no value. What a client may never say about itself stands in claims.ts.
 */

/**
 * Lower case, and every character that is no letter or digit a `-`: `Remote_User`, `remote.user` and `Remote-User` are one name to a
 * server that makes `HTTP_REMOTE_USER` of it (CVE-2026-52845, CVE-2025-64484).
 */
export function normalName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-')
}

/** True for a token of RFC 9110 §5.6.2, which is what a field name is. */
export function isHeaderName(text: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text)
}

/** Ends with this connection, in both directions (RFC 9110 §7.6.1). Framing is among it: each side makes its own. */
export const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings'
])

/** The names listed in a `Connection` value, lower case; null where it lists none but the usual two. */
export function connectionOptions(value: string): string[] | null {
  const lower = value.toLowerCase()
  if (lower === 'keep-alive' || lower === 'close' || lower === 'upgrade') return null
  const names = lower.split(',').map(token => token.trim().replace(/^"|"$/g, ''))
  return names.filter(name => name !== '' && !usualOptions.has(name) && !neverListed.has(name))
}

/** Raw lines without those that `Connection` lists. */
export function withoutListed(headers: string[], listed: readonly string[]): string[] {
  if (listed.length === 0) return headers
  const names = new Set(listed)
  const kept: string[] = []
  for (let i = 0; i < headers.length; i += 2)
    if (!names.has((headers[i] as string).toLowerCase())) kept.push(headers[i] as string, headers[i + 1] as string)
  return kept
}

const usualOptions = new Set(['keep-alive', 'close', 'upgrade'])

/** What a `Connection` line cannot take away: without it the message means something else (CVE-2024-45410 and its kin). */
const neverListed = new Set([
  'host',
  'content-length',
  'content-type',
  'content-encoding',
  'content-range',
  'transfer-encoding',
  'cookie',
  'set-cookie',
  'authorization',
  'origin',
  'location',
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-accept'
])
