/** Header names: their comparison, hop-by-hop headers, and the `Connection` header. */

/** One form for spellings that CGI servers confuse: `Remote_User`, `remote.user` (CVE-2026-52845, CVE-2025-64484). */
export function normalName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-')
}

/** Also what a CGI server makes of `X-HTTP-Method-Override` and the like. */
const override = /^(?:(?:https?|redirect|ajp|x)-)*method(?:-override)?$/

export function isOverride(name: string): boolean {
  return /method/i.test(name) && override.test(normalName(name))
}

/** A token (RFC 9110 §5.6.2). */
export function isHeaderName(text: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text)
}

/** RFC 9110 §7.6.1. */
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

export function connectionOptions(value: string): string[] | null {
  const lower = value.toLowerCase()
  if (lower === 'keep-alive' || lower === 'close' || lower === 'upgrade') return null
  const names = lower.split(',').map(token => token.trim().replace(/^"|"$/g, ''))
  return names.filter(name => name !== '' && !usualOptions.has(name) && !neverListed.has(name))
}

export function withoutListed(headers: string[], listed: readonly string[]): string[] {
  if (listed.length === 0) return headers
  const names = new Set(listed)
  const kept: string[] = []
  for (let i = 0; i < headers.length; i += 2)
    if (!names.has((headers[i] as string).toLowerCase())) kept.push(headers[i] as string, headers[i + 1] as string)
  return kept
}

const usualOptions = new Set(['keep-alive', 'close', 'upgrade'])

/** `Connection` cannot remove these, otherwise the message would change its meaning (CVE-2024-45410). */
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
