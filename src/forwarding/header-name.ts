/**
 * Names of header lines. Owns the one normal form that a CGI, WSGI or PHP server may fold a name into, and the list of what a client
 * may never say about itself; knows no value.
 */

/**
 * Lower case, and every character that is no letter or digit a `-`: `Remote_User`, `remote.user` and `Remote-User` are one name to a
 * server that makes `HTTP_REMOTE_USER` of it (CVE-2026-52845, CVE-2025-64484).
 */
export function normalName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-')
}

/** Who is asking, from where, and for what address: only the gate says so. */
const spoken = new Set([
  // identity
  'x-rstudio-username',
  'x-client-cert',
  'x-client-dn',
  'x-client-verify',
  'client-cert',
  'client-cert-chain',
  // the client's address
  'forwarded',
  'x-forwarded',
  'x-real-ip',
  'x-client-ip',
  'client-ip',
  'true-client-ip',
  'x-cluster-client-ip',
  'x-originating-ip',
  'x-proxyuser-ip',
  'cf-connecting-ip',
  'cf-connecting-ipv6',
  'fastly-client-ip',
  'wl-proxy-client-ip',
  // the address asked for, and how
  'x-host',
  'x-http-host-override',
  'x-scheme',
  'x-url-scheme',
  'front-end-https',
  'x-script-name',
  'script-name',
  'x-ingress-path',
  'x-rstudio-request',
  'x-rstudio-root-path',
  'x-rsc-request',
  // another method than the one the rules judged (THREATS M26)
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  // CGI turns it into HTTP_PROXY (CVE-2016-5385)
  'proxy'
])

const spokenPrefixes = [
  'forwarded-',
  'x-forwarded-',
  'x-original-',
  'x-rewrite-',
  'x-envoy-',
  'x-auth-',
  'x-webauth-',
  'x-authenticated-',
  'authenticated-',
  'remote-',
  'x-remote-',
  'x-proxy-',
  'proxy-',
  'x-ssl-',
  'ssl-',
  'x-oidc-',
  'oidc-',
  'shib-',
  'mellon-',
  'x-authelia-',
  'x-authentik-',
  'x-tinyauth-',
  'x-pomerium-',
  'x-vouch-',
  'x-lkproxy-',
  'x-goog-authenticated-',
  'x-goog-iap-',
  'x-amzn-oidc-',
  'x-ms-client-principal',
  'cf-access-',
  'x-factorgate',
  'factorgate-'
]

/** Secrets that an app checks itself, as it checks `Authorization`: no claim that it would have to believe. */
const appSecrets = new Set(['x-auth-token', 'x-auth-key'])

/** True for a name (in its normal form) that no client may send on: identity and forwarding, whatever the app is configured for. */
export function isGatesToSay(normal: string): boolean {
  if (spoken.has(normal)) return true
  if (appSecrets.has(normal)) return false
  return spokenPrefixes.some(prefix => normal.startsWith(prefix))
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
