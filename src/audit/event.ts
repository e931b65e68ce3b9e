/** What the journal records. One flat line each: `at`, `kind`, then who, where, what. No secret ever has a field here. */

export type EventKind =
  | 'journal.resume'
  | 'gate.start'
  | 'gate.stop'
  | 'gate.reload'
  | 'exchange'
  | 'exchange.repeated'
  | 'socket.open'
  | 'socket.close'
  | 'login'
  | 'login.repeated'
  | 'proof'
  | 'logout'
  | 'session.start'
  | 'session.end'
  | 'enrol'
  | 'factor.remove'
  | 'factor.disable'
  | 'recovery.issue'
  | 'password.change'
  | 'invitation.issue'
  | 'invitation.accept'
  | 'user.change'
  | 'throttle'
  | 'key.rotate'
  | 'store.export'
  | 'store.import'
  | 'store.accept'
  | 'store.refused'

export interface AuditEvent {
  readonly kind: EventKind
  /** Milliseconds since the epoch; the journal writes RFC 3339 in UTC. */
  readonly at: number
  /** The reference that pages and logs show for the same request. */
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

/** Where events go. `record` never throws; while `writable` is false, whatever must be journaled is refused (CONTRACT, Failure). */
export interface AuditSink {
  readonly writable: boolean
  /** Queues the line; it is on disk within moments. */
  record(event: AuditEvent): void
  /** Resolves once the line is on disk; rejects with GateError `journal_unwritable`. For what may not happen unrecorded. */
  commit(event: AuditEvent): Promise<void>
}
