/** What `factorgate status` shows of a running gate, without secrets. */
import type { MetricName } from '../metrics/declarations.ts'
import { release } from '../metrics/release.ts'
import type { MetricsSnapshot } from '../metrics/snapshot.ts'
import type { ConfigurationNote } from '../services/services.ts'

/** Times are milliseconds since the epoch. */
export interface GateStatus extends ConfigurationNote {
  readonly version: string
  readonly process: number
  readonly workers: number
  /** Null for `serve --upstream`. */
  readonly file: string | null
  readonly openConnections: number
  readonly isStoreUp: boolean
  readonly isJournalWritable: boolean
}

/** `metrics` are those of all processes. */
export function gateStatus(
  { file, workers }: { readonly file: string | null; readonly workers: number },
  note: ConfigurationNote,
  { values }: MetricsSnapshot
): GateStatus {
  const gauge = (name: MetricName) => values.get(name)?.get('') ?? 0
  return {
    version: release(),
    process: process.pid,
    workers,
    file,
    ...note,
    openConnections: gauge('factorgate_open_connections'),
    isStoreUp: gauge('factorgate_store_up') === 1,
    isJournalWritable: gauge('factorgate_journal_writable') === 1
  }
}
