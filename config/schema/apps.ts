/** The schema of `apps[]`: where an app is, who may enter, and what it hears about people. */
import { factorKinds, factorTable } from '../../src/factor/kinds.ts'
import { identityHeaders } from './identity-headers.ts'
import { within } from './people.ts'
import { choice, duration, flag, list, map, orAbsent, orNull, record, text, typed } from './schema-builders.ts'
import { health, sticky, tls, upstream } from './upstreams.ts'

const anyOf = (words: readonly string[]) => `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`

const rule = map(
  {
    path: orAbsent(
      text('glob', {
        title: 'Path',
        description:
          "Glob on the app's own path: `*` within a segment, `**` across. Every plausible reading of a path is tried, and the strictest answer counts.",
        example: '/admin/**'
      })
    ),
    methods: orAbsent(
      list(
        text('method', { title: 'Method', description: 'In capitals.', example: 'GET' }),
        { title: 'Methods', description: 'HTTP methods.', example: ['GET', 'HEAD'] },
        { minItems: 1 }
      )
    ),
    groups: orAbsent(
      list(
        text('line', { title: 'Group', description: 'Name of a group.', example: 'researchers' }),
        { title: 'Groups', description: 'The person is in one of these.', example: ['researchers'] },
        { minItems: 1 }
      )
    ),
    users: orAbsent(
      list(
        text('userName', { title: 'User', description: 'A sign-in name.', example: 'alice' }),
        { title: 'Users', description: 'The person is one of these.', example: ['alice'] },
        { minItems: 1 }
      )
    ),
    networks: orAbsent(
      list(
        text('network', { title: 'Network', description: 'An address or network.', example: '10.0.0.0/8' }),
        { title: 'Networks', description: 'The visitor comes from one of these.', example: ['10.0.0.0/8'] },
        { minItems: 1 }
      )
    ),
    access: choice(['public', 'mfa', 'deny'], {
      title: 'Access',
      description:
        '`public`: everybody, without signing in (but a rule with `groups` or `users` has to ask who it is). `mfa`: signed in with a second factor. `deny`: nobody.',
      example: 'mfa'
    }),
    factors: orNull(
      list(
        choice(factorKinds, {
          title: 'Factor',
          description: `${anyOf(factorKinds.map(kind => `\`${kind}\` (${factorTable[kind].title})`))}.`,
          example: 'webauthn'
        }),
        {
          title: 'Factors',
          description:
            "With `access: mfa`: any one of these second factors of the gate will do. Left out: any second factor, also one that the person's institution has checked (`identity[].mfa`).",
          example: ['webauthn']
        },
        { minItems: 1 }
      )
    ),
    within: orNull(within)
  },
  {
    title: 'Rule',
    description: 'Conditions, and what happens when all of them hold. A condition left out always holds.'
  }
)

const timeouts = map(
  {
    connect: duration(
      {
        title: 'Connect',
        description: 'How long the app may take to accept a connection; then 502.',
        default: '5s',
        example: '2s'
      },
      1,
      3600
    ),
    response: duration(
      {
        title: 'Response',
        description:
          'How long the app may take to begin its answer; then 504. What follows (downloads, events, sockets) has no limit but the session.',
        default: '60s',
        example: '10m'
      },
      1,
      86_400
    )
  },
  { title: 'Timeouts', description: 'How long to wait for the app.', default: {} }
)

const maintenance = map(
  {
    until: orNull(
      text('until', {
        title: 'Until',
        description:
          'When it is expected back: a time with its zone (`2026-12-01T08:00+01:00`), or words. With a time, `Retry-After` says how long that is; otherwise it says 5 minutes. Maintenance ends when this block is taken out, not by itself.',
        example: '2026-12-01T08:00+01:00'
      })
    ),
    message: orNull(
      text('line', { title: 'Message', description: 'What people should know.', example: 'The disks are being moved.' })
    )
  },
  {
    title: 'Maintenance',
    description:
      'Where this block stands (`maintenance: {}` is enough), people see a page instead of the app, and programs get 503. What is open ends by itself.'
  }
)

export const app = map(
  {
    id: text('id', {
      title: 'Id',
      description: 'Name of the app in records, logs and metrics. Keep it when everything else changes.',
      example: 'notebooks'
    }),
    title: typed<string>({
      ...text('line', { title: 'Title', description: 'What people call the app.', example: 'Notebooks' }),
      'x-derived': 'the `id`'
    }),
    description: orNull(
      text('line', {
        title: 'Description',
        description: 'One line for the list of apps.',
        example: 'Jupyter on the big machine'
      })
    ),
    url: text('siteUrl', {
      title: 'Public address',
      description: 'Where people reach it: a host of its own, or a path on a host (`https://lab.example/nb`).',
      example: 'https://notebooks.lab.example'
    }),
    upstream,
    sticky,
    health,
    tls,
    rules: list(rule, {
      title: 'Rules',
      description: 'Who may do what. The first rule that matches counts; if none does, the answer is no.',
      default: [{ access: 'mfa' }],
      example: [{ groups: ['researchers'], access: 'mfa' }]
    }),
    identityHeaders,
    addHeaders: record(
      'headerName',
      text('headerValue', { title: 'Value', description: 'A fixed value.' }, { 'x-secret': true }),
      {
        title: 'Fixed headers',
        description:
          'Headers that go to the app with every request, such as a secret it shares with us. Values are never shown.',
        default: {},
        // biome-ignore lint/suspicious/noTemplateCurlyInString: as the file writes it
        example: { 'GX-Secret': '${GALAXY_SECRET}' }
      }
    ),
    passHeaders: list(
      text('passedHeader', {
        title: 'Header',
        description: 'A header name; its spellings with `_` or `.` pass as well.',
        example: 'X-User-Id'
      }),
      {
        title: 'Headers that pass',
        description:
          "What visitors say about who they are is taken out of their requests, whatever product's header they say it with. List here the names that the app's own programs send beside a secret which the app checks, such as `X-User-Id` beside `X-Auth-Token`.",
        default: [],
        example: ['X-User-Id']
      }
    ),
    preserveHost: flag({
      title: 'Keep the Host header',
      description:
        "Send the app the public host. `false` sends the upstream's own, for apps that insist on it; `Origin`, `Referer` and their kin then name that too, where they name the app. The public address is always told in `X-Forwarded-Host`, `-Port`, `-Proto` and `-Prefix`, and redirects to the app come back with it: also those that leave out the port, say the inside one, or say http.",
      default: true,
      example: false
    }),
    caseSensitive: flag({
      title: 'Letter case matters',
      description:
        'Whether `/Admin` and `/admin` are different things to the app. If you are not sure, leave it: then rules for either hold for both.',
      default: false,
      example: true
    }),
    assertion: flag({
      title: 'Signed assertion',
      description:
        'Send `X-Factorgate-Assertion`, a signed JWT about the person, with every request. Its keys are at `/.factorgate/jwks.json`.',
      default: false,
      example: true
    }),
    allowedOrigins: list(
      text('origin', { title: 'Origin', description: 'Scheme and host.', example: 'https://other.lab.example' }),
      {
        title: 'Other origins',
        description: "Sites, besides the app's own, whose pages may open WebSockets to it.",
        default: [],
        example: ['https://other.lab.example']
      }
    ),
    timeouts,
    maintenance: orNull(maintenance)
  },
  { title: 'App', description: 'One app behind the gate.' }
)
