/** What real providers do beside the standard, or at its edges: people get in where nothing is unsafe, and the log names the rest. */
import t from 'tap'
import { entryOf, mfa, startOidcGate } from '../../fixtures/in-process/oidc-gate.ts'
import { type Lies, startOidcProvider } from '../../fixtures/in-process/oidc-provider.ts'

type Claims = Record<string, unknown>

const withKeys =
  (...others: Claims[]): Lies['jwks'] =>
  keys => ({ keys: [...others, ...keys.map(key => key.public), ...others] })
const without =
  (...names: string[]): Lies['jwks'] =>
  keys => ({
    keys: keys.map(({ public: key }) =>
      Object.fromEntries(Object.entries(key).filter(([name]) => !names.includes(name)))
    )
  })

/** Keys that the gate cannot use, beside one that it can. */
const strangeKeys: readonly Claims[] = [
  { kty: 'AKP', alg: 'ML-DSA-65', kid: 'quantum', pub: 'AAAA' },
  { kty: 'OKP', crv: 'X25519', use: 'enc', kid: 'exchange', x: 'AAAA' },
  { kty: 'OKP', crv: 'Ed448', use: 'sig', alg: 'EdDSA', kid: 'ed448', x: 'AAAA' },
  { kty: 'EC', crv: 'secp256k1', alg: 'ES256K', use: 'sig', kid: 'coin', x: 'AAAA', y: 'AAAA' },
  { kty: 'EC', crv: 'P-256', use: 'sig', kid: 'broken', x: 'AAAA', y: 'AAAA' },
  { kty: 'EC', crv: 'P-256', use: 'sig', kid: 'half' },
  { kty: 'RSA', use: 'sig', kid: 'short', n: 'AQAB', e: 'AQAB' },
  { kty: 'oct', kid: 'secret', k: 'AAAA' },
  { kid: 'nothing' }
]

interface Quirk {
  readonly lies?: Lies
  readonly person?: Claims
  readonly alg?: string
  /** Null: the person gets in. */
  readonly said?: RegExp
}

const answered = (change: (body: Claims) => Claims): Quirk => ({ lies: { tokens: change } })

const quirks: Record<string, Quirk> = {
  'keys that nobody can use beside one that fits': { lies: { jwks: withKeys(...strangeKeys) } },
  'the same, and a token without kid': {
    lies: {
      jwks: withKeys(...strangeKeys),
      token: (claims, key) => provider.sign(claims, { kid: undefined }, key)
    }
  },
  'keys that do not say what they are for': { lies: { jwks: without('use', 'alg') } },
  ...Object.fromEntries(
    ['ES384', 'ES512', 'PS256', 'PS384', 'PS512', 'RS384', 'RS512', 'EdDSA'].map(alg => [`a token of ${alg}`, { alg }])
  ),
  'a sub with control characters': { person: { sub: 'a\u0000\r\n\u001b[31mb' } },
  'a sub of every kind of sign': { person: { sub: 'cn=Ünï|"\\ \u{1f600}\u202e,dc=x' } },
  'a sub of 255 letters': { person: { sub: 'x'.repeat(255) } },
  'a sub that holds a long DN (Dex)': {
    person: { sub: Buffer.from(`\n${'ou=Chemistry,'.repeat(20)}`).toString('base64url') }
  },
  'a sub that is longer than any': { person: { sub: 'x'.repeat(2000) }, said: /sub.*2000/ },
  'a claim of 200 KB': { person: { picture: `data:image/png;base64,${'A'.repeat(200_000)}` } },
  'groups that repeat': { person: { groups: ['staff', 'staff', ' staff ', '', null, 7, { a: 1 }] } },
  'claims that are null': { person: { email: null, name: null, groups: null, email_verified: null, sid: null } },
  'a time of the sign-in that is null': { person: { auth_time: null }, said: /auth_time/ },
  'a time of the sign-in with a fraction': { person: { auth_time: Date.now() / 1000 - 5.5 } },
  'a time of the sign-in as text': { person: { auth_time: String(Math.floor(Date.now() / 1000)) }, said: /auth_time/ },
  'a time of the sign-in in milliseconds': { person: { auth_time: Date.now() }, said: /auth_time.*future/ },
  'an audience in a list': { lies: { idToken: claims => ({ ...claims, aud: [claims.aud] }) } },
  'a session id that is a number': { person: { sid: 17 } },
  'an answer with more than is asked for': {
    lies: { answer: said => ({ ...said, session_state: 'x', scope: 'openid', authuser: '0', error: '' }) }
  },
  BEARER: answered(body => ({ ...body, token_type: 'BEARER' })),
  'a life of the token as text': answered(body => ({ ...body, expires_in: '3600' })),
  'no life of the token': answered(({ expires_in: _, ...body }) => body),
  'a life of the token that is null': answered(body => ({ ...body, expires_in: null })),
  'a refresh token': answered(body => ({ ...body, refresh_token: 'r', refresh_expires_in: 1 })),
  'a refresh token that is null': answered(body => ({ ...body, refresh_token: null })),
  'a refresh token that is empty': answered(body => ({ ...body, refresh_token: '' })),
  'a scope that is null': answered(body => ({ ...body, scope: null })),
  'a scope that is a list': answered(body => ({ ...body, scope: ['openid'] })),
  'metadata with null for what the provider does not have': {
    lies: {
      metadata: metadata => ({
        ...metadata,
        id_token_signing_alg_values_supported: ['ES256'],
        userinfo_endpoint: null,
        end_session_endpoint: null,
        pushed_authorization_request_endpoint: null,
        scopes_supported: null,
        token_endpoint_auth_methods_supported: null,
        authorization_response_iss_parameter_supported: null
      })
    },
    person: { name: null }
  }
}

