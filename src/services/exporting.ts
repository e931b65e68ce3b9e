/** Makes the journal's exporters. */
import { hostname } from 'node:os'
import type { Logger } from 'pino'
import type { Config } from '../../config/schema.ts'
import type { Clock } from '../clock.ts'
import type { Destination } from '../export/destination.ts'
import { ecsOf } from '../export/ecs.ts'
import { ExportFile } from '../export/export-file.ts'
import type { ExportLine } from '../export/export-line.ts'
import { Exporter } from '../export/exporter.ts'
import { Exporters } from '../export/exporters.ts'
import { HttpsCollector } from '../export/https-collector.ts'
import { ocsfOf } from '../export/ocsf.ts'
import { SyslogDatagrams } from '../export/syslog-datagrams.ts'
import { SyslogStream } from '../export/syslog-stream.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { release } from '../metrics/release.ts'

type ExportConfig = Config['journal']['export'][number]

interface ExportingInput {
  readonly file: string
  readonly exports: readonly ExportConfig[]
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
}

/** Makes the exporters and starts none. */
export function exportersOf({ file, exports, clock, log, metrics }: ExportingInput): Exporters {
  const version = release()
  const counts: { readonly id: string; sent: number; missing: number }[] = []
  const exporters = exports.map(one => {
    const { id } = one
    const counted = { id, sent: 0, missing: 0 }
    counts.push(counted)
    return new Exporter({
      id,
      journal: file,
      destination: destinationOf(one),
      encode: encoderOf(one.format, version),
      kinds: one.kinds,
      clock,
      observer: {
        onProblem: problem =>
          problem === null
            ? log.info({ exporter: id }, 'lines of the journal are sent again')
            : log.warn(
                { exporter: id, problem },
                'lines of the journal cannot be sent; they wait in its files, and the gate tries again'
              ),
        onSent: lines => {
          counted.sent += lines
        },
        onFailure: () => metrics.count('factorgate_export_failures_total', id),
        onMissing: lines => {
          counted.missing += lines
          log.error({ exporter: id, lines }, 'lines of the journal were removed before they were sent')
        }
      }
    })
  })
  const running = new Exporters({
    journal: file,
    exporters,
    onError: error => log.warn({ err: error }, 'the gate cannot export the journal; it tries again')
  })
  metrics.read('factorgate_export_lines_total', () => counts.map(({ id, sent }) => [id, sent] as const))
  metrics.read('factorgate_export_missing_lines_total', () => counts.map(({ id, missing }) => [id, missing] as const))
  metrics.read('factorgate_export_behind_lines', () =>
    running.isHolder ? exporters.map(({ id, behind }) => [id, behind] as const) : []
  )
  return running
}

function destinationOf({ to, ca, cert, key, tokenFile, gzip }: ExportConfig): Destination {
  const tls = { ca, cert, key }
  switch (to.kind) {
    case 'file':
      return new ExportFile(to.path)
    case 'collector':
      return new HttpsCollector({ url: to.url, tls, tokenFile, compresses: gzip })
    case 'syslog': {
      const { host, port, transport } = to
      const sender = { host: hostname(), processId: process.pid }
      if (transport === 'udp') return new SyslogDatagrams({ host, port, sender })
      return new SyslogStream({ host, port, sender, tls: transport === 'tls' ? tls : null })
    }
  }
}

function encoderOf(format: ExportConfig['format'], version: string): (line: ExportLine) => string {
  if (format === 'journal') return ({ text }) => text
  const encode = format === 'ocsf' ? ocsfOf : ecsOf
  return line => encode(line, version)
}
