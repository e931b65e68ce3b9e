/** The schema of an LDAP server or Active Directory. */
import { choice, duration, flag, list, map, orNull, secret, secretFile, text, whole } from '../schema-builders.ts'
import { attribute, ca, day, id, kind, shared, title } from './shared.ts'

const ldapGroups = map(
  {
    base: orNull(
      text('dn', {
        title: 'Base',
        description: 'Where groups are searched. Left out: the same as `base`.',
        example: 'ou=groups,dc=example'
      })
    ),
    filter: orNull(
      text('ldapFilter', {
        title: 'Filter',
        description:
          'Which entries are groups of an entry: `{dn}` stands for the person or the group below, `{name}` for the name of the person (`memberUid`). The preset sets it.',
        example: '(member={dn})'
      })
    ),
    nested: flag({
      title: 'Nested',
      description: 'Whether groups of groups count.',
      default: true,
      example: false
    }),
    name: orNull(
      text('line', {
        title: 'Attribute',
        description: 'The attribute with the name of a group. The preset sets it.',
        example: 'cn'
      })
    )
  },
  { title: 'Groups', description: 'Where the groups of people are found.', default: {} }
)

export const ldap = map(
  {
    id,
    kind: kind('ldap', '`ldap`: name and password are checked by an LDAP server or Active Directory.'),
    title,
    preset: choice(['openldap', 'active-directory'], {
      title: 'Preset',
      description: 'Sets the filters and attributes that are not given.',
      default: 'openldap',
      example: 'active-directory'
    }),
    servers: list(
      text('ldapUrl', { title: 'Server', description: 'ldaps:// or ldap://.', example: 'ldaps://ldap1.example' }),
      {
        title: 'Servers',
        description: 'Tried in order. Plain ldap:// needs `startTls` off this machine.',
        example: ['ldaps://ldap1.example', 'ldaps://ldap2.example']
      },
      { minItems: 1 }
    ),
    startTls: flag({
      title: 'StartTLS',
      description: 'Encrypt an ldap:// connection before the gate sends anything else.',
      default: false,
      example: true
    }),
    ca,
    timeout: duration(
      {
        title: 'Timeout',
        description: 'How long a server may take to connect or to answer. After that the gate asks the next server.',
        default: '5s',
        example: '10s'
      },
      1,
      60
    ),
    bind: orNull(
      map(
        {
          dn: text('dn', {
            title: 'Service account',
            description: 'The account that searches.',
            example: 'cn=gate,dc=example'
          }),
          password: secret('secret', { title: 'Password', description: 'Its password.' }),
          passwordFile: secretFile('password', {
            title: 'Password, from a file',
            description: 'A file that holds it.',
            example: 'ldap-password'
          })
        },
        {
          title: 'Search and bind',
          description: 'People are searched with this account, then bound with their own password.'
        }
      )
    ),
    userDn: orNull(
      text('dn', {
        title: 'Direct bind',
        description:
          'Instead of `bind`: the DN (or, for Active Directory, the `name@domain`) of a person, with `{name}` for what they type.',
        example: 'uid={name},ou=people,dc=example'
      })
    ),
    base: text('dn', { title: 'Base', description: 'Where people are searched.', example: 'dc=example' }),
    userFilter: orNull(
      text('ldapFilter', {
        title: 'Filter',
        description: 'Finds a person: `{name}` stands for what they type, escaped. The preset sets it.',
        example: '(uid={name})'
      })
    ),
    attributes: map(
      {
        id: orNull(attribute('Immutable id', 'entryUUID')),
        name: orNull(attribute('Sign-in name', 'uid')),
        display: orNull(attribute('Display name', 'displayName')),
        email: orNull(attribute('E-mail address', 'mail'))
      },
      {
        title: 'Attributes',
        description: 'The attributes with the data of the person. The preset sets those that are left out.',
        default: {}
      }
    ),
    groups: ldapGroups,
    refresh: duration(
      {
        title: 'Refresh',
        description:
          'A person who is removed, locked or disabled there loses access here within this time, also on open sockets.',
        default: '5m',
        example: '1m'
      },
      5,
      day
    ),
    lockout: orNull(
      map(
        {
          after: whole(
            {
              title: 'After',
              description:
                'The number of wrong passwords after which the directory locks an account (`lockoutThreshold`, `pwdMaxFailure`).',
              example: 5
            },
            3,
            1000
          ),
          within: duration(
            {
              title: 'Within',
              description:
                'The time after which the directory forgets a wrong password (`lockOutObservationWindow`, `pwdFailureCountInterval`).',
              default: '30m',
              example: '1h'
            },
            60,
            day
          )
        },
        {
          title: 'Lockout there',
          description:
            'The policy by which the directory locks accounts after wrong passwords. From networks and browsers in which nobody has completed a sign-in as this person, the gate then checks two passwords fewer than `after` within this time, all together, and answers the others with 429. So nobody who only knows a name locks the account there. It counts for all names alike. Where the directory finds a person by several names, guesses under all of them count together. When they are spent, a password under another name of that person is refused as if it were wrong. With `userDn: "{name}@domain"` each of the two names there has half of them, so `after` must be at least 4. Left out: the gate’s usual limits alone.',
          example: { after: 5, within: '30m' }
        }
      )
    ),
    ...shared
  },
  { title: 'LDAP or Active Directory', description: 'A directory that checks names and passwords.' }
)
