/** Header names that no client may send, because apps trust them from a proxy: identity, client address, URL. */
import { normalName } from '../request/header-name.ts'

/** Prefixes of servers: `HTTP_REMOTE_USER`, `REDIRECT_REMOTE_USER`, `AJP_eppn`, `X-…`. */
const prelude = /^(?:(?:https?|redirect|ajp|x)-)+/

const names: ReadonlySet<string> = new Set([
  ...words(
    'forwarded proxyuser-ip originating-ip cdn-src-ip host host-override scheme url-scheme https front-end-https script-name'
  ),
  ...words(
    'path-info ingress-path rstudio-request rstudio-root-path rsc-request waws-unencoded-url ms-endpoint-absolute-path ms-proxy'
  ),
  // These change the method that was authorised (THREATS M26).
  ...words('method method-override'),
  // Galaxy recognises its proxy by this name.
  'gx-secret',
  // CGI turns it into HTTP_PROXY (CVE-2016-5385).
  'proxy',
  // Shibboleth, token gateways and directories.
  ...words(
    'affiliation entitlement entitlements unscoped-affiliation eppn upn eptid nameid name-id persistent-id targeted-id'
  ),
  ...words('pairwise-id subject-id cn sn displayname display-name givenname given-name surname commonname common-name'),
  ...words(
    'samaccountname netid employeeid employee-id employeenumber employee-number memberof member-of ismemberof is-member-of'
  ),
  ...words(
    'sub subject token-subject token-sub jwt-sub jwt-subject jwt-payload id-token role role-name anonymous-consumer'
  ),
  ...words('fullname full-name firstname first-name lastname last-name nickname actor act-as run-as on-behalf-of'),
  ...words(
    'impersonate spiffe-id is-admin permissions privileges authorities proxiedentitieschain osso-subscriber factorgate'
  ),
  // Certificate results without "certificate" in the name.
  ...words('client-verify client-verified client-serial client-subject client-issuer client-fingerprint'),
  // WebSphere's private headers, such as $WSRU: the user's name.
  ...words('wsat wscc wscs wsis wssc wspr wsra wsrh wsru wssn wssp wssi')
])

const families = new RegExp(
  `^(?:${[
    ...words('forwarded original rewrite envoy proxy wl-proxy factorgate'),
    ...words(
      'remote auth webauth authenticated authenticate identity logon sm iv oam osso oblix cas shib shibboleth mellon oidc openid saml saml2 auth0'
    ),
    ...words(
      'adfs krb kerberos gssapi okta ping pingaccess keycloak am-eai consumer credential authelia authentik tinyauth'
    ),
    ...words(
      'pomerium vouch gap tailscale lkproxy goog-authenticated goog-iap endpoint-api apigateway-api appengine-user'
    ),
    ...words(
      'amzn-oidc amzn-mtls amzn-tls ms-client-principal ms-token ms-aspnetcore ms-forwarded iisnode arr cf-access'
    ),
    ...words('ssl tls jwt-claim impersonate')
  ].join('|')})-`
)

/** A word for a person at the end: `X-Consumer-Username`, `Logon-User`, `X-EndUser`, `es-security-runas-user`. */
const person = new RegExp(
  `(?:^|-)(?:${[
    '[a-z0-9]*user(?:name|id|info|login|e?mail|groups?|roles?|dn|principal|principalname)?',
    'user-(?:id|uid|guid|name|info|login|e?mail|email-address|groups?|roles?|dn|domain|upn|principal|principal-name|full-?name|first-?name|last-?name|display-?name|given-?name|claims|permissions|scopes?|attributes|data|type|ip)',
    'login|login-?(?:name|id)|logon-?(?:name|id)|uid|e?mail|email-address|mail-address|groups?|roles|identity|assertion|eppn|upn|dn|cn'
  ].join('|')})$`
)

const anywhere = /(?:^|-)(?:cert|certs|clientcert|certificate|claims?|principals?|userinfo)(?:-|$)/

/** `CF-Connecting-IP`, `Fly-Client-IP`, `X-Azure-ClientIP`, `X-Vercel-Forwarded-For`. */
const whence =
  /(?:^|-)(?:(?:client|real|true|connecting|connection|remote|source|socket|peer|user|visitor)-?(?:ip|ipv6|addr|address|host|port)|forwarded-(?:for|by|host|port|proto|server|user))$/

/** These pass: protocols, signed metadata of objects, secrets that the app checks itself, what Auth.js asks for, ids of things in Grafana. */
const passing =
  /^(?:sec|access-control|content|amz|(?:ms|goog|object|container)-meta)-|^auth-(?:token|key|secret|signature|nonce|timestamp|api-?key|csrf|return-redirect)$|^(?:dashboard|datasource|folder|panel)-uid$/

export function isClaim(name: string): boolean {
  const bare = bareName(name)
  return !passing.test(bare) && isNamed(bare)
}

/** True for a claim that no other proxy is known for: the app's own pages or programs may need it (`X-Superuser` of Cockpit, `X-Trino-User`). */
export function mayBeTheAppsOwn(name: string): boolean {
  const bare = bareName(name)
  return isClaim(name) && !families.test(bare) && !whence.test(bare) && !names.has(bare)
}

/** For apps whose `Authorization` the gate alone sets. */
export function isAuthorization(name: string): boolean {
  return bareName(name).replace(/-$/, '') === 'authorization'
}

/** Also true for exceptions that a proxy's pattern cannot tell apart. */
export function looksLikeClaim(name: string): boolean {
  return isNamed(bareName(name))
}

function isNamed(bare: string): boolean {
  return names.has(bare) || families.test(bare) || person.test(bare) || anywhere.test(bare) || whence.test(bare)
}

function bareName(name: string): string {
  return normalName(name).replace(/-+/g, '-').replace(/^-/, '').replace(prelude, '')
}

/** `looksLikeClaim` as one case-insensitive pattern for Traefik (RE2). */
export function claimPattern(): string {
  const all = [
    `(?:${[...names].join('|')})`,
    `${families.source.slice(1)}.*`,
    ...[person, anywhere, whence].map(({ source }) =>
      source.replace('(?:^|-)', '(?:.*-)?').replace('(?:-|$)', '(?:-.*)?').replace(/\$$/, '')
    )
  ]
  const spelled = `${prelude.source.slice(1, -1)}*(?:${all.join('|')})`
  return `[\\W_]*${spelled.replace(/\[[^\]]*\]|-\??/g, part => (part.startsWith('[') ? part : `[\\W_]${part === '-' ? '+' : '*'}`))}`
}

export function passedNames(app: { readonly passHeaders?: readonly string[] }): ReadonlySet<string> {
  return new Set(app.passHeaders?.map(normalName))
}

function words(text: string): string[] {
  return text.split(' ')
}
