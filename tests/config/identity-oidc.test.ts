/** The configuration of an OpenID Connect provider, and the messages about mistakes in it. */
import t from 'tap'
import { formatProblem, parseConfig } from '../../config/load.ts'

const read = (entry: string) => {
  const text = `portal: { url: "http://gate.localhost:8443" }\napps: []\nidentity:\n  - { id: campus, kind: oidc, issuer: "https://login.example", clientId: gate, ${entry} }\n`
  return parseConfig(text, '/lab/factorgate.yaml')
}
const problems = (entry: string) => {
  const loaded = read(entry)
  return loaded.kind === 'ok' ? [] : loaded.problems.map(problem => formatProblem(problem))
}

t.test('the shortest entry has the usual claims and scopes, and counts no second factor there', async t => {
  const loaded = read('clientSecret: a-secret')
  t.equal(loaded.kind, 'ok')
  if (loaded.kind !== 'ok') return
  t.match(loaded.config.identity[0], {
    title: 'campus',
    scopes: null,
    claims: { name: 'preferred_username', display: 'name', email: 'email', groups: 'groups' },
    mfa: null,
    ca: null,
    signOut: 'institution'
  })
})

const cases: Record<string, [entry: string, said: RegExp]> = {
  'scopes without openid': ['scopes: [profile]', /scopes.*must have 'openid'/],
  'a way to send no secret': ['clientAuthentication: client_secret_post', /clientAuthentication.*needs clientSecret/],
  'a way to sign without a key': ['clientAuthentication: private_key_jwt', /clientAuthentication.*needs clientKey/],
  'a key that is none': ['clientKey: a-secret', /clientKey.*must be a private key/],
  'a second factor by nothing': ['mfa: {}', /mfa.*must list a value of acr or of amr/],
  'an authority that does not exist': ['ca: nowhere.pem', /ca.*no such file/],
  'a claim with a blank': ['claims: { name: "user name" }', /claims\.name.*must be the name of a claim/],
  'a typo': ['clientSecrets: x', /clientSecrets/]
}

for (const [name, [entry, said]] of Object.entries(cases))
  t.test(name, async t => t.match(problems(entry).join('\n'), said))

t.test('the address of the metadata is no issuer', async t => {
  const text = `portal: { url: "http://gate.localhost:8443" }\napps: []\nidentity:\n  - { id: campus, kind: oidc, issuer: "https://login.example/.well-known/openid-configuration", clientId: gate }\n`
  const loaded = parseConfig(text, '/lab/factorgate.yaml')
  t.match(loaded.kind === 'bad' && loaded.problems[0]?.message, /without \/\.well-known/)
})
