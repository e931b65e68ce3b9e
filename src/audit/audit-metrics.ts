/**
 * What the journal is told, counted for the metrics page: sign-ins and proofs, by factor and outcome. Owns which event counts as what;
 * passes everything on, and counts only what was recorded.
 */

import type { Metrics } from '../metrics/metrics.ts'
import type { AuditEvent, AuditSink } from './event.ts'

/** The sink of the pages, where people prove who they are. Forwarded requests do not come by here. */
export function counted(sink: AuditSink, meters: Metrics): AuditSink {
  return {
    get writable() {
      return sink.writable
    },
    record(event) {
      sink.record(event)
      count(event, meters)
    },
    async commit(event) {
      await sink.commit(event)
      count(event, meters)
    }
  }
}

function count({ kind, factor, outcome }: AuditEvent, meters: Metrics): void {
  if (kind !== 'login' && kind !== 'proof' && kind !== 'throttle') return
  const labels = `factor="${word(factor)}",outcome="${word(outcome)}"`
  // A throttled try says only which factor it was: a password is what signs in.
  if (kind === 'login' || (kind === 'throttle' && factor === 'password'))
    meters.count('factorgate_sign_ins_total', 'First steps of a sign-in, by factor and outcome.', labels)
  else meters.count('factorgate_proofs_total', 'Second factors tried, by factor and outcome.', labels)
}

/** Labels are words of ours; whatever else may turn up here must not become one. */
function word(text: string | undefined): string {
  return text !== undefined && /^[a-z_]{1,32}$/.test(text) ? text : 'other'
}
