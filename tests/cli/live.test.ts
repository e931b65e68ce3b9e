/** `check --live` asks institutions and health paths, in parallel, and says what is wrong with each. */
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import path from 'node:path'
import t, { type Test } from 'tap'
import { probeCertificates } from '../../src/cli/probes/certificates.ts'
import { limited } from '../../src/cli/probes/finding.ts'
import { serviceDn, servicePassword } from '../fixtures/in-process/ldap-directory.ts'
import { type LdapEntry, startLdap } from '../fixtures/in-process/ldap-server.ts'
import { startOidcProvider } from '../fixtures/in-process/oidc-provider.ts'
import { makePair, SamlProvider, signXml } from '../fixtures/in-process/saml-provider.ts'
import { Pki } from '../fixtures/process/pki.ts'
import { terminal } from './terminal.ts'

const head = 'portal: { url: "http://localhost:18443" }\nlisten: { host: 127.0.0.1, port: 18443 }\nadmin: false\n'

const anyApp = http.createServer((_, response) => response.end())
await new Promise<void>(resolve => anyApp.listen(0, '127.0.0.1', resolve))
t.teardown(() => new Promise(resolve => anyApp.close(resolve)))
const apps = `apps: [{ id: any, url: "http://any.localhost:18443", upstream: "http://127.0.0.1:${(anyApp.address() as AddressInfo).port}" }]\n`

