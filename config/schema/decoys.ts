/** The schema of decoys: `apps[].decoys`, `apps[].onDecoy` and `watch.decoys`. */
import { decoySteps, servedContents, servedKinds } from '../../src/decoys/steps.ts'
import { choice, list, map, orNull, record, text, typed, type ValueOf } from './schema-builders.ts'

const steps = (title: string, description: string) =>
  list(
    choice(decoySteps, {
      title: 'Step',
      description:
        '`journal`: a line in the journal, which is always written. `notify`: operators are told. `step-up`: nothing goes on for the person without a fresh second factor. `cut`: this sign-in ends, with what it has running. `suspend`: the account is suspended until an operator resumes it.',
      example: 'suspend'
    }),
    { title, description, example: ['notify', 'suspend'] },
    { minItems: 1 }
  )

const exempt = map(
  {
    networks: list(
      text('network', { title: 'Network', description: 'An address or network.', example: '10.0.9.0/24' }),
      { title: 'Networks', description: 'Requests from these networks.', default: [], example: ['10.0.9.0/24'] }
    ),
    users: list(text('userName', { title: 'User', description: 'A sign-in name.', example: 'scanner' }), {
      title: 'Users',
      description: 'Requests of these users.',
      default: [],
      example: ['scanner']
    }),
    groups: list(text('line', { title: 'Group', description: 'Name of a group.', example: 'crawlers' }), {
      title: 'Groups',
      description: 'Requests of people in these groups.',
      default: [],
      example: ['crawlers']
    })
  },
  {
    title: 'Exempt',
    description:
      'Whose touch counts for nothing and is not written down: virus scanners, crawlers and backups of the institution. One of the conditions is enough.'
  }
)

const path = {
  title: 'Path',
  description:
    "A glob for the app's own path: `*` matches within a segment, `**` matches across segments. Any plausible reading of a path touches it.",
  example: '/finance/**'
} as const

const decoy = map(
  {
    path: text('glob', path),
    query: orNull(
      record(
        'line',
        text('line', {
          title: 'Value',
          description: 'A glob for the value of this parameter.',
          example: '/finance/**'
        }),
        {
          title: 'Query',
          description:
            'Parameters that the query must have, with a glob for the value of each: for one row of an app, or for apps that name a file in the query. If left out, any query touches it.',
          example: { id: '99999' }
        }
      )
    ),
    serve: orNull(
      choice(servedKinds, {
        title: 'Serve',
        description:
          'The gate itself answers with a file of this kind, made up, with marks that name the person who fetched it. If left out, the app has the path, or answers that it has none.',
        example: 'xlsx'
      })
    ),
    content: choice(servedContents, {
      title: 'Content',
      description: 'With `serve`: what the file seems to hold.',
      default: 'passwords',
      example: 'payments'
    }),
    // biome-ignore lint/suspicious/noThenProperty: as in budgets
    then: orNull(steps('Then', 'What a touch of this decoy causes. If left out, what the app says (`onDecoy`).'))
  },
  { title: 'Decoy', description: 'An address that nobody has business asking for.' }
)

export const decoys = list(
  typed<ValueOf<typeof decoy>>({
    title: 'Decoy',
    description: 'A path alone, or a map.',
    examples: ['/finance/**', { path: '/old/passwords.xlsx', serve: 'xlsx' }],
    anyOf: [text('glob', path), decoy],
    'x-short': 'path'
  }),
  {
    title: 'Decoys',
    description:
      'Addresses that nobody has business asking for. A touch by a person who is signed in is acted on at once; one by a stranger is written to the journal. docs/decoys.md explains them.',
    default: [],
    example: ['/finance/**', '/old/passwords.xlsx']
  }
)

export const onDecoy = orNull(
  map(
    {
      // biome-ignore lint/suspicious/noThenProperty: as in budgets
      then: orNull(steps('Then', 'What a touch causes. If left out, what `watch.decoys` says.')),
      exempt: orNull(exempt)
    },
    { title: 'On a decoy', description: "What happens when one of this app's decoys is touched." }
  )
)

export const watchDecoys = orNull(
  map(
    {
      // biome-ignore lint/suspicious/noThenProperty: as in budgets
      then: orNull(steps('Then', 'What a touch causes. If left out: `notify` and `suspend`.')),
      exempt: orNull(exempt)
    },
    { title: 'Decoys', description: 'What happens when a decoy of any app is touched.' }
  )
)
