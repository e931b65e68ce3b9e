/** The schema of `apps[].upstreamLogin`: an app that knows only HTTP Basic, and gets each person's own login from the gate. */
import { choice, flag, map, orNull } from './schema-builders.ts'

export const upstreamLogin = orNull(
  map(
    {
      kind: choice(['basic'], {
        title: 'Kind',
        description: '`basic`: HTTP Basic authentication, with user name and password as UTF-8 (RFC 7617).',
        example: 'basic'
      }),
      per: choice(['person'], {
        title: 'Per',
        description: '`person`: each person has their own user name and password at the app.',
        example: 'person'
      }),
      inVerdict: flag({
        title: 'In verdicts',
        description:
          "For an app that another proxy forwards to (forward-auth): the verdict carries the person's `Authorization`, which the proxy has to pass on. Its own connection to the gate must be private. The gate does not see then whether the app refuses it.",
        default: false,
        example: true
      })
    },
    {
      title: 'Login at the app',
      description:
        'For an app that knows nothing but HTTP Basic. Each person enters their user name and password of the app once, on a page of the gate. The gate keeps them sealed and adds `Authorization` to each request of that person. No `Authorization` of a client reaches such an app.',
      example: { kind: 'basic', per: 'person' }
    }
  )
)
