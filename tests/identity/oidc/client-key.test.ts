/** The client's private key at an OpenID Connect provider: `private_key_jwt`, and tokens that the provider has encrypted. */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { CompactEncrypt, jwtVerify } from 'jose'
import t from 'tap'
import { readClientKey } from '../../../src/identity/oidc/client-key.ts'
import { startOidcGate } from '../../fixtures/in-process/oidc-gate.ts'
import { client, type OidcProvider, startOidcProvider } from '../../fixtures/in-process/oidc-provider.ts'

const folder = t.testdir({})
const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }) as string
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const ed = generateKeyPairSync('ed25519').privateKey
const jwk = JSON.stringify({ ...ec.export({ format: 'jwk' }), kid: 'gate-1' })

const acr = 'https://refeds.org/profile/mfa'
function entry(provider: OidcProvider, name: string, key: string, more = ''): string {
  const file = path.join(folder, name)
  writeFileSync(file, key, { mode: 0o600 })
  return `  - { id: campus, kind: oidc, issuer: "${provider.issuer}", clientId: "${client.id}", clientKeyFile: "${file}", mfa: { acr: ["${acr}"] }${more} }`
}

const ways: readonly (readonly [string, string, KeyObject, string, string | undefined, string[] | undefined])[] = [
  ['RSA as PEM', pem(rsa), rsa, 'RS256', undefined, undefined],
  ['RSA at a provider that takes PSS alone', pem(rsa), rsa, 'PS256', undefined, ['PS256', 'ES256']],
  ['EC as a JWK with an id', jwk, ec, 'ES256', 'gate-1', undefined],
  ['Ed25519 as PEM', pem(ed), ed, 'E', undefined, undefined]
]
t.test('the client proves with its key who it is', async t => {
  for (const [name, key, privateKey, alg, kid, taken] of ways) {
    const provider = await startOidcProvider(t)
    provider.person = { ...provider.person, acr }
    if (taken !== undefined)
      provider.lies.metadata = all => ({ ...all, token_endpoint_auth_signing_alg_values_supported: taken })
    provider.lies.client = async (body, headers) => {
      const { payload, protectedHeader } = await jwtVerify(
        body.get('client_assertion') ?? '',
        createPublicKey(privateKey as never),
        { issuer: client.id, subject: client.id, audience: provider.issuer, requiredClaims: ['jti', 'exp'] }
      )
      t.ok(protectedHeader.alg.startsWith(alg), `${name}: ${protectedHeader.alg}`)
      t.equal(protectedHeader.kid, kid)
      t.ok(payload.exp! - payload.iat! <= 300)
      t.equal(headers.authorization, undefined)
      return body.get('client_assertion_type') === 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
    }
    const gate = await startOidcGate(t, [entry(provider, 'key', key)])
    const page = await gate.browser().signIn('campus', provider, `${gate.origin('files')}/data`)
    t.equal(page.status, 200, name)
  }
})

t.test('tokens that the provider encrypts', async t => {
  const seal = (text: string, to: KeyObject, alg: string, enc = 'A256GCM') =>
    new CompactEncrypt(Buffer.from(text))
      .setProtectedHeader({ alg, enc, cty: 'JWT', kid: 'theirs' })
      .encrypt(createPublicKey(to as never))
  const strange = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const rows: readonly (readonly [
    string,
    string,
    (signed: string) => string | Promise<string>,
    number,
    RegExp | null
  ])[] = [
    ['for RSA', pem(rsa), signed => seal(signed, rsa, 'RSA-OAEP-256'), 200, null],
    ['for EC', pem(ec), signed => seal(signed, ec, 'ECDH-ES+A128KW', 'A128CBC-HS256'), 200, null],
    ['none, beside a key', pem(ec), signed => signed, 200, null],
    [
      'for another key',
      pem(rsa),
      signed => seal(signed, strange, 'RSA-OAEP'),
      403,
      /cannot be decrypted with clientKey/
    ],
    ['with nothing signed inside', pem(rsa), () => seal('{"sub":"person-1"}', rsa, 'RSA-OAEP'), 403, /./],
    [
      'with an unsigned token inside',
      pem(rsa),
      signed =>
        seal(`${Buffer.from('{"alg":"none"}').toString('base64url')}.${signed.split('.')[1]}.`, rsa, 'RSA-OAEP'),
      403,
      /./
    ],
    [
      'encrypted by a shared secret',
      pem(rsa),
      signed =>
        new CompactEncrypt(Buffer.from(signed))
          .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
          .encrypt(new Uint8Array(32)),
      403,
      /cannot be decrypted/
    ]
  ]
  for (const [name, key, wrap, status, said] of rows) {
    const provider = await startOidcProvider(t)
    provider.person = { ...provider.person, acr }
    provider.lies.token = async claims => wrap(await provider.sign(claims))
    const more = `, clientSecret: ${JSON.stringify(client.secret)}`
    const gate = await startOidcGate(t, [entry(provider, 'key', key, more)])
    const page = await gate.browser().signIn('campus', provider, `${gate.origin('files')}/data`)
    t.equal(page.status, status, name)
    if (said !== null) t.match(gate.said(), said, name)
    t.notMatch(gate.said(), /PRIVATE KEY/)
  }
})

t.test('strangers who begin many sign-ins send the provider few requests', async t => {
  const provider = await startOidcProvider(t)
  provider.lies.metadata = all => ({ ...all, pushed_authorization_request_endpoint: `${provider.issuer}/par` })
  provider.lies.client = async () => true
  // The clock stands still: on a slow machine the wait would be over before the last sign-in begins.
  const now = Date.now()
  const gate = await startOidcGate(t, [entry(provider, 'key', pem(ec))], { clock: () => now })
  const begin = () => gate.browser().go(`${gate.portal}/.factorgate/login/campus`)
  const addresses: string[] = []
  for (let i = 0; i < 80; i++) addresses.push((await begin()).location ?? '')
  const pushed = provider.requests('/par').length
  t.ok(pushed >= 50 && pushed < 70, `${pushed} requests for 80`)
  t.match(addresses.at(-1), /code_challenge=/, 'after that the browser gets the whole request')
  provider.lies.metadata = all => ({
    ...all,
    pushed_authorization_request_endpoint: `${provider.issuer}/par`,
    require_pushed_authorization_requests: true
  })
  await gate.server.reload(await gate.load())
  t.equal((await begin()).status, 503, 'or has to wait, where the provider takes nothing else')
})

t.test('keys that are none', async t => {
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
  const rows: readonly (readonly [string, string, RegExp])[] = [
    ['a public key', createPublicKey(ec as never).export({ type: 'spki', format: 'pem' }) as string, /private key/],
    ['a public JWK', JSON.stringify(createPublicKey(ec as never).export({ format: 'jwk' })), /private JWK/],
    ['a set of keys', JSON.stringify({ keys: [JSON.parse(jwk)] }), /one key/],
    ['a short key', pem(short), /2048 bits/],
    ['a curve that signs nothing here', pem(generateKeyPairSync('x25519').privateKey), /P-256/],
    ['text', 'a-secret', /private key/]
  ]
  for (const [name, text, said] of rows) t.throws(() => readClientKey(text), said, name)
})
