/** The schema of `redis`: what a Redis store needs besides its URL. */
import { map, orNull, secret, secretFile, text } from './schema-builders.ts'

const tls = map(
  {
    ca: orNull(
      text('file', {
        title: 'Authorities',
        description: "PEM file with the authorities that may vouch for Redis; otherwise the system's own.",
        example: 'redis-ca.crt'
      })
    ),
    cert: orNull(
      text('file', {
        title: 'Client certificate',
        description: 'PEM file, for a Redis that asks for one. Needs `key`.',
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
      'Files for a store URL that begins with `rediss`. That URL alone switches TLS on; the certificate of Redis is always checked.'
  }
)

export const redis = map(
  {
    username: orNull(
      text('line', { title: 'User', description: 'ACL user, unless the URL names it.', example: 'factorgate' })
    ),
    password: orNull(
      secret('secret', {
        title: 'Password',
        description: 'Unless it stands in the URL. Nothing to escape here.',
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
      text('line', { title: 'User at Sentinel', description: "ACL user of the Sentinels' own.", example: 'watch' })
    ),
    sentinelPassword: orNull(
      secret('secret', {
        title: 'Password at Sentinel',
        description: "Password of the Sentinels' own, if they have one.",
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
      description: 'What all our keys begin with, where Redis is shared.',
      default: 'factorgate:',
      example: 'gate-a:'
    }),
    tls: orNull(tls)
  },
  {
    title: 'Redis',
    description: 'What a Redis `store` needs besides its URL.',
    default: {}
  }
)
