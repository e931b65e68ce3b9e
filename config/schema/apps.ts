/** The schema of `apps[]`: where an app is, who may enter, and what it hears about people. */
import { factorKinds, factorTable } from '../../src/factor/kinds.ts'
import { decoys, onDecoy } from './decoys.ts'
import { appDeviceBound, ruleDeviceBound } from './device.ts'
import { forwardAuth } from './forward-auth.ts'
import { identityHeaders } from './identity-headers.ts'
import { integrity } from './integrity.ts'
import { keepPosts, sessionEnds } from './keep-posts.ts'
import { within } from './people.ts'
import { choice, duration, flag, list, map, orAbsent, orNull, record, text, typed } from './schema-builders.ts'
import { tokens } from './tokens.ts'
import { upstreamLogin } from './upstream-login.ts'
import { health, sticky, tls, upstream } from './upstreams.ts'

const anyOf = (words: readonly string[]) => `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`

const rule = map(
  {
    path: orAbsent(
      text('glob', {
        title: 'Path',
        description:
          "A glob for the app's own path: `*` matches within a segment, `**` matches across segments. The gate tries every plausible reading of a path, and the strictest result counts.",
        example: '/admin/**'
      })
    ),
    methods: orAbsent(
      list(
        text('method', { title: 'Method', description: 'A method in capital letters.', example: 'GET' }),
        { title: 'Methods', description: 'HTTP methods.', example: ['GET', 'HEAD'] },
        { minItems: 1 }
      )
    ),
    groups: orAbsent(
      list(
        text('line', { title: 'Group', description: 'Name of a group.', example: 'researchers' }),
        { title: 'Groups', description: 'The person is in one of these groups.', example: ['researchers'] },
        { minItems: 1 }
      )
    ),
    users: orAbsent(
      list(
        text('userName', { title: 'User', description: 'A sign-in name.', example: 'alice' }),
        { title: 'Users', description: 'The person is one of these users.', example: ['alice'] },
        { minItems: 1 }
      )
    ),
    networks: orAbsent(
      list(
        text('network', { title: 'Network', description: 'An address or network.', example: '10.0.0.0/8' }),
        {
          title: 'Networks',
          description: 'The address of the client is in one of these networks.',
          example: ['10.0.0.0/8']
        },
        { minItems: 1 }
      )
    ),
    access: choice(['public', 'mfa', 'deny'], {
      title: 'Access',
      description:
        '`public`: everybody, without sign-in (but with `groups` or `users` people have to sign in). `mfa`: people who are signed in with a second factor. `deny`: nobody.',
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
            "With `access: mfa`: one of these second factors of the gate is enough. If left out, any second factor is enough, also one that the person's institution has checked (`identity[].mfa`).",
          example: ['webauthn']
        },
        { minItems: 1 }
      )
    ),
    within: orNull(within),
    freshFor: orNull(
      text('size', {
        title: 'Fresh for',
        description:
          'With `access: mfa`: how many bytes may be fetched under this rule with one proof. After that, running transfers wait up to a minute for a new one, and the gate asks for it.',
        example: '100MiB'
      })
    ),
    deviceBound: ruleDeviceBound
  },
  {
    title: 'Rule',
    description:
      'Conditions, and what the gate does when all of them are true. A condition that is left out is always true.'
  }
)

const timeouts = map(
  {
    connect: duration(
      {
        title: 'Connect',
        description: 'How long the app may take to accept a connection. After that the gate answers 502.',
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
          'How long the app may take to begin its answer. After that the gate answers 504. When the answer has begun, only the session limits downloads, event streams and sockets.',
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
          'When the app is expected to be back: a time with its zone (`2026-12-01T08:00+01:00`), or a text. With a time, `Retry-After` counts down to it. Otherwise it is 5 minutes. The maintenance ends when you remove this key, not by itself.',
        example: '2026-12-01T08:00+01:00'
      })
    ),
    message: orNull(
      text('line', {
        title: 'Message',
        description: 'A text for people who want to use the app.',
        example: 'The disks are being moved.'
      })
    )
  },
  {
    title: 'Maintenance',
    description:
      'With this key (`maintenance: {}` is enough), people see a page instead of the app, and programs get 503. Open connections end by themselves.'
  }
)

