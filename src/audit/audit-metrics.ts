/** Metrics that are counted from the journal's events. */
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

function count({ kind, factor, outcome, directory }: AuditEvent, metrics: Metrics): void {
  switch (kind) {
    case 'login':
    case 'proof':
    case 'throttle': {
      if (outcome === 'unlocked') return
      if (typeof directory === 'string' && kind !== 'proof')
        metrics.count('factorgate_institution_answers_total', directory, word(outcome))
      // A throttled attempt names only its factor.
      const isFirst = kind === 'login' || (kind === 'throttle' && (factor === 'password' || factor === 'directory'))
      metrics.count(isFirst ? 'factorgate_sign_ins_total' : 'factorgate_proofs_total', word(factor), word(outcome))
      return
    }
    case 'logout':
    case 'session.end':
      metrics.count('factorgate_session_ends_total', word(outcome))
      return
    case 'notice.sent':
    case 'notice.failed':
      metrics.count('factorgate_notices_total', word(outcome))
  }
}

function word(text: string | undefined): string {
  return text !== undefined && /^[a-z_]{1,32}$/.test(text) ? text : 'other'
}
