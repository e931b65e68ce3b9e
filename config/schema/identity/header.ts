/** The schema of a proxy in front that signs people in. */
import { choice, list, map, orNull, secret, secretFile, text } from '../schema-builders.ts'
import { id, kind, peopleHeader, shared, title } from './shared.ts'

export const header = map(
  {
    id,
    kind: kind('header', '`header`: a proxy in front (mod_shib, mod_auth_openidc, Kerberos) says who somebody is.'),
    title,
    from: list(
      text('network', { title: 'Peer', description: 'An address or network.', example: '127.0.0.1' }),
      {
        title: 'From',
        description:
          'Addresses of the proxies that the gate believes. It compares the address that connects to the gate and ignores X-Forwarded-For.',
        example: ['127.0.0.1']
      },
      { minItems: 1 }
    ),
    headers: map(
      {
        id: orNull(peopleHeader('Immutable id', 'X-Remote-Id', 'Left out: the name.')),
        name: peopleHeader('Sign-in name', 'X-Remote-User'),
        display: orNull(peopleHeader('Display name', 'X-Remote-Name')),
        email: orNull(peopleHeader('E-mail address', 'X-Remote-Email')),
        groups: orNull(peopleHeader('Groups', 'X-Remote-Groups')),
        mfa: orNull(peopleHeader('Second factor there', 'X-Remote-Context', 'See `mfa`.'))
      },
      {
        title: 'Headers',
        description: 'The headers with the data of the person. Each may occur once, in one spelling.'
      }
    ),
    separator: choice([',', ';'], {
      title: 'Separator',
      description: 'The separator between groups. With `;`, `\\;` is a semicolon inside a name, as mod_shib writes it.',
      default: ',',
      example: ';'
    }),
    secret: map(
      {
        header: peopleHeader('Header', 'X-Gate-Secret'),
        value: secret('secret', { title: 'Value', description: 'At least 16 characters.' }),
        valueFile: secretFile('value', {
          title: 'Value, from a file',
          description: 'A file that holds it.',
          example: 'front-secret'
        })
      },
      { title: 'Secret', description: 'A secret that the proxy sends, so that nobody else can send these headers.' }
    ),
    mfa: orNull(
      map(
        {
          values: list(
            text('line', {
              title: 'Value',
              description: 'A value of the header.',
              example: 'https://refeds.org/profile/mfa'
            }),
            {
              title: 'Values',
              description: 'Values of `headers.mfa` that say that a second factor was checked.',
              example: ['mfa']
            },
            { minItems: 1 }
          )
        },
        { title: 'Second factor there', description: 'What counts as a second factor that the proxy has checked.' }
      )
    ),
    ...shared
  },
  { title: 'Trusted header', description: 'A proxy in front that signs people in.' }
)
