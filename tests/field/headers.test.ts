/** FIELD A9, F4, F14: which header lines reach an app, which are translated on the way, and what browsers hear of inside addresses. */
import t from 'tap'
import { verdictHeaders } from '../../plugins/verdict-headers.ts'
import { isClaim } from '../../src/forwarding/claims.ts'
import { at, get, host, makeApp, startGate } from '../forwarding/gate.ts'
import { startUpstream, valuesOf } from '../helpers/upstream.ts'

/** Header names of products, by where they come from. */
const claims: Readonly<Record<string, string>> = {
  'the row itself': 'Auth-User SM_USER iv-user X-Consumer-Username Cas-User X-User HTTP_REMOTE_USER',
  SiteMinder: 'SM_USERDN SM-Universalid HTTP_SM_AUTHDIRNAME SM_SERVERSESSIONID SMUSER',
  WebSEAL: 'iv-groups iv_creds iv-server-name iv-remote-address am-eai-user-id',
  'Oracle, Osso, WebLogic, WebSphere':
    'OAM_REMOTE_USER OAM-Groups Osso-User-Dn OBLIX_UID WL-Proxy-Client-Cert $WSRU $WSCC',
  'Kong, APISIX':
    'X-Consumer-Custom-ID X-Credential-Identifier X-Anonymous-Consumer X-Userinfo X-ID-Token X-Consumer-Groups',
  'CAS, Shibboleth, Mellon':
    'Cas-Attributes eppn AJP_eppn Shib-Session-ID unscoped-affiliation persistent-id MELLON_uid',
  'Shibboleth attributes':
    'mail displayName givenName cn uid isMemberOf X-Remote-User-Persistent-ID REDIRECT_REMOTE_USER',
  OpenID:
    'OIDC_CLAIM_email OIDC-Access-Token X-OIDC-Userinfo X-Token-Subject X-JWT-Assertion X-Jwt-Claim-Sub Keycloak-User',
  'oauth2-proxy and kin':
    'X-Auth-Request-User GAP-Auth X-Forwarded-Email X-Vouch-IdP-Claims-Groups Remote-Email X-authentik-uid',
  'Pomerium, Tailscale': 'X-Pomerium-Claim-Email X-Pomerium-Jwt-Assertion Tailscale-User-Login Tailscale-Name',
  'cloud services':
    'Cf-Access-Authenticated-User-Email X-Goog-Authenticated-User-ID X-MS-CLIENT-PRINCIPAL X-MS-CLIENT-PRINCIPAL-NAME X-Amzn-Oidc-Data X-Amzn-Mtls-Clientcert-Subject X-AppEngine-User-Email X-Apigateway-Api-Userinfo X-Endpoint-API-UserInfo X-MS-Token-AAD-Id-Token',
  'IIS, ASP.NET': 'LOGON_USER AUTH_USER X-iisnode-AUTH_USER MS-ASPNETCORE-WINAUTHTOKEN X-ARR-ClientCert HTTP_AUTH_USER',
  certificates:
    'SSL_CLIENT_S_DN Ssl-Client-Cert X-SSL-Client-Verify X-Client-Cert X-Client-Dn Client-Cert X-Forwarded-Client-Cert X-Forwarded-Tls-Client-Cert-Info X-Client-Certificate X-TLS-Client-CN X-Subject-Dn',
  'apps that read any name':
    'X-User-Email X-User-ID User-Name X-Username X-Email X-Groups X-Roles X-WEBAUTH-USER X-SSO-User X-Acme-User X-RemoteUser es-security-runas-user X-ProxiedEntitiesChain X-RStudio-Username X-Hass-User-Id X-Crowd-Username X-NetID',
  'the address of a client':
    'CF-Connecting-IP True-Client-IP Fly-Client-IP X-Azure-ClientIP X-Vercel-Forwarded-For DO-Connecting-IP X-Real-IP'
}

/** What the app itself checks, or what says nothing about a person. */
const passing =
  `Authorization X-Authorization X-Auth X-Auth-Token X-Auth-Key Auth-Token X-API-Key Api-Key PRIVATE-TOKEN X-Access-Token
  X-Token X-CSRF-Token X-XSRFToken X-XSRF-TOKEN X-CSRFToken X-LABKEY-CSRF kbn-xsrf osd-xsrf X-Requested-With X-Session-Id
  X-Transmission-Session-Id X-CSRF-Token-ID Mcp-Session-Id User-Agent X-User-Agent X-User-Timezone From Referer Origin Range If-Range
  Depth Timeout Lock-Token Overwrite Destination If Content-Disposition Content-MD5 Accept-Language Sec-Fetch-User Sec-Fetch-Site
  Sec-WebSocket-Protocol Access-Control-Request-Headers X-Upload-Content-Type Upload-Offset Tus-Resumable X-Request-Id Traceparent
  X-Grafana-Org-Id X-Scope-OrgID X-Hasura-Role X-Client-Version X-Client-Name X-Vault-Token X-Emby-Token X-Plex-Token OCS-APIRequest
  X-Redmine-API-Key X-NIDS-Key Priority DNT Save-Data`.split(/\s+/)

