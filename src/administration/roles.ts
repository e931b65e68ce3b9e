/** The roles of the operators' console, by group. */
import { type Account, helpdesk, operators } from '../identity/account.ts'

export type Role = 'operator' | 'helpdesk'

export type Action =
  | 'add'
  | 'invite'
  | 'change'
  | 'rename'
  | 'suspend'
  | 'resume'
  | 'confirm'
  | 'unlock'
  | 'reset'
  | 'revoke'

const ofHelpdesk: readonly Action[] = ['invite', 'reset']

export function roleOf({ groups, suspended }: Account): Role | null {
  if (suspended !== null) return null
  return groups.includes(operators) ? 'operator' : groups.includes(helpdesk) ? 'helpdesk' : null
}

/** The help desk may not act on an account with a role, otherwise it could take over an operator's. */
export function mayDo(role: Role | null, action: Action, target: Account | null): boolean {
  if (role === 'operator') return true
  if (role === null || !ofHelpdesk.includes(action) || target === null) return false
  return !target.groups.includes(operators) && !target.groups.includes(helpdesk)
}
