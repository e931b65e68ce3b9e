/** The headers of a forward-auth verdict: what the proxy must add to the app's request, and what it must remove. */
import type { IncomingHttpHeaders } from 'node:http'
import type { App } from '../src/apps/route-table.ts'
import { isAuthorization, isClaim, looksLikeClaim, passedNames } from '../src/forwarding/claims.ts'
import { stripGateCookies } from '../src/forwarding/cookies.ts'
import { forwardedElement } from '../src/forwarding/forwarded.ts'
import { utf8 } from '../src/forwarding/outbound.ts'
import { namesOf } from '../src/identity/header-profiles.ts'
import { identityLines, type Unsent } from '../src/identity/identity-headers.ts'
import type { Subject } from '../src/identity/subject.ts'
import { hopByHop, normalName } from '../src/request/header-name.ts'

/** Always sent, so that proxies that copy by name overwrite the client's values. */
const always = [
  'cookie',
  'x-factorgate-assertion',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-real-ip',
  'forwarded'
]

interface VerdictInput {
  readonly app: App
  readonly subject: Subject | null
  readonly address: string
  readonly assertion: string | null
  /** Null or absent if the verdict carries none. */
  readonly login?: { readonly authorization: string } | null
  readonly onUnsent?: (unsent: Unsent) => void
}

/**
 * An empty header means "remove it" (GHSA-7r4p-vjf4-gxv4). `Factorgate-Copy` lists all names, for programmable proxies. Envoy has its own
 * list. Caddy reads names to remove in `Factorgate-Out-1` and following, whose number it gives (`Factorgate-Out: 64`).
 */
export function verdictHeaders(asked: IncomingHttpHeaders, input: VerdictInput): Record<string, string> {
  const { app, subject, address, assertion, login = null, onUnsent } = input
  const headers = new Map<string, string>(always.map(name => [name, '']))
  const names = headerNamesOf(app)
  const claims = claimsIn(asked, names)
  for (const name of claims) headers.set(name, '')
  // Traefik removes everything that looks like a claim, so the verdict repeats permitted exceptions.
  for (const name in asked)
    if (looksLikeClaim(name) && !headers.has(name) && !isFraming(name)) headers.set(name, String(asked[name]))

  const [scheme, port] = app.origin.startsWith('https:') ? ['https', '443'] : ['http', '80']
  headers.set('cookie', asked.cookie === undefined ? '' : (stripGateCookies(asked.cookie) ?? ''))
  headers.set('x-forwarded-for', address)
  headers.set('x-forwarded-proto', scheme)
  headers.set('x-forwarded-host', app.host)
  headers.set('x-forwarded-port', /:(\d+)$/.exec(app.host)?.[1] ?? port)
  headers.set('x-forwarded-prefix', app.prefix)
  if (app.forwarded === true) headers.set('forwarded', forwardedElement(address, app))
  const { secretHeader, secret, secretInVerdict } = app.identityHeaders
  for (const name of namesOf(app.identityHeaders)) headers.set(name.toLowerCase(), '')
  const lines = subject === null ? [] : identityLines(app.identityHeaders, subject, onUnsent)
  for (let i = 0; i < lines.length; i += 2) headers.set((lines[i] as string).toLowerCase(), lines[i + 1] as string)
  if (secretInVerdict === true && secretHeader != null && secret !== undefined)
    headers.set(secretHeader.toLowerCase(), utf8(secret))
  // A proxy that asks with the headers of its client must not pass it on to the app.
  if (app.verdictSecret != null) headers.set('factorgate-secret', '')
  if (assertion !== null) headers.set('x-factorgate-assertion', assertion)
  // Empty: the client's own is only removed.
  if (app.upstreamLogin != null) headers.set('authorization', login?.authorization ?? '')

  const empty = [...headers].filter(([, value]) => value === '').map(([name]) => name)
  return {
    ...Object.fromEntries(headers),
    ...(slotsOf(asked) === null ? {} : Object.fromEntries(claims.map((name, i) => [`factorgate-out-${i + 1}`, name]))),
    'factorgate-copy': [...headers.keys()].join(', '),
    'x-envoy-auth-headers-to-remove': empty.join(',')
  }
}

/** The first one, or null. nginx (`copiesByName`) removes only `namedForProxies`; Caddy removes as many names as it asks for. */
export function unremovableClaim(asked: IncomingHttpHeaders, app: App, copiesByName: boolean): string | null {
  const names = headerNamesOf(app)
  const claimed = claimsIn(asked, names)
  if (!copiesByName) {
    // Traefik removes what looks like a claim. Which proxy asks is not known, because a client may send what tells them apart. The secret
    // names nobody, and Traefik may have added it before it asks.
    const own = new Set(namesOf({ ...app.identityHeaders, secretHeader: null }).map(normalName))
    const isOdd = (name: string) => own.has(normalName(name)) && !looksLikeClaim(name)
    return claimed.find(isOdd) ?? claimed[slotsOf(asked) ?? claimed.length] ?? null
  }
  // The proxy is configured to copy it.
  const isCopied = (name: string) => name === 'authorization' && app.upstreamLogin?.inVerdict === true
  return claimed.find(name => !named.has(name) && !isCopied(name)) ?? null
}

/**
 * A header of the client that Envoy may pass on although the verdict gives it a value, or null. Envoy removes the empty ones, and replaces those that
 * config/examples/envoy.yaml names. `Authorization` may be the client's own.
 */
