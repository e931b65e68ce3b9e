/** The schema of a SAML identity provider or federation. */
import { duration, list, map, orNull, text } from '../schema-builders.ts'
import { ca, day, id, kind, oneOrMore, samlAttribute, shared, signOut, title } from './shared.ts'

export const saml = map(
  {
    id,
    kind: kind('saml', '`saml`: a SAML 2.0 identity provider or a whole federation, as a button on the sign-in page.'),
    title,
    metadata: text('samlMetadata', {
      title: 'Metadata',
      description:
        'Where the identity providers are described: a file, an https:// address that is fetched again and again, or `mdq:` and the address of a metadata query server.',
      example: 'https://mds.example/all.xml'
    }),
    metadataCertificate: orNull(
      text('file', {
        title: 'Certificate of the metadata',
        description:
          'PEM file. Metadata from an address must be signed with its key. Needed for every address; a file may go without.',
        example: 'federation.pem'
      })
    ),
    refresh: duration(
      {
        title: 'Refresh',
        description:
          'How often an address is fetched again. What the metadata itself says (`cacheDuration`) counts where it is shorter.',
        default: '6h',
        example: '1h'
      },
      60,
      7 * day
    ),
    ca,
    idp: oneOrMore(
      text('entityId', {
        title: 'Identity provider',
        description: 'Its entity id.',
        example: 'https://idp.example/entity'
      }),
      {
        title: 'Identity providers',
        description: 'One, or a list. Left out: people choose among all in the metadata.',
        example: 'https://idp.example/entity'
      }
    ),
    entityId: orNull(
      text('entityId', {
        title: 'Our entity id',
        description:
          'The entity id of this gate. If left out: the address of its metadata, `/.factorgate/login/ID/metadata`.',
        example: 'https://gate.lab.example/.factorgate/login/federation/metadata'
      })
    ),
    key: orNull(
      text('file', {
        title: 'Private key',
        description:
          'PEM file with an RSA key. It signs the requests of the gate and opens encrypted answers. If left out, the gate signs nothing and refuses encrypted answers.',
        example: 'saml.key'
      })
    ),
    cert: orNull(
      text('file', {
        title: 'Certificate',
        description: 'PEM file with its certificate, for our metadata.',
        example: 'saml.crt'
      })
    ),
    attributes: map(
      {
        id: orNull(
          text('line', {
            title: 'Immutable id',
            description:
              'The attribute that never changes for a person. Left out: `subject-id`, `pairwise-id`, a persistent NameID or `eduPersonUniqueId`, whichever comes, in this order; otherwise the name itself.',
            example: 'pairwise-id'
          })
        ),
        name: samlAttribute('Sign-in name', 'eduPersonPrincipalName'),
        display: samlAttribute('Display name', 'displayName'),
        email: samlAttribute('E-mail address', 'mail'),
        groups: samlAttribute('Groups', 'eduPersonEntitlement')
      },
      { title: 'Attributes', description: 'By their friendly name or their name (an OID or URI).', default: {} }
    ),
    mfa: orNull(
      map(
        {
          contexts: list(
            text('line', {
              title: 'Context',
              description: 'An AuthnContextClassRef.',
              example: 'https://refeds.org/profile/mfa'
            }),
            {
              title: 'Contexts',
              description:
                'AuthnContext classes that say that a second factor was checked there. They are also asked for.',
              example: ['https://refeds.org/profile/mfa']
            },
            { minItems: 1 }
          )
        },
        {
          title: 'Second factor there',
          description: 'What counts as a second factor that was checked at the identity provider.'
        }
      )
    ),
    assurance: orNull(
      list(
        text('line', {
          title: 'Assurance',
          description: 'A value of eduPersonAssurance.',
          example: 'https://refeds.org/assurance/IAP/medium'
        }),
        {
          title: 'Assurance',
          description:
            'Values of `eduPersonAssurance`, any of which a person must have to get in (REFEDS Assurance Framework).',
          example: ['https://refeds.org/assurance/IAP/medium']
        },
        { minItems: 1 }
      )
    ),
    clockSkew: duration(
      {
        title: 'Clock skew',
        description: 'How far the clocks of the two sides may differ.',
        default: '60s',
        example: '2m'
      },
      0,
      300
    ),
    signOut: signOut(),
    ...shared
  },
  { title: 'SAML', description: 'An identity provider or a federation that people are sent to.' }
)
