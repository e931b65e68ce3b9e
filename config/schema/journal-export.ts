/** The schema of `journal.export`: where lines of the journal are sent, and in which format. */
import { choice, flag, list, map, orNull, secret, text } from './schema-builders.ts'

const destination = map(
  {
    id: text('id', {
      title: 'Id',
      description: 'Its name in logs, in metrics and in the file that remembers what was sent. Do not change it later.',
      example: 'siem'
    }),
    to: secret('exportTarget', {
      title: 'Destination',
      description:
        '`syslog+tls://HOST:PORT` (RFC 5425; port 6514), `https://HOST/PATH`, which gets batches of JSON lines by POST, or `file:PATH`. With `unsafePlain`, also `syslog+tcp://`, `syslog+udp://` and `http://`.',
      example: 'syslog+tls://logs.lab.example'
    }),
    format: choice(['ocsf', 'ecs', 'journal'], {
      title: 'Format',
      description:
        '`ocsf`: Open Cybersecurity Schema Framework 1.6. `ecs`: Elastic Common Schema 8.17. `journal`: the lines as they are in the journal.',
      default: 'ocsf',
      example: 'ecs'
    }),
    kinds: list(
      text('line', {
        title: 'Kind',
        description: 'A kind of line, or the first word of several: `session` means `session.start` and `session.end`.',
        example: 'login'
      }),
      {
        title: 'Kinds',
        description: 'The kinds of lines that are sent. Left out: all.',
        default: [],
        example: ['login', 'proof', 'enrol', 'factor', 'user']
      }
    ),
    ca: orNull(
      text('file', {
        title: 'Authorities',
        description:
          'PEM file with the authorities that the gate trusts for this server. Without it, the gate trusts those that Node.js knows.',
        example: 'logs-ca.pem'
      })
    ),
    cert: orNull(
      text('file', {
        title: 'Client certificate',
        description: 'PEM file with the certificate that the gate shows to the server. `key` goes with it.',
        example: 'gate-logs.pem'
      })
    ),
    key: orNull(
      text('file', {
        title: 'Client key',
        description: 'PEM file with the private key of that certificate.',
        example: 'gate-logs.key'
      })
    ),
    tokenFile: orNull(
      text('file', {
        title: 'Token file',
        description:
          'A file with the bearer token for a collector. The gate reads it for each batch, so it may be renewed.',
        example: 'collector-token'
      })
    ),
    gzip: flag({
      title: 'Compression',
      description: 'Batches for a collector are packed (`Content-Encoding: gzip`).',
      default: false,
      example: true
    }),
    unsafePlain: flag({
      title: 'Allow an export without TLS',
      description:
        'Allow `syslog+tcp://`, `syslog+udp://` and `http://`. Others on the network can then read and change the lines. UDP loses lines, and nobody notices.',
      default: false,
      example: true
    })
  },
  { title: 'Export', description: 'One destination of the lines of the journal.' }
)

export const journalExport = list(destination, {
  title: 'Exports',
  description:
    'Where the lines of the journal are sent as well. While a destination is away the lines wait in the files of the journal. See docs/export.md.',
  default: [],
  example: [{ id: 'siem', to: 'https://collector.lab.example/ingest', tokenFile: 'collector-token' }]
})