export function unreplacedByEnvoy(
  asked: IncomingHttpHeaders,
  verdict: Readonly<Record<string, string>>
): string | null {
  const isSet = (name: string) => (verdict[name] ?? '') !== '' && verdict[name] !== asked[name]
  return Object.keys(asked).find(name => isSet(name) && !replacedByEnvoy.test(name) && !isAuthorization(name)) ?? null
}

const replacedByEnvoy = /^(?:cookie|forwarded|remote-.*|x-forwarded-.*|x-factorgate-assertion)$/

/** config/examples/nginx-auth-request.conf removes these. */
export const namedForProxies: readonly string[] = `
  auth-user cas-user cf-access-authenticated-user-email cf-access-jwt-assertion cf-connecting-ip cf-connecting-ipv6 client-cert
  client-cert-chain client-ip factorgate-secret fastly-client-ip forwarded front-end-https gx-secret http-remote-user iv-creds iv-groups iv-user proxy proxy-remote-user
  proxy-user remote-addr remote-email remote-groups remote-host remote-name remote-user script-name shib-session-id sm-universalid sm-user
  sm-userdn ssl-client-cert ssl-client-s-dn ssl-client-verify true-client-ip wl-proxy-client-ip wl-proxy-ssl x-amzn-oidc-accesstoken
  x-amzn-oidc-data x-amzn-oidc-identity x-anonymous-consumer x-auth-email x-auth-groups x-auth-name x-auth-request-access-token
  x-auth-request-email x-auth-request-groups x-auth-request-preferred-username x-auth-request-redirect x-auth-request-user x-auth-user
  x-auth-username x-authelia-url x-authenticated-email x-authenticated-groups x-authenticated-scope x-authenticated-user
  x-authenticated-userid x-authentik-email x-authentik-entitlements x-authentik-groups x-authentik-jwt x-authentik-name x-authentik-uid
  x-authentik-username x-client-cert x-client-dn x-client-ip x-client-verify x-cluster-client-ip x-consumer-custom-id x-consumer-groups
  x-consumer-id x-consumer-username x-credential-identifier x-envoy-external-address x-envoy-internal x-envoy-original-path
  x-envoy-peer-metadata x-factorgate-assertion x-forwarded x-forwarded-access-token x-forwarded-by x-forwarded-client-cert x-forwarded-email
  x-forwarded-for x-forwarded-groups x-forwarded-host x-forwarded-method x-forwarded-path x-forwarded-port x-forwarded-preferred-username
  x-forwarded-prefix x-forwarded-proto x-forwarded-protocol x-forwarded-scheme x-forwarded-server x-forwarded-ssl x-forwarded-tls-client-cert
  x-forwarded-tls-client-cert-info x-forwarded-uri x-forwarded-url x-forwarded-user x-goog-authenticated-user-email
  x-goog-authenticated-user-id x-goog-iap-jwt-assertion x-host x-http-host-override x-http-method x-http-method-override x-ingress-path
  x-lkproxy-user x-method-override x-ms-client-principal x-ms-client-principal-id x-ms-client-principal-idp x-ms-client-principal-name
  x-oidc-email x-oidc-groups x-oidc-name x-oidc-user x-original-forwarded-for x-original-host x-original-method x-original-prefix
  x-original-remote-addr x-original-uri x-original-url x-originating-ip x-pomerium-claim-email x-pomerium-claim-groups x-pomerium-claim-user
  x-pomerium-jwt-assertion x-proxy-user x-proxyuser-ip x-real-ip x-remote-addr x-remote-email x-remote-extra x-remote-group x-remote-groups
  x-remote-ip x-remote-name x-remote-user x-rewrite-url x-rsc-request x-rstudio-request x-rstudio-root-path x-rstudio-username x-scheme
  x-script-name x-ssl-client-cert x-ssl-client-dn x-ssl-client-s-dn x-ssl-client-verify x-tinyauth-email x-tinyauth-groups x-tinyauth-name
  x-tinyauth-user x-url-scheme x-user x-user-email x-user-id x-user-name x-userid x-username x-vouch-idp-claims-email
  x-vouch-idp-claims-groups x-vouch-user x-webauth-email x-webauth-groups x-webauth-name x-webauth-user`
  .trim()
  .split(/\s+/)
  .filter(isClaim)
const named: ReadonlySet<string> = new Set(namedForProxies)

interface HeaderNames {
  readonly added: ReadonlySet<string>
  readonly passed: ReadonlySet<string>
  /** True if only the gate sets `Authorization`. */
  readonly takesLogin: boolean
}

function headerNamesOf(app: App): HeaderNames {
  const added = [...namesOf(app.identityHeaders), ...Object.keys(app.addHeaders), ...(app.frontHeaders ?? [])]
  return { added: new Set(added.map(normalName)), passed: passedNames(app), takesLogin: app.upstreamLogin != null }
}

function slotsOf({ 'factorgate-out': slots }: IncomingHttpHeaders): number | null {
  return slots === undefined ? null : Number.parseInt(String(slots), 10) || 0
}

function claimsIn(asked: IncomingHttpHeaders, names: HeaderNames): string[] {
  return Object.keys(asked).filter(name => mustNotPass(name, names))
}

/** The proxy sets these itself. */
function isFraming(name: string): boolean {
  const normal = normalName(name)
  return normal === 'host' || normal === 'content-length' || hopByHop.has(normal)
}

function mustNotPass(name: string, names: HeaderNames): boolean {
  if (isFraming(name)) return false
  const normal = normalName(name)
  if (names.added.has(normal) || (names.takesLogin && isAuthorization(name))) return true
  return isClaim(name) && !names.passed.has(normal)
}