export const app = map(
  {
    id: text('id', {
      title: 'Id',
      description: 'Name of the app in the journal, in logs and in metrics. Do not change it later.',
      example: 'notebooks'
    }),
    title: typed<string>({
      ...text('line', { title: 'Title', description: 'The name of the app for people.', example: 'Notebooks' }),
      'x-derived': 'the `id`'
    }),
    description: orNull(
      text('line', {
        title: 'Description',
        description: 'One line about the app, for the list of apps.',
        example: 'Jupyter on the big machine'
      })
    ),
    section: orNull(
      text('line', {
        title: 'Section',
        description:
          'A heading of the list of apps, for labs with many. Apps with the same section stand together, in the order of the configuration.',
        example: 'Instruments'
      })
    ),
    url: text('siteUrl', {
      title: 'Public address',
      description: 'Where people reach the app: its own host, or a path on a host (`https://lab.example/nb`).',
      example: 'https://notebooks.lab.example'
    }),
    upstream,
    sticky,
    health,
    tls,
    rules: list(rule, {
      title: 'Rules',
      description:
        'Who may do what. The first rule that matches counts. If no rule matches, the gate refuses the request.',
      default: [{ access: 'mfa' }],
      example: [{ groups: ['researchers'], access: 'mfa' }]
    }),
    deviceBound: appDeviceBound,
    enforce: choice(['always', 'report'], {
      title: 'Enforce',
      description:
        '`always`: the rules hold. `report`, for a roll-out: nobody is stopped, not even strangers, who get no identity headers. The journal (`would`) and `factorgate report` say what the rules would have done, to whom and why.',
      default: 'always',
      example: 'report'
    }),
    identityHeaders,
    addHeaders: record(
      'addedHeaderName',
      text('headerValue', { title: 'Value', description: 'A fixed value.' }, { 'x-secret': true }),
      {
        title: 'Fixed headers',
        description:
          'Headers that the gate adds to every request for the app, such as a shared secret. The gate never shows the values. `X-Forwarded-Host`, `-Port`, `-Proto` and `-Prefix` stand in the place of the gate’s own.',
        default: {},
        // biome-ignore lint/suspicious/noTemplateCurlyInString: as the file writes it
        example: { 'GX-Secret': '${GALAXY_SECRET}' }
      }
    ),
    passHeaders: list(
      text('passedHeader', {
        title: 'Header',
        description: 'A header name. Its spellings with `_` or `.` pass too.',
        example: 'X-User-Id'
      }),
      {
        title: 'Headers that pass',
        description:
          "The gate removes every header with which clients can claim to be a person, whichever product uses it. List here the names that the app's own programs send together with a secret that the app checks, such as `X-User-Id` with `X-Auth-Token`. `X-HTTP-Method-Override` passes too where it is listed, and then the rules must permit both methods.",
        default: [],
        example: ['X-User-Id']
      }
    ),
    preserveHost: flag({
      title: 'Keep the Host header',
      description:
        "Send the public host to the app. `false` sends the host of the upstream, for apps that accept only their own host. `Origin`, `Referer` and similar headers that name the app then name the upstream too. The app gets the public address in `X-Forwarded-Host`, `-Port`, `-Proto` and `-Prefix`, unless `addHeaders` names another. The gate changes redirects to the app to the public address, also if they have no port, the upstream's port, or http.",
      default: true,
      example: false
    }),
    forwarded: flag({
      title: 'Forwarded header',
      description:
        'Send `Forwarded` (RFC 7239) with the client, the public host and the scheme, beside the `X-Forwarded-*` headers. For apps that read only the standard header. A `Forwarded` header of a client never reaches the app.',
      default: false,
      example: true
    }),
    caseSensitive: flag({
      title: 'Letter case matters',
      description:
        'Whether `/Admin` and `/admin` are different pages of the app. If you are not sure, leave it out: then a rule for one of them also applies to the other.',
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
        description: 'Other sites whose pages may open WebSockets to the app.',
        default: [],
        example: ['https://other.lab.example']
      }
    ),
    tokens,
    upstreamLogin,
    forwardAuth,
    keepPosts,
    sessionEnds,
    timeouts,
    guarded: flag({
      title: 'Guarded',
      description:
        'While the store does not answer, the budgets of `watch` cannot be shared, and no gate hears that somebody was suspended. `true`: nothing new begins at this app then, and what runs ends after a minute. `false`: what runs goes on, within each budget, and the journal says so.',
      default: false,
      example: true
    }),
    integrity,
    maintenance: orNull(maintenance),
    decoys,
    onDecoy
  },
  { title: 'App', description: 'One app behind the gate.' }
)
