/** Records what the watch does: journal, metrics and notices. */
import { countingSink } from '../audit/audit-metrics.ts'
import type { AuditEvent, AuditSink } from '../audit/event.ts'
import type { Services } from './services.ts'

export function watchSink(runtime: Pick<Services, 'journal' | 'metrics' | 'notifying'>): AuditSink {
  return tellingSink(countingSink(runtime.journal, runtime.metrics), runtime)
}

/** `sink` with the notices. Without the key `notify` nobody is told. */
export function tellingSink(sink: AuditSink, { notifying }: Pick<Services, 'notifying'>): AuditSink {
  return (
    notifying?.sink(sink) ?? {
      get writable() {
        return sink.writable
      },
      record: event => sink.record(untold(event)),
      commit: event => sink.commit(untold(event))
    }
  )
}

function untold(event: AuditEvent): AuditEvent {
  const isTold = event.isTold === true ? false : event.isTold
  if (typeof event.steps !== 'string') return { ...event, isTold }
  const taken = event.steps.split(',').filter(step => step !== 'notify')
  return { ...event, isTold, steps: taken.join(',') }
}
