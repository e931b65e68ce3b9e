/**
 * A sink beside the journal that stores a notice for each event that people are told about, before the journal's line is on disk: a crash
 * in between loses none. A failure here does not stop the event.
 */
import type { AuditEvent, AuditSink } from '../audit/event.ts'
import type { Reason } from '../reasons/reason.ts'
import type { Notice } from './notice.ts'
import type { NoticeQueue } from './notice-queue.ts'
import { noticeOf } from './notices-of.ts'
import type { RefusalCount } from './refusal-count.ts'

interface NotifyingSinkInput {
  readonly sink: AuditSink
  readonly queue: Pick<NoticeQueue, 'addOrKeep' | 'remove'>
  readonly refusals: RefusalCount
}

export function notifyingSink({ sink, queue, refusals }: NotifyingSinkInput): AuditSink {
  return {
    get writable() {
      return sink.writable
    },
    record(event, reasons) {
      sink.record(event)
      const notice = noticeFor(event, refusals, reasons)
      if (notice !== null) void queue.addOrKeep(notice)
    },
    async commit(event) {
      const notice = noticeFor(event, refusals)
      if (notice === null) return sink.commit(event)
      await queue.addOrKeep(notice)
      try {
        await sink.commit(event)
      } catch (error) {
        // An event that is not recorded does not happen.
        await queue.remove(notice, { isTold: false }).catch(() => {})
        throw error
      }
    }
  }
}

function noticeFor(event: AuditEvent, refusals: RefusalCount, reasons?: readonly Reason[]): Notice | null {
  return noticeOf(event, reasons) ?? refusals.noticeOf(event)
}
