/** The events of the journal, one flat line each. No field holds a secret. */
import type { Reason } from '../reasons/reason.ts'

export const eventKinds = [
  'journal.begin',
  'journal.resume',
  'journal.checkpoint',
  'journal.remove',
  'journal.missing',
  'gate.start',
  'gate.stop',
  'gate.reload',
  'exchange',
  'exchange.repeated',
  'socket.open',
  'socket.close',
  'post.keep',
  'post.send',
  'post.drop',
  'login',
  'login.repeated',
  'proof',
  'logout',
  'session.start',
  'session.end',
  'enrol',
  'factor.remove',
  'factor.disable',
  'recovery.issue',
  'password.change',
  'password.link',
  'invitation.issue',
  'invitation.accept',
  'sponsor.ask',
  'sponsor.approve',
  'sponsor.decline',
  'user.change',
  'token.issue',
  'token.revoke',
  'upstream-login.store',
  'upstream-login.remove',
  'upstream-login.refuse',
  'device.new',
  'device.bound',
  'device.refused',
  'device.lost',
  'certificate.ending',
  'certificate.issued',
  'certificate.failed',
  'certificate.account',
  'notice.sent',
  'notice.failed',
  'throttle',
  'watch.budget',
  'watch.unusual',
  'watch.app',
  'posture',
  'watch.decoy',
  'key.rotate',
  'store.export',
  'store.import',
  'store.accept',
  'store.refused'
] as const
export type EventKind = (typeof eventKinds)[number]

export interface AuditEvent {
  readonly kind: EventKind
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly request?: string
  readonly account?: string
  readonly name?: string
  readonly session?: string
  readonly address?: string
  readonly app?: string
  readonly outcome?: string
  readonly factor?: string
  readonly [field: string]: string | number | boolean | null | undefined
}

/** While `writable` is false, requests that must be journaled are refused. */
export interface AuditSink {
  readonly writable: boolean
  /** The line is on disk within moments. Never throws. `reasons`: what `why` was made from, for people who are told. */
  record(event: AuditEvent, reasons?: readonly Reason[]): void
  /** Resolves once the line is on disk. Rejects with GateError `journal_unwritable`. */
  commit(event: AuditEvent): Promise<void>
}
