/** The schema of `redis`: what a Redis store needs besides its URL. */
import { map, orNull, secret, secretFile, text } from './schema-builders.ts'

const tls = map(
  {
    ca: orNull(
      text('file', {
        title: 'Authorities',
        description:
          "PEM file with the authorities that the gate trusts for Redis. Without it, the gate trusts the system's own.",
        example: 'redis-ca.crt'
      })
    ),
    cert: orNull(
      text('file', {
        title: 'Client certificate',
        description: 'PEM file, for a Redis that asks for a client certificate. Needs `key`.',
        example: 'redis-client.crt'
      })
    ),
    key: orNull(
      text('file', { title: 'Client key', description: 'PEM file. Needs `cert`.', example: 'redis-client.key' })
    )
  },
  {
    title: 'TLS towards Redis',
    description:
      'Files for a store URL that begins with `rediss`. That URL switches TLS on. The gate always checks the certificate of Redis.'
  }
)

export const redis = map(
  {
    username: orNull(
      text('line', { title: 'User', description: 'ACL user, if it is not in the URL.', example: 'factorgate' })
    ),
    password: orNull(
      secret('secret', {
        title: 'Password',
        description: 'Password, if it is not in the URL. It needs no escaping here.',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: as the file writes it
        example: '${REDIS_PASSWORD}'
      })
    ),
    passwordFile: secretFile('password', {
      title: 'Password, from a file',
      description: 'A file that holds `password`.',
      example: '/run/secrets/redis-password'
    }),
    sentinelUsername: orNull(
      text('line', { title: 'User at Sentinel', description: 'ACL user at the Sentinels.', example: 'watch' })
    ),
    sentinelPassword: orNull(
      secret('secret', {
        title: 'Password at Sentinel',
        description: 'Password at the Sentinels, if they have one.',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: as the file writes it
        example: '${SENTINEL_PASSWORD}'
      })
    ),
    sentinelPasswordFile: secretFile('sentinelPassword', {
      title: 'Password at Sentinel, from a file',
      description: 'A file that holds `sentinelPassword`.',
      example: '/run/secrets/sentinel-password'
    }),
    keyPrefix: text('keyPrefix', {
      title: 'Key prefix',
      description: "The beginning of all the gate's keys, for a Redis that other programs use too.",
      default: 'factorgate:',
      example: 'gate-a:'
    }),
    tls: orNull(tls)
  },
  {
    title: 'Redis',
    description: 'Settings of a Redis `store` besides its URL.',
    default: {}
  }
)
