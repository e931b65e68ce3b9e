/** The schema of an OpenID Connect provider. */
import { choice, list, map, orNull, secret, secretFile, text, typed } from '../schema-builders.ts'
import { ca, id, kind, shared, signOut, title } from './shared.ts'

const claim = (of: string, example: string) =>
  text('claimPath', { title: of, description: 'The name of the claim. A dot goes into an object.', example })

export const oidc = map(
  {
    id,
    kind: kind('oidc', '`oidc`: an OpenID Connect provider, as a button on the sign-in page.'),
    title,
    issuer: text('issuer', {
      title: 'Issuer',
      description: 'The address of the provider; its metadata is below it at `.well-known/openid-configuration`.',
      example: 'https://login.example'
    }),
    clientId: text('line', {
      title: 'Client id',
      description: 'The name of this gate at the provider.',
      example: 'gate'
    }),
    clientSecret: orNull(
      secret('secret', { title: 'Client secret', description: 'Left out: a public client, with PKCE alone.' })
    ),
    clientSecretFile: secretFile('clientSecret', {
      title: 'Client secret, from a file',
      description: 'A file that holds it.',
      example: 'oidc-secret'
    }),
    clientKey: orNull(
      secret('secret', {
        title: 'Client key',
        description:
          'The private key of this client, as PEM or JWK: RSA, EC or Ed25519. It signs who the client is (`private_key_jwt`), and opens encrypted ID tokens.'
      })
    ),
    clientKeyFile: secretFile('clientKey', {
      title: 'Client key, from a file',
      description: 'A file that holds it.',
      example: 'oidc-key.pem'
    }),
    clientAuthentication: orNull(
      choice(['client_secret_basic', 'client_secret_post', 'private_key_jwt'], {
        title: 'Client authentication',
        description:
          'How the client proves who it is. Left out: with a secret, as the provider says in its metadata; with a key alone, `private_key_jwt`.',
        example: 'client_secret_post'
      })
    ),
    ca,
    scopes: orNull(
      list(
        text('line', { title: 'Scope', description: 'A scope.', example: 'email' }),
        {
          title: 'Scopes',
          description:
            'The scopes that the gate asks for. Left out: `openid`, `profile` and `email`, and each scope that the provider offers under the name of a claim in `claims`, such as `groups`.',
          example: ['openid', 'profile', 'email', 'groups']
        },
        { minItems: 1 }
      )
    ),
    claims: map(
      {
        name: typed<string>({ default: 'preferred_username', ...claim('Sign-in name', 'preferred_username') }),
        display: typed<string>({ default: 'name', ...claim('Display name', 'name') }),
        email: typed<string>({ default: 'email', ...claim('E-mail address', 'email') }),
        groups: typed<string>({ default: 'groups', ...claim('Groups', 'realm_access.roles') })
      },
      { title: 'Claims', description: 'The claims with the data of the person.', default: {} }
    ),
    mfa: orNull(
      map(
        {
          acr: list(
            text('line', { title: 'acr', description: 'A value of `acr`.', example: 'https://refeds.org/profile/mfa' }),
            {
              title: 'Context classes',
              description: 'Values of `acr` that say that a second factor was checked there. They are also asked for.',
              default: [],
              example: ['https://refeds.org/profile/mfa']
            }
          ),
          amr: list(text('line', { title: 'amr', description: 'A value of `amr`.', example: 'mfa' }), {
            title: 'Methods',
            description: 'Values of `amr` any of which says so.',
            default: [],
            example: ['mfa', 'otp', 'hwk']
          })
        },
        {
          title: 'Second factor there',
          description:
            'What counts as a second factor that the provider has checked. If left out, nothing counts, and the gate asks for one of its own. A rule with `factors` always means the factors of the gate.'
        }
      )
    ),
    signOut: signOut(),
    ...shared
  },
  { title: 'OpenID Connect', description: 'A provider that people are sent to.' }
)
