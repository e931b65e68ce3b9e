/** The schema of an app's upstreams: addresses, load balancing, health checks, TLS. */
import type { Upstream } from '../values/addresses.ts'
import type { StatusRange } from '../values/value-types.ts'
import { choice, duration, flag, map, orNull, text, typed, whole } from './schema-builders.ts'

const upstreamText = text('upstream', {
  title: 'Upstream',
  description: 'An http(s) URL, or `unix:/path/of/a/socket`; with a base path if need be.',
  example: 'http://10.1.2.3:8888'
})

export const upstream = typed<readonly Upstream[]>({
  title: 'Upstream',
  description:
    'Where the app is served: an http(s) URL, or `unix:/path/of/a/socket`; or a list of these, which take turns. An app sees the path below its public address. If it must see a sub-path itself, write that path after the address: `http://10.1.2.3:8888/nb`, `unix:/run/app.sock:/nb`. One of several that does not accept a connection is passed over for 1 to 30 seconds. A request goes to another one only where nobody has read a byte of it.',
  examples: [
    'http://10.1.2.3:8888',
    ['http://10.1.2.3:8888', 'http://10.1.2.4:8888'],
    'unix:/run/app.sock',
    'unix:/run/app.sock:/nb'
  ],
  'x-listed': true,
  anyOf: [upstreamText, { type: 'array', items: upstreamText, minItems: 1 }]
})

export const sticky = orNull(
  choice(
    ['session', 'person'],
    {
      title: 'Sticky',
      description:
        'What stays with one of several upstreams: a `session` (one sign-in in one browser) or a `person` (all their browsers). Visitors who are not signed in stay by their address. While that upstream is down, another one takes their requests. The choice needs no cookie: it follows from the session or person and the list of upstreams, so all workers and gates make the same one, and changes of the list move as few as possible. Without this key the upstreams take turns.',
      example: 'session'
    },
    { 'x-instead': 'must be session or person; leave the line out for turns' }
  )
)

const statusText = text('status', {
  title: 'Status',
  description: 'A status, a class such as `2xx`, or a range such as `200-399`.',
  example: '2xx'
})

/** Editors see a number; the reader takes it as text. */
const statusNumber = { type: 'integer', minimum: 200, maximum: 599 } as const
const statusItem = { anyOf: [statusText, statusNumber] }

export const health = orNull(
  map(
    {
      path: text('requestPath', {
        title: 'Path',
        description:
          "What is asked for: the app's own path, with a query if need be. Like any request it goes after the base path of the upstream, with the usual `Host`, `X-Forwarded-Proto` and its kin, and `addHeaders`; nobody is signed in.",
        example: '/healthz'
      }),
      every: duration(
        { title: 'Interval', description: 'Time from one check to the next.', default: '10s', example: '30s' },
        1,
        3600
      ),
      timeout: duration(
        {
          title: 'Time limit',
          description: 'How long the answer may take, from the connection to its status.',
          default: '2s',
          example: '5s'
        },
        1,
        600
      ),
      status: typed<readonly StatusRange[]>({
        title: 'Good statuses',
        description: 'Which statuses mean that the upstream is well: one, a class, a range, or a list of these.',
        examples: [[200, 204], '200-399'],
        default: ['2xx', '3xx'],
        'x-listed': true,
        anyOf: [statusText, statusNumber, { type: 'array', items: statusItem, minItems: 1 }]
      }),
      rise: whole(
        {
          title: 'Rise',
          description: 'How many checks in a row must pass before an upstream that was down is asked again.',
          default: 2,
          example: 1
        },
        1,
        100
      ),
      fall: whole(
        {
          title: 'Fall',
          description:
            'How many checks in a row must fail before an upstream is down. Of one that was never checked, the first check decides.',
          default: 3,
          example: 2
        },
        1,
        100
      )
    },
    {
      title: 'Health checks',
      description:
        'Ask each upstream at intervals how it is. While one is down, nothing new is sent there: requests go to the others, or are answered 502 at once; sockets and downloads that are open stay. Each worker process checks for itself. Without this block nothing is asked.'
    }
  )
)

const fingerprintText = text('fingerprint', {
  title: 'Fingerprint',
  description: 'SHA-256 of a certificate.',
  example: 'sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855'
})

export const tls = orNull(
  map(
    {
      ca: orNull(
        text('file', {
          title: 'Authorities',
          description:
            "PEM file with the certificates that the gate trusts for the app: those of an authority, or the app's own if it is self-signed. The gate then trusts no others. Without this key it trusts the public authorities, and those in the file of the environment variable `NODE_EXTRA_CA_CERTS`.",
          example: 'app-ca.pem'
        })
      ),
      serverName: orNull(
        text('hostname', {
          title: 'Name',
          description:
            'The name or address in the certificate, if it is not the host of `upstream`. The gate also sends a name in the handshake (SNI).',
          example: 'app.internal'
        })
      ),
      cert: orNull(
        text('file', {
          title: 'Client certificate',
          description: 'PEM file with the certificate, and its chain, that the gate shows to the app. Needs `key`.',
          example: 'gate.pem'
        })
      ),
      key: orNull(
        text('file', {
          title: 'Client key',
          description: 'PEM file with the private key of `cert`, without a passphrase.',
          example: 'gate.key'
        })
      ),
      fingerprint: typed<readonly string[] | null>({
        title: 'Pinned certificate',
        description:
          "SHA-256 of the app's certificate, or a list of them during a renewal. The gate then checks this instead of chain, name and dates, which is right for a self-signed certificate. With `ca` it checks both. `openssl s_client -connect HOST:PORT </dev/null | openssl x509 -noout -fingerprint -sha256` prints the fingerprint. Compare it with what the app itself shows.",
        examples: ['sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855'],
        default: null,
        'x-listed': true,
        anyOf: [fingerprintText, { type: 'array', items: fingerprintText, minItems: 1 }, { type: 'null' }]
      }),
      unsafeAnyCertificate: flag({
        title: 'Accept any certificate',
        description:
          'Accept every certificate. Others on the network to the app can then read and change everything. Use `fingerprint` instead.',
        default: false,
        example: true
      })
    },
    {
      title: 'TLS towards the app',
      description:
        'For upstreams that begin with https: which certificate of the app the gate accepts. The gate reads the files again when they change.'
    }
  )
)
