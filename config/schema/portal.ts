/** The schema of `portal`: address, look, languages and texts of the pages. */
import { languageCodes } from '../../src/messages/languages.ts'
import { choice, derived, list, map, orNull, record, text } from './schema-builders.ts'

export const portal = map(
  {
    url: text('portalUrl', {
      title: 'Address of the portal',
      description:
        'Where people sign in, add factors and see their account: scheme and host, and the port if it is not the default one. Plain http is allowed only on this machine. Passkeys belong to this host (see `rpId`). If you change the host later, people have to add their passkeys again.',
      example: 'https://gate.lab.example'
    }),
    title: text('line', {
      title: 'Name',
      description: 'The name of the lab on the pages. People should recognise it.',
      default: 'Factorgate',
      example: 'Example Lab'
    }),
    rpId: derived('hostname', "the portal's host", {
      title: 'Relying party id',
      description:
        "The domain of passkeys and security keys (WebAuthn L3 §4): the portal's host, or a parent domain of your own. If you change it, the keys that people have added stop working.",
      example: 'lab.example'
    }),
    contact: orNull(
      text('contact', {
        title: 'Whom to ask',
        description: 'Where people get help. The pages show it. It is a text, a `mailto:` address or a web address.',
        example: 'mailto:helpdesk@lab.example'
      })
    ),
    accent: orNull(
      text('colour', {
        title: 'Accent colour',
        description:
          "The colour of buttons and links. Where it is hard to read, the gate makes it darker or lighter (WCAG AA). Put it in quotes: in YAML an unquoted '#' begins a comment.",
        example: '#2f6f4e'
      })
    ),
    logo: orNull(
      text('file', {
        title: 'Logo',
        description:
          'An SVG or PNG file of at most 100 kB. It stands on top of the pages in place of the name, 2.5rem high. The gate reads it again when it changes. Choose one that is legible on light and on dark pages.',
        example: '/etc/factorgate/logo.svg'
      })
    ),
    languages: list(
      choice(languageCodes, { title: 'Language', description: 'A language of the pages.' }),
      {
        title: 'Languages',
        description:
          'The languages that people can choose. The browser says which one a person gets; the first of this list is for everybody else.',
        default: languageCodes,
        example: ['de', 'en']
      },
      { minItems: 1 }
    ),
    help: orNull(
      text('line', {
        title: 'Help on the sign-in page',
        description:
          'The text under the sign-in form, in place of ours, in every language. For one language, use `texts` with the keys `login.help` and `login.helpElsewhere`.',
        example: 'Lost your phone? Ring 4711, or come to room 3.'
      })
    ),
    texts: record(
      'language',
      record('messageKey', text('line', { title: 'Text', description: 'The text, in ICU MessageFormat.' }), {
        title: 'Texts of one language',
        description: 'Keys as in `plugins/portal/messages/en.json`, such as `login.title`.'
      }),
      {
        title: 'Texts',
        description:
          'Texts of your own in place of ours: for each language the keys of messages and their texts. The keys and their placeholders are those of `plugins/portal/messages/en.json`.',
        default: {},
        example: { de: { 'apps.title': 'Unsere Programme' } }
      }
    )
  },
  { title: 'Portal', description: "The gate's own pages, under `/.factorgate/`." }
)
