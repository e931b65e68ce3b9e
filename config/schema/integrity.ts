/** The schema of `apps[].integrity`: whether an app is still itself. */
import { duration, list, map, orNull, text } from './schema-builders.ts'

const day = 86_400

export const integrity = orNull(
  map(
    {
      pages: list(
        text('requestPath', {
          title: 'Page',
          description: "A path of the app, as people's browsers ask for it inside the app.",
          example: '/login'
        }),
        {
          title: 'Pages',
          description:
            'Pages that the gate also fetches itself, without signing in, such as the sign-in page. Redirects within the app are followed.',
          default: [],
          example: ['/', '/login']
        }
      ),
      every: duration(
        {
          title: 'Every',
          description: 'How often these pages are fetched. Gates of one store take turns.',
          default: '15m',
          example: '5m'
        },
        1,
        7 * day
      ),
      learn: duration(
        {
          title: 'Learn',
          description:
            'How long everything is learned without a report, from the first day of the app in this store; and until ten pages were read.',
          default: '7d',
          example: '14d'
        },
        0,
        90 * day
      )
    },
    {
      title: 'Integrity',
      description:
        'With this key (`integrity: {}` is enough) the gate learns what the pages of the app load, which code stands in them, where forms are sent and which paths answer, and reports what is new. docs/integrity.md explains it.'
    }
  )
)
