/** The journal's lines of stored logins, without the login itself. */
import type { AuditEvent } from '../audit/event.ts'
import type { Account } from '../identity/account.ts'

type LoginEvent = Pick<AuditEvent, 'kind'> & Partial<AuditEvent>
type Whose = Pick<Account, 'id' | 'name'>

export function storeEvent({ id, name }: Whose, app: string, outcome: 'stored' | 'replaced'): LoginEvent {
  return { kind: 'upstream-login.store', account: id, name, app, outcome }
}

/** `why`: `owner`, `operator`, or an operator's reason. */
export function removeEvent({ id, name }: Whose, app: string, why: string, isConfirmed: boolean): LoginEvent {
  return { kind: 'upstream-login.remove', account: id, name, app, why, ...(isConfirmed ? {} : { confirmed: false }) }
}

export function refuseEvent({ id, name }: Whose, app: string): LoginEvent {
  return { kind: 'upstream-login.refuse', account: id, name, app, outcome: 'refused' }
}
