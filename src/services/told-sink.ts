/** The journal with notices, as those who act beside a request write to it. */
import { countingSink } from '../audit/audit-metrics.ts'
import type { AuditSink } from '../audit/event.ts'
import type { Services } from './services.ts'

/** Counts what it records, and tells people as the configuration in use says. */
export function toldSink({
  journal,
  metrics,
  notifying
}: Pick<Services, 'journal' | 'metrics' | 'notifying'>): AuditSink {
  const counted = countingSink(journal, metrics)
  return notifying?.sink(counted) ?? counted
}