const spellings: readonly ((name: string) => string)[] = [
  name => name,
  name => name.toLowerCase().replace(/[-_]/g, '_'),
  name => name.toUpperCase().replace(/[-_]/g, '.'),
  name => `HTTP_${name.toUpperCase().replaceAll('-', '_')}`,
  name => `X-${name}`
]

t.test('FIELD A9 what any product takes for an identity never comes from a client, in any spelling', async t => {
  const up = await startUpstream(t)
  const names = Object.values(claims).flatMap(text => text.split(' '))
  // Everything is public in these tests: without a session, and with one.
  for (const who of [null, undefined] as const) {
    const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })], who === null ? { who } : {})
    for (const spell of spellings) {
      for (let i = 0; i < names.length; i += 60) {
        const lines = names.slice(i, i + 60).map(name => `${spell(name)}: forged`)
        await gate.ask(get('/', [...lines, 'X-Kept: yes']))
      }
      const seen = up.requests.splice(0)
      t.equal(seen.length, Math.ceil(names.length / 60))
      const forged = seen.flatMap(({ headers }) => headers.filter(([, value]) => value === 'forged'))
      const title = `${spell('Auth-User')}, ${who === null ? 'a stranger' : 'a person'}`
      t.same(
        forged.map(([name]) => name),
        [],
        title
      )
    }
  }
})

t.test('FIELD A9 a verdict for another proxy takes out the same', async t => {
  const names = Object.values(claims).flatMap(text => text.toLowerCase().split(' '))
  const asked = Object.fromEntries([...names, 'x-user-id', 'x-api-key'].map(name => [name, 'forged']))
  const app = makeApp({ upstreams: [], passHeaders: ['X-User-ID'] })
  const said = verdictHeaders(asked, { app, subject: null, address: '192.0.2.1', assertion: null })
  for (const name of names.filter(name => name !== 'x-user-id')) t.equal(said[name], '', name)
  for (const name of ['x-user-id', 'x-api-key']) t.notOk(Object.hasOwn(said, name), `${name} passes`)
})

t.test('FIELD A9 what the app itself checks, and what says nothing about a person, passes', async t => {
  const up = await startUpstream(t)
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  const sent = passing.filter(name => !/^(?:Destination|If|Origin|Referer)$/.test(name))
  await gate.ask(
    get(
      '/',
      sent.map(name => `${name}: ${name === 'Authorization' ? 'token t' : 'own'}`)
    )
  )
  const arrived = new Set(up.requests[0]!.headers.map(([name]) => name))
  t.same(
    sent.filter(name => !arrived.has(name)),
    []
  )
  t.same(passing.filter(isClaim), [])
})

t.test('FIELD A9 what the operator adds or lets pass is there, and once', async t => {
  const up = await startUpstream(t)
  const app = makeApp({
    upstreams: [at(up)],
    identityHeaders: { user: 'SM_USER', name: null, email: 'iv-user', groups: 'X-Consumer-Groups' },
    addHeaders: { 'X-User': 'lab', OAM_REMOTE_USER: 'lab' },
    passHeaders: ['X-User-Id', 'X_Storage_User']
  })
  const gate = await startGate(t, [app])
  const forged = ['SM-User', 'SM_USER', 'iv_user', 'X-Consumer.Groups', 'x-user', 'OAM-Remote-User', 'X-Username']
  await gate.ask(
    get('/', [...forged.map(name => `${name}: forged`), 'x-user-id: 7', 'X-Storage-User: s', 'X-Auth-Token: t'])
  )
  const request = up.requests[0]!
  t.notMatch(request.raw.toString('latin1'), /forged/)
  const expected = {
    SM_USER: 'alice',
    'iv-user': 'alice@lab.example',
    'X-Consumer-Groups': 'researchers,operators',
    'X-User': 'lab',
    OAM_REMOTE_USER: 'lab',
    'x-user-id': '7',
    'X-Storage-User': 's',
    'X-Auth-Token': 't'
  }
  for (const [name, value] of Object.entries(expected)) t.same(valuesOf(request, name), [value], name)
  t.same(valuesOf(request, 'x-forwarded-host'), [host])
})