async function live(t: Test, config: string, files: Readonly<Record<string, string>> = {}) {
  const factorgate = terminal(t, { config: head + (config.startsWith('apps') ? '' : apps) + config })
  factorgate.time.now = Date.now()
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(factorgate.folder, name), text)
  await factorgate.newKey()
  const { code, stdout, stderr } = await factorgate('check', '--live')
  const about = (text: string) => text.split('\n').filter(line => /identity\[|apps\[/.test(line))
  return { code, all: stdout, problems: about(stdout), warnings: about(stderr) }
}

const entries: LdapEntry[] = [
  { dn: serviceDn, password: servicePassword, attributes: {} },
  { dn: 'dc=lab', attributes: { objectClass: 'domain' } },
  { dn: 'uid=grace,dc=lab', attributes: { objectClass: 'person', uid: 'grace', entryUUID: '7f0d' } }
]

/** A server that knows no TLS ends the connection at the first byte of it. */
async function startReset(t: Test): Promise<number> {
  const server = net.createServer(socket => socket.once('data', () => socket.resetAndDestroy())).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const ldap = (servers: readonly string[], more = '', password = servicePassword) =>
  `identity: [{ id: lab, kind: ldap, servers: ${JSON.stringify(servers)}, timeout: 1s, bind: { dn: "${serviceDn}", password: "${password}" }, base: dc=lab${more} }]\n`

t.test('a directory is asked on each server: the bind, the base and the base of groups', async t => {
  const [server, stopped] = [await startLdap(t, { entries }), await startLdap(t)]
  await stopped.stop()
  const mute = await startLdap(t)
  mute.isMute = true
  const [gate, lab] = entries
  const person = (attributes: LdapEntry['attributes']): LdapEntry => ({ dn: 'uid=ada,dc=lab', attributes })
  const withPeople = (...people: readonly LdapEntry[]) => startLdap(t, { entries: [gate!, lab!, ...people] })
  const empty = await withPeople()
  const other = await withPeople(person({ objectClass: 'person', uid: 'ada', nsUniqueId: 'c509b23c-ec0311f1' }))
  const shy = await withPeople(person({ objectClass: 'person', uid: 'ada' }))
  const microsoft = await withPeople(
    person({ objectClass: 'user', sAMAccountName: 'ada', objectGUID: Buffer.alloc(16, 0xe9) })
  )
  let searches = 0
  const strict = await startLdap(t, { entries, search: () => (++searches > 1 ? 50 : null) })
  const own = makePair(t, 'ldap')
  const secure = await startLdap(t, { entries, tls: { key: own.key, cert: own.certificate }, isSecure: true })
  const noTls = await startReset(t)
  const table: [string, string, { problems?: RegExp; warnings?: RegExp }][] = [
    ['works', ldap([server.url]), {}],
    [
      'refuses the service account',
      ldap([server.url], '', 'wrong'),
      { problems: /\[0\]\.bind {2}.*refuses the service account cn=gate,dc=lab \(result 49/ }
    ],
    [
      'has no base',
      ldap([server.url]).replace('base: dc=lab', 'base: dc=other'),
      { problems: /\[0\]\.base {2}.*has no entry 'dc=other'/ }
    ],
    [
      'has no base of groups',
      ldap([server.url], ', groups: { base: "ou=groups,dc=lab" }'),
      { problems: /\[0\]\.groups\.base {2}.*has no entry 'ou=groups,dc=lab'/ }
    ],
    [
      'is down',
      ldap([stopped.url]),
      { problems: /servers\[0\] {2}the directory ldap:.* does not answer: .*ECONNREFUSED/ }
    ],
    ['says nothing', ldap([mute.url]), { problems: /servers\[0\] {2}.* does not answer: .*timed out/ }],
    ['has one server of two', ldap([stopped.url, server.url]), { warnings: /servers\[0\] {2}the directory/ }],
    [
      'shows nobody',
      ldap([empty.url]),
      { warnings: /identity\[0\] {2}.* shows cn=gate,dc=lab nobody below 'dc=lab' who .* has the attribute uid/ }
    ],
    [
      'is Active Directory, and the configuration says nothing of it',
      ldap([microsoft.url]),
      { problems: /identity\[0\] {2}.*set 'preset' to active-directory/ }
    ],
    ['is Active Directory', ldap([microsoft.url], ', preset: active-directory'), {}],
    [
      'has another id than entryUUID, as 389 Directory Server has',
      ldap([other.url]),
      { problems: /attributes\.id {2}uid=ada,dc=lab at .* has no entryUUID .*set 'attributes\.id' to nsUniqueId/ }
    ],
    ['has another id, and the configuration names it', ldap([other.url], ', attributes: { id: nsUniqueId }'), {}],
    [
      'keeps the id from the service account',
      ldap([shy.url]),
      { problems: /attributes\.id {2}.* has no entryUUID .*let the service account read it/ }
    ],
    ['refuses to list people', ldap([strict.url]), {}],
    [
      'speaks no TLS at that port',
      ldap([`ldaps://127.0.0.1:${noTls}`]),
      { problems: /servers\[0\] {2}.*does not answer: .*correct the port \(ldaps:\/\/ has 636\)/ }
    ],
    [
      'has a certificate of an authority that is unknown here',
      ldap([secure.url]),
      { problems: /servers\[0\] {2}.*self-signed certificate.*set 'ca' to the certificate of the authority/ }
    ]
  ]
  for (const [title, config, { problems, warnings }] of table) {
    const found = await live(t, config)
    t.equal(found.code, problems === undefined ? 0 : 1, `${title}: ${found.all}`)
    t.match(found.problems, problems === undefined ? [] : [problems], title)
    t.equal(found.problems.length, problems === undefined ? 0 : 1, `${title}: one line`)
    if (warnings !== undefined) t.match(found.warnings, [warnings], title)
  }
})

t.test('a provider of OpenID Connect is asked for its metadata and keys', async t => {
  const provider = await startOidcProvider(t)
  const config = (issuer: string) => `identity: [{ id: campus, kind: oidc, issuer: "${issuer}", clientId: gate }]\n`
  t.match(await live(t, config(provider.issuer)), { code: 0, problems: [] })
  provider.lies = { jwks: () => ({ keys: 'none' }) }
  t.match(await live(t, config(provider.issuer)), {
    code: 1,
    problems: [/\[0\]\.issuer {2}nobody can sign in: .*is no set of keys/]
  })
  provider.lies = { metadata: metadata => ({ ...metadata, issuer: 'https://other.example' }) }
  t.match(await live(t, config(provider.issuer)), { code: 1, problems: [/names another issuer/] })
  t.match(await live(t, config('http://127.0.0.1:1')), { code: 1, problems: [/the provider 'campus' does not answer/] })
  provider.lies = {}
  t.match(await live(t, config(`${provider.issuer}/realms/none`)), {
    code: 1,
    problems: [/correct 'issuer': below it is no \.well-known\/openid-configuration/]
  })
  t.match(await live(t, config(provider.issuer.replace('http:', 'https:'))), {
    code: 1,
    problems: [/wrong version number.*correct the address or the port: no TLS is spoken there/]
  })
})

t.test('SAML metadata is read, and its signature, its end and its providers are checked', async t => {
  const pair = makePair(t, 'federation')
  const inHours = (hours: number) => new Date(Date.now() + hours * 3600_000).toISOString()
  const one = new SamlProvider('https://one.example', pair)
  const list = (hours: number) =>
    `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" ID="all" validUntil="${inHours(hours)}">${one.metadata()}</md:EntitiesDescriptor>`
  const good = signXml(list(100), 'all', pair)
  const config = (more = '') =>
    `identity: [{ id: federation, kind: saml, metadata: all.xml, metadataCertificate: signer.pem${more} }]\n`
  const table: [string, string, string, number, { problems?: RegExp; warnings?: RegExp }][] = [
    ['signed and in date', good, config(), 0, {}],
    ['not signed', list(100), config(), 1, { problems: /\[0\]\.metadata {2}the metadata cannot be used: / }],
    [
      'changed after the signature',
      good.replace('one.example/sso', 'evil.example/sso'),
      config(),
      1,
      { problems: /metadata cannot be used/ }
    ],
    ['over', signXml(list(-1), 'all', pair), config(), 1, { problems: /metadata cannot be used: .*expired/ }],
    [
      'over in an hour',
      signXml(list(1), 'all', pair),
      config(),
      0,
      { warnings: /\[0\]\.metadata {2}the metadata ends at / }
    ],
    [
      'without the configured provider',
      good,
      config(', idp: "https://two.example"'),
      1,
      { problems: /does not describe the identity provider https:\/\/two\.example|metadata cannot be used: / }
    ]
  ]
  for (const [title, text, yaml, code, { problems, warnings }] of table) {
    const found = await live(t, yaml, { 'all.xml': text, 'signer.pem': pair.certificate })
    t.equal(found.code, code, `${title}: ${found.all}`)
    t.match(found.problems, problems === undefined ? [] : [problems], title)
    t.equal(found.problems.length, problems === undefined ? 0 : 1, `${title}: one line`)
    if (warnings !== undefined) t.match(found.warnings, [warnings], title)
  }
})

t.test('authorities and revocation lists of client certificates are in date and belong together', async t => {
  const pki = new Pki(t.testdir())
  for (const name of ['root', 'stranger']) pki.root(name)
  pki.list('root', 'week', { seconds: 7 * 86_400 })
  pki.list('root', 'hour', { seconds: 3600 })
  pki.list('stranger', 'theirs', { seconds: 7 * 86_400 })
  const now = Date.now()
  const day = 86_400_000
  const table: [string, string[], number, object[]][] = [
    ['a current list', ['week'], now, []],
    [
      'a list that is over',
      ['week'],
      now + 8 * day,
      [{ degree: 'problem', path: 'identity[0].crl[0]', wrong: /is not valid now/ }]
    ],
    ['a list that is soon over', ['hour'], now, [{ degree: 'warning', wrong: /ends at/ }]],
    [
      'a list of another authority',
      ['week', 'theirs'],
      now,
      [{ degree: 'warning', path: 'identity[0].crl[1]', wrong: /no authority in 'ca' has signed/ }]
    ],
    ['a file that is no list', ['root'], now, [{ degree: 'problem' }]],
    [
      'an authority that is over',
      ['week'],
      now + 4000 * day,
      [{ degree: 'warning', path: 'identity[0].ca', wrong: /O=Lab, CN=root is out of date/ }, { degree: 'problem' }]
    ]
  ]
  for (const [title, lists, at, expected] of table) {
    const crl = lists.map(name => pki.file(`${name}.pem`))
    const found = await probeCertificates({ ca: pki.file('root.pem'), crl }, 'identity[0]', at)
    t.equal(found.length, expected.length, title)
    t.match(found, expected, title)
  }
})

t.test('an app with a health path gets the check that the gate makes', async t => {
  let status = 200
  const seen: (string | undefined)[] = []
  const app = http.createServer((request, response) => {
    seen.push(request.url)
    if (status !== 0) response.writeHead(status).end()
  })
  await new Promise<void>(resolve => app.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    app.closeAllConnections()
    return new Promise(resolve => app.close(resolve))
  })
  const { port } = app.address() as AddressInfo
  const config = (upstream = port) =>
    `apps: [{ id: up, url: "http://up.localhost:18443", upstream: "http://127.0.0.1:${upstream}", health: { path: /ready, timeout: 1s, every: 2s } }]\n`
  t.match(await live(t, config()), { code: 0, problems: [] })
  t.same(seen, ['/ready'])
  status = 503
  t.match(await live(t, config()), {
    code: 1,
    problems: [/apps\[0\]\.upstream\[0\] {2}the health check of 'up' fails: status 503 for the health check \/ready/]
  })
  status = 0
  t.match(await live(t, config()), { code: 1, problems: [/no answer to the health check within 1 s/] })
  const { problems } = await live(t, config(1))
  t.match(problems, [/nothing answers at 127\.0\.0\.1:1/])
  t.equal(problems.length, 1, 'one line for an app that is down')
})

t.test('a probe ends at its limit, and one that fails is a finding', async t => {
  let isEnded = false
  const hanging = (signal: AbortSignal) =>
    new Promise<never>(() => {
      signal.addEventListener('abort', () => {
        isEnded = true
      })
    })
  t.match(await limited('identity[3]', hanging, 10), [
    { degree: 'problem', path: 'identity[3]', wrong: /no answer within 0\.01 seconds/ }
  ])
  t.ok(isEnded, 'its connections are closed')
  t.match(await limited('x', () => Promise.reject(new Error('no'))), [{ degree: 'problem', path: 'x', wrong: 'no' }])
})
