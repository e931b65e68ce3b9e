/** Where the watch records what it does: the journal, its metrics, and the notices that tell people. */
import { countingSink } from '../audit/audit-metrics.ts'
import type { AuditSink } from '../audit/event.ts'
import type { Services } from './services.ts'

/** The sink of the configuration in use. */
export function watchSink({
  journal,
  metrics,
  notifying
}: Pick<Services, 'journal' | 'metrics' | 'notifying'>): AuditSink {
  const counted = countingSink(journal, metrics)
  return notifying?.sink(counted) ?? counted
}
