/** The schema of `apps[].identityHeaders`: how an app is told who is there. */
import {
  type GivenHeaders,
  groupSeparators,
  headerEncodings,
  headerProfileNames,
  type IdentityHeaders,
  nameChoices
} from '../../src/identity/header-profiles.ts'
import { type About, choice, map, orAbsent, secret, text, typed } from './schema-builders.ts'

function identityHeader(standard: string, of: Omit<About, 'default'>) {
  return typed<string | null>({
    title: of.title,
    description: of.description,
    'x-derived': standard,
    examples: [of.example],
    anyOf: [text('identityHeader', of), { type: 'null' }]
  })
}

const identityHeadersMap = map(
  {
    profile: orAbsent(
      choice(headerProfileNames, {
        title: 'Profile',
        description: 'The profile that sets the keys that are left out.',
        example: 'galaxy'
      })
    ),
    user: identityHeader('the profile’s; `Remote-User` without one', {
      title: 'Name header',
      description: 'The header with the user name.',
      example: 'X-Remote-User'
    }),
    preferredUsername: orAbsent(
      identityHeader('the profile’s', {
        title: 'Second name header',
        description: 'A second header with the user name, for products that read it under two names.',
        example: 'X-Forwarded-Preferred-Username'
      })
    ),
    name: identityHeader('the profile’s; `Remote-Name` without one', {
      title: 'Display name header',
      description: 'The header with the display name.',
      example: 'X-WEBAUTH-NAME'
    }),
    email: identityHeader('the profile’s; `Remote-Email` without one', {
      title: 'Mail header',
      description: 'The header with the e-mail address.',
      example: 'X-Forwarded-Email'
    }),
    groups: identityHeader('the profile’s; `Remote-Groups` without one', {
      title: 'Groups header',
      description:
        'The header with the groups, separated by `groupSeparator`. The gate leaves out a group whose name has the separator in it, or a space at its beginning or end, because the app would read it as another group. The log says so.',
      example: 'X-Forwarded-Groups'
    }),
    groupSeparator: orAbsent(
      choice(
        groupSeparators,
        { title: 'Between groups', description: 'What the app splits the groups at.', example: ';' },
        { 'x-derived': '`,`' }
      )
    ),
    encoding: orAbsent(
      choice(
        headerEncodings,
        {
          title: 'Encoding',
          description:
            'How letters outside ASCII are written. `utf-8`: as UTF-8 bytes (apps in Go and PHP). `latin-1`: as Latin-1 bytes (Node, Python’s WSGI, Java servlets). `percent`: UTF-8 as `%C3%A9`, and `%` as `%25` (Open WebUI). `rfc2047`: as `=?utf-8?q?…?=` (as Tailscale Serve writes). `quoted-printable`: UTF-8 as `=C3=A9`, and `=` as `=3D` (Grafana with `headers_encoded = true`). `ascii`: not at all. A value that the encoding does not have, or with a line end or another control character, is not sent, and the log says so.',
          example: 'percent'
        },
        { 'x-derived': 'the profile’s; `utf-8` without one' }
      )
    ),
    names: orAbsent(
      choice(
        nameChoices,
        {
          title: 'Names after a rename',
          description:
            'Which user name the app gets of a person who was renamed, by an operator (`factorgate user rename`) or by their institution. `current`: the present one. `original`: the first one, for apps that keep people’s data under it. It is also the `name` of the signed assertion.',
          example: 'original'
        },
        { 'x-derived': '`current`' }
      )
    ),
    secretHeader: orAbsent(
      typed<string | null>({
        title: 'Secret header',
        description: 'The header with `secret`.',
        'x-derived': 'the profile’s',
        examples: ['GX-Secret'],
        anyOf: [
          text('headerName', {
            title: 'Secret header',
            description: 'The header with `secret`.',
            example: 'GX-Secret'
          }),
          { type: 'null' }
        ]
      })
    ),
    secret: orAbsent(
      secret('headerValue', {
        title: 'Shared secret',
        description:
          'The app uses it to check that a request comes from the gate, such as Galaxy’s `remote_user_secret`.',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: as the file writes it
        example: '${GALAXY_SECRET}'
      })
    ),
    secretFile: orAbsent(
      text(
        'file',
        {
          title: 'Shared secret, from a file',
          description: 'A file that holds the value of `secret`.',
          example: '/run/secrets/galaxy'
        },
        { 'x-fileOf': 'secret' }
      )
    ),
    secretInVerdict: orAbsent(
      typed<boolean>({
        type: 'boolean',
        title: 'Shared secret in verdicts',
        description:
          'For an app that another proxy forwards to (forward-auth): the verdict carries the shared secret, which the proxy has to pass on. Whoever could ask for a verdict could read it, so no browser may reach `/.factorgate/auth` through that proxy.',
        'x-derived': '`false`',
        examples: [true]
      })
    )
  },
  {
    title: 'Identity headers',
    description:
      'The headers that tell the app who the person is. `null` switches one off. The gate removes what a client sends under these names, in any spelling.'
  }
)

export const identityHeaders = typed<IdentityHeaders & GivenHeaders>({
  title: 'Identity headers',
  description:
    'The headers that tell the app who the person is: the name of a profile, or a map. Profiles: `remote-user` (Authelia’s names), `x-forwarded-user` and `x-auth-request` (oauth2-proxy’s), `x-webauth-user` (Grafana), `rstudio` (Posit Workbench), `galaxy` (with its shared secret), `custom` (only the headers that you name).',
  default: {},
  examples: ['x-forwarded-user', { profile: 'galaxy', secretFile: '/run/secrets/galaxy' }],
  anyOf: [
    choice(headerProfileNames, {
      title: 'Profile',
      description: 'The name of a profile.',
      example: 'x-forwarded-user'
    }),
    identityHeadersMap
  ]
})