let provider: Awaited<ReturnType<typeof startOidcProvider>>

t.test('each', async t => {
  for (const [title, { lies = {}, person = {}, alg, said }] of Object.entries(quirks))
    await t.test(title, async t => {
      provider = await startOidcProvider(t)
      provider.lies = {
        metadata: ({ id_token_signing_alg_values_supported: _, ...rest }) => ({
          ...rest,
          id_token_signing_alg_values_supported: ['ES256', alg ?? 'RS256']
        }),
        ...lies
      }
      provider.person = { ...provider.person, acr: 'https://refeds.org/profile/mfa', ...person }
      if (alg !== undefined) provider.keys = [await provider.newKey(alg)]
      const gate = await startOidcGate(t, [entryOf('campus', provider, mfa)])
      const page = await gate.browser().signIn('campus', provider, `${gate.origin('files')}/data`)
      if (said === undefined) t.match(page.body, /"remote-user":"ada"/, `${page.status} ${gate.said()}`)
      else {
        t.equal(page.status, 403)
        t.match(String(gate.log.find(line => line.code !== undefined)?.detail), said)
      }
    })
})

t.test('issuers with a path, a slash at the end and signs of other alphabets', async t => {
  for (const more of ['/realms/lab', '/realms/lab/', '/Ünï', '/a%2Fb']) {
    provider = await startOidcProvider(t)
    const issuer = `${provider.issuer}${more}`
    const asked: string[] = []
    provider.lies = {
      answer: said => ({ ...said, iss: issuer }),
      idToken: claims => ({ ...claims, iss: issuer }),
      handle: (path, response, url) => {
        if (!path.includes('.well-known')) return false
        asked.push(url.pathname + url.search)
        const at = (name: string) => `${provider.issuer}/${name}`
        const endpoints = { authorization_endpoint: at('authorize'), token_endpoint: at('token'), jwks_uri: at('jwks') }
        const known = { id_token_signing_alg_values_supported: ['ES256'], response_types_supported: ['code'] }
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(
          JSON.stringify({ issuer, ...endpoints, ...known, authorization_response_iss_parameter_supported: true })
        )
        return true
      }
    }
    provider.person = { ...provider.person, acr: 'https://refeds.org/profile/mfa' }
    const gate = await startOidcGate(t, [entryOf('campus', { issuer }, mfa)])
    const page = await gate.browser().signIn('campus', provider, `${gate.origin('files')}/data`)
    t.match(page.body, /"remote-user":"ada"/, `${more} ${asked} ${gate.said()}`)
  }
})
