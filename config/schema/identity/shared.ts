/** What the kinds of `identity` share. */
import { type About, choice, derived, map, orNull, record, type Schema, text, typed } from '../schema-builders.ts'

export const day = 86_400

export const id = text('id', {
  title: 'Id',
  description:
    'Name of this source in records, logs and addresses (`/.factorgate/login/ID`). You cannot change it later, because accounts keep it.',
  example: 'institute'
})

export const title = derived('line', '`id`', {
  title: 'Title',
  description: 'The name for people. The sign-in page shows it on a button.',
  example: 'Institute account'
})

/** What every source has whose accounts are not ours. */
export const shared = {
  realm: orNull(
    text('realm', {
      title: 'Realm',
      description: 'Accounts are then called `name@realm`, so that two sources may know the same name.',
      example: 'campus'
    })
  ),
  groupMap: orNull(
    record(
      'line',
      text('line', { title: 'Our group', description: 'The name that rules use.', example: 'operators' }),
      {
        title: 'Groups',
        description:
          'The names of groups there, and the names of groups here. With this key, groups that are not listed do not count. Without it, the names are the same here. List at least the groups that may become `operators`.',
        example: { 'cn=lab-admins,ou=groups,dc=example': 'operators' }
      }
    )
  ),
  enrolment: typed<'invitation' | 'sponsor' | { until: number }>({
    title: 'First second factor',
    description:
      'How people add their first second factor. `invitation`: with a link from `factorgate user invite`. `sponsor`: a colleague or an operator approves them in the portal. `{ until: DATE }`: whoever signs in for the first time before that date, for a roll-out.',
    default: 'invitation',
    examples: [{ until: '2027-02-01' }],
    anyOf: [
      {
        type: 'string',
        enum: ['invitation', 'sponsor'],
        'x-instead': 'must be invitation, sponsor or { until: DATE }'
      },
      map(
        {
          until: text('date', {
            title: 'Until',
            description: 'The last day, or a moment with its zone.',
            example: '2027-02-01'
          })
        },
        { title: 'Roll-out', description: 'First sign-ins may enrol until then.' }
      )
    ]
  })
}

export const ca = orNull(
  text('file', {
    title: 'Certificate authority',
    description: 'PEM file with the authority that the servers are signed by. Left out: the ones that Node.js knows.',
    example: 'institute-ca.pem'
  })
)

/** One value or a list of them; null where it is left out. */
export function oneOrMore<T extends Schema<string>>(item: T, { example, ...about }: About) {
  return typed<readonly string[] | null>({
    ...about,
    examples: [example],
    default: null,
    'x-listed': true,
    anyOf: [item, { type: 'array', items: item, minItems: 1 }, { type: 'null' }]
  })
}

export function kind<const K extends string>(name: K, description: string) {
  return choice([name], { title: 'Kind', description, example: name })
}

export function attribute(of: string, example: string) {
  return text('line', { title: of, description: 'Name of an attribute.', example })
}

export function samlAttribute(of: string, standard: string) {
  return text('line', { title: of, description: 'Name of an attribute.', default: standard, example: standard })
}

export function peopleHeader(of: string, example: string, more = '') {
  return text('identityHeader', {
    title: of,
    description: `Name of a header.${more === '' ? '' : ` ${more}`}`,
    example
  } satisfies About)
}

export function signOut() {
  return choice(['institution', 'here'], {
    title: 'Sign-out',
    description:
      '`institution`: a person who signs out here also signs out there, if the institution supports it. `here`: the person signs out only here.',
    default: 'institution',
    example: 'here'
  })
}
