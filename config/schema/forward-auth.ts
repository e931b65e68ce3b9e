/** The schema of `apps[].forwardAuth`: what another proxy must show when it asks the gate for a verdict about this app. */
import { map, orNull, secret, secretFile } from './schema-builders.ts'

export const forwardAuth = orNull(
  map(
    {
      secret: secret('secret', {
        title: 'Secret',
        description: 'The value that the proxy sends in the header `Factorgate-Secret`; at least 16 characters.',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: as the file writes it
        example: '${NGINX_SECRET}'
      }),
      secretFile: secretFile('secret', {
        title: 'Secret, from a file',
        description: 'A file that holds the value of `secret`.',
        example: '/etc/factorgate/nginx-secret'
      })
    },
    {
      title: 'Forward-auth',
      description:
        'For an app that another proxy forwards to. The gate gives verdicts about this app to those alone who send its secret, beside an address in `trustedProxies`. So no browser can ask for one through a proxy that passes `/.factorgate/auth` on, and a proxy that names the host of another app is refused. Left out: every address in `trustedProxies` may ask.',
      example: { secretFile: '/etc/factorgate/nginx-secret' }
    }
  )
)
