/** The schema of `apps[].keepPosts` and `apps[].sessionEnds`: work that the end of a session must not lose. */
import { flag, list, map, text, typed } from './schema-builders.ts'

const about = {
  title: 'Keep POSTs',
  description:
    'Whether a form, an upload or a JSON POST waits, sealed, while its sender signs in or confirms again, and is then sent once. `false`: such a POST is refused with a page that says so. A body with a field for a password is never kept.'
} as const

const terms = map(
  {
    limit: text(
      'size',
      {
        title: 'Limit',
        description: 'The largest body that is kept.',
        default: '1MiB',
        example: '4MiB'
      },
      { 'x-least': 1024, 'x-most': 8 * 1024 * 1024 }
    ),
    foreign: list(
      text('glob', {
        title: 'Path',
        description: "A glob for the app's own path.",
        example: '/saml/acs'
      }),
      {
        title: 'Forms of other sites',
        description:
          'Where the app expects forms of other sites and checks them itself, as with SAML, LTI and `form_post`. There such a form goes on as soon as its sender is signed in. Everywhere else the gate first shows the person what will be sent, and asks.',
        default: [],
        example: ['/saml/acs', '/lti/**']
      }
    )
  },
  { ...about, example: { limit: '4MiB', foreign: ['/saml/acs'] } }
)

export const keepPosts = typed<boolean | { readonly limit: number; readonly foreign: readonly string[] }>({
  anyOf: [flag(about), terms],
  default: true,
  examples: [{ limit: '4MiB', foreign: ['/saml/acs'] }],
  ...about
})

export const sessionEnds = flag({
  title: 'Say when the session ends',
  description:
    'Send `Factorgate-Session-Ends: SECONDS` with every response to a person: how long their session lasts if they do nothing more. A page of the app can warn in time, or save.',
  default: false,
  example: true
})
