/** Destinations of the journal's export: syslog servers, collectors, files. */
import path from 'node:path'
import { type Invalid, invalid, invalidSecret } from './invalid.ts'

export type ExportTarget =
  | { readonly kind: 'syslog'; readonly transport: 'tls' | 'tcp' | 'udp'; readonly host: string; readonly port: number }
  | {
      readonly kind: 'collector' /** May hold a secret path. */
      readonly url: string
      readonly isSecure: boolean
      readonly host: string
    }
  | { readonly kind: 'file'; readonly path: string }

/** RFC 5425 §4.1, RFC 6587 has none of its own, RFC 5426 §3.3. */
const syslogPorts = { tls: 6514, tcp: 514, udp: 514 } as const
const forms = 'must be syslog+tls://HOST[:PORT], https://HOST/PATH or file:PATH'

/** `folder` is the configuration's: relative paths start there. */
export function readExportTarget(text: string, folder: string): ExportTarget | Invalid {
  const [, scheme = '', rest = ''] = /^([a-z+]+):(.*)$/is.exec(text) ?? []
  switch (scheme.toLowerCase()) {
    case 'file':
      return rest === '' || rest === '/' || rest.startsWith('//')
        ? invalid('must name a file: file:/var/log/factorgate/journal.ndjson')
        : { kind: 'file', path: path.resolve(folder, rest) }
    case 'syslog+tls':
    case 'syslog+tcp':
    case 'syslog+udp':
      return readSyslog(scheme.toLowerCase().slice('syslog+'.length) as 'tls', rest)
    case 'https':
    case 'http':
      return readCollector(text)
    default:
      return invalid(/^syslogs?$/i.test(scheme) ? 'must say how: syslog+tls://HOST[:PORT]' : forms)
  }
}

function readSyslog(transport: keyof typeof syslogPorts, rest: string): ExportTarget | Invalid {
  const [, authority = ''] = /^\/\/([^/?#@\s]+)\/?$/.exec(rest) ?? []
  // Read as https, because URLs of unknown schemes are not checked.
  const url = URL.canParse(`https://${authority}`) ? new URL(`https://${authority}`) : null
  if (authority === '' || url === null || !/^([\w-]+(\.[\w-]+)*|\[[0-9a-f:.]+\])$/i.test(url.hostname))
    return invalid(`must be syslog+${transport}://HOST or syslog+${transport}://HOST:PORT, and nothing more`)
  const [, port] = /:(\d+)$/.exec(authority) ?? []
  const host = url.hostname.replace(/[[\]]/g, '')
  return { kind: 'syslog', transport, host, port: port === undefined ? syslogPorts[transport] : Number(port) }
}

function readCollector(text: string): ExportTarget | Invalid {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null) return invalidSecret('must be an address such as https://collector.lab.example/ingest')
  if (url.username !== '' || url.password !== '')
    return invalidSecret('must not hold a user or password: the key tokenFile names a file with a token')
  if (url.hash !== '') return invalidSecret("must not hold a fragment ('#…')")
  const host = url.hostname.replace(/[[\]]/g, '')
  return { kind: 'collector', url: url.href, isSecure: url.protocol === 'https:', host }
}
