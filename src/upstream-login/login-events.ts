/** The lines of an app's stored login in the journal. They name the person and the app, and nothing of the login. */
import type { AuditEvent } from '../audit/event.ts'
import type { Account } from '../identity/account.ts'

type LoginEvent = Pick<AuditEvent, 'kind'> & Partial<AuditEvent>
type Whose = Pick<Account, 'id' | 'name'>

export function storeEvent({ id, name }: Whose, app: string, outcome: 'stored' | 'replaced'): LoginEvent {
  return { kind: 'upstream-login.store', account: id, name, app, outcome }
}

/** `why`: `owner`, `operator` for the command line, or the reason that an operator has given in the console. */
export function removeEvent({ id, name }: Whose, app: string, why: string, isConfirmed: boolean): LoginEvent {
  return { kind: 'upstream-login.remove', account: id, name, app, why, ...(isConfirmed ? {} : { confirmed: false }) }
}

export function refuseEvent({ id, name }: Whose, app: string): LoginEvent {
  return { kind: 'upstream-login.refuse', account: id, name, app, outcome: 'refused' }
}
