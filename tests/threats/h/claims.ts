/**
 * Headers with which clients pretend to be somebody else: names from which gateways, load balancers and apps read an identity, an address
 * or a path, in many spellings.
 */

/** Names by which apps know people. */
export const identityNames = [
  ...['Remote-User', 'Remote-Name', 'Remote-Email', 'Remote-Groups', 'Remote-Addr', 'Remote-Host', 'Remote-Ident'],
  ...['X-Remote-User', 'X-Remote-Group', 'X-Remote-Extra-Scopes', 'X-Auth-User', 'X-Auth-Name', 'X-Auth-Email'],
  ...['X-Auth-Groups', 'X-Auth-AAL', 'X-Auth-Request-User', 'X-Auth-Request-Email', 'X-Auth-Request-Groups'],
  ...['X-WEBAUTH-USER', 'X-WEBAUTH-ROLE', 'X-Authenticated-User', 'X-Authenticated-Userid', 'X-Authenticated-Groups'],
  ...['X-authentik-username', 'X-authentik-groups', 'X-Authelia-URL', 'X-Tinyauth-User', 'X-Pomerium-Jwt-Assertion'],
  ...['X-Vouch-User', 'X-Vouch-IdP-Claims-Groups', 'Cf-Access-Jwt-Assertion', 'Cf-Access-Authenticated-User-Email'],
  ...['X-Goog-Authenticated-User-Email', 'X-Goog-IAP-JWT-Assertion', 'X-Amzn-Oidc-Data', 'X-Amzn-Oidc-Identity'],
  ...['X-MS-Client-Principal', 'X-MS-Client-Principal-Name', 'OIDC-CLAIM-sub', 'OIDC-access-token', 'Shib-Session-ID'],
  ...['X-Forwarded-User', 'X-Forwarded-Email', 'X-Forwarded-Groups', 'X-Forwarded-Preferred-Username'],
  ...['X-Forwarded-Access-Token', 'X-Proxy-User', 'X-Proxy-Roles', 'X-RStudio-Username', 'X-LKPROXY-USERID'],
  ...['X-Factorgate-Assertion', 'X-Factorgate-User', 'Factorgate-Anything', 'X-SSL-Client-CN', 'X-SSL-Client-Verify'],
  ...['SSL-Client-S-DN', 'X-Client-Cert', 'X-Client-DN', 'X-Client-Verify', 'Client-Cert', 'X-Forwarded-Client-Cert']
]

/** Names by which proxies say where a request came from, and what it asked for. */
export const forwardingNames = [
  ...['Forwarded', 'Forwarded-For', 'X-Forwarded', 'X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Protocol'],
  ...['X-Forwarded-Host', 'X-Forwarded-Port', 'X-Forwarded-Prefix', 'X-Forwarded-Uri', 'X-Forwarded-URL'],
  ...['X-Forwarded-Path', 'X-Forwarded-Method', 'X-Forwarded-Server', 'X-Forwarded-Scheme', 'X-Forwarded-Ssl'],
  ...['X-Forwarded-By', 'X-Forwarded-Proxy', 'X-Forwarded-Tls-Client-Cert', 'X-Original-URL', 'X-Original-URI'],
  ...['X-Original-Host', 'X-Original-Method', 'X-Original-For', 'X-Original-Forwarded-For', 'X-Original-Path'],
  ...['X-Rewrite-URL', 'X-Rewrite-URI', 'X-Rewrite-Path', 'X-Envoy-Original-Path', 'X-Envoy-External-Address'],
  ...['X-Envoy-Internal', 'X-Envoy-Decorator-Operation', 'X-Real-IP', 'X-Client-IP', 'Client-IP', 'True-Client-IP'],
  ...['X-Cluster-Client-IP', 'X-Originating-IP', 'X-ProxyUser-Ip', 'CF-Connecting-IP', 'Fastly-Client-IP', 'X-Host'],
  ...['X-HTTP-Host-Override', 'X-Scheme', 'X-URL-Scheme', 'Front-End-Https', 'X-Script-Name', 'X-Ingress-Path'],
  ...['X-HTTP-Method', 'X-HTTP-Method-Override', 'X-Method-Override', 'Proxy', 'Proxy-Authorization']
]

/** The marks that may stand in a header's name beside letters and digits (RFC 9110 §5.6.2): each becomes `_` in CGI, PHP or WSGI. */
export const tokenMarks = ["'", '!', '#', '$', '%', '&', '*', '+', '.', '^', '_', '`', '|', '~']

/** How a name is spelled so that a filter misses it and an app does not. */
export const spellings: readonly [title: string, spell: (name: string) => string][] = [
  ['as it is', name => name],
  ['in upper case', name => name.toUpperCase()],
  ['in lower case', name => name.toLowerCase()],
  ['with underscores', name => name.replaceAll('-', '_')],
  ['with dots', name => name.replaceAll('-', '.')],
  ['with tildes', name => name.replaceAll('-', '~')],
  ['mixed', name => [...name.replace('-', '_')].map((c, i) => (i % 2 ? c.toUpperCase() : c.toLowerCase())).join('')]
]

/** What a server that makes `HTTP_REMOTE_USER` of a name tells apart: nothing but letters and digits. */
export function folded(name: string): string {
  return [...name.toLowerCase()].map(char => (/[a-z0-9]/.test(char) ? char : '_')).join('')
}
