/** Metrics of sign-ins and proofs, by factor and outcome. */

import type { Metrics } from '../metrics/metrics.ts'
import type { AuditEvent, AuditSink } from './event.ts'

export function countingSink(sink: AuditSink, metrics: Metrics): AuditSink {
  return {
    get writable() {
      return sink.writable
    },
    record(event) {
      sink.record(event)
      count(event, metrics)
    },
    async commit(event) {
      await sink.commit(event)
      count(event, metrics)
    }
  }
}

function count({ kind, factor, outcome }: AuditEvent, metrics: Metrics): void {
  if (kind !== 'login' && kind !== 'proof' && kind !== 'throttle') return
  const labels = `factor="${word(factor)}",outcome="${word(outcome)}"`
  // A throttled attempt names only its factor; a password means a sign-in.
  if (kind === 'login' || (kind === 'throttle' && factor === 'password'))
    metrics.count('factorgate_sign_ins_total', 'First steps of a sign-in, by factor and outcome.', labels)
  else metrics.count('factorgate_proofs_total', 'Second factors tried, by factor and outcome.', labels)
}

/** Other values become one label. */
function word(text: string | undefined): string {
  return text !== undefined && /^[a-z_]{1,32}$/.test(text) ? text : 'other'
}
