/** The meaning of a refused bind. A person is told only what the server says after the right password (THREATS M15). */
import type { DirectoryRefusal } from '../directory.ts'
import type { BindAnswer } from './connection.ts'

type Refused = Extract<BindAnswer, { kind: 'refused' }>

/**
 * Active Directory writes the reason into the message of error 49, as `data 533` (hexadecimal). These come only after the right password;
 * 775 (locked), 525 (unknown) and 52e (wrong) come for any.
 */
const afterTheRightPassword: Readonly<Record<string, DirectoryRefusal>> = {
  '532': 'expired',
  '533': 'disabled',
  '701': 'expired',
  '773': 'must_change'
}

/** For the person; undefined if a wrong password may get the same answer. */
export function refusalOf({ code, message, policy }: Refused): DirectoryRefusal | undefined {
  // The policy checks age after the password, and locks before it.
  if (policy === 'expired' || policy === 'must_change') return policy
  const data = code === 49 ? dataOf(message) : undefined
  return data === undefined ? undefined : afterTheRightPassword[data]
}

/** What the log says; null for a wrong password. */
export function remarkOf({ code, message, policy }: Refused): string | null {
  const data = dataOf(message)
  if (policy === 'locked' || data === '775') return 'the account is locked'
  if (policy !== null) return `the password policy says: ${policy}`
  if (data !== undefined && data !== '52e' && data !== '525') return `Active Directory says: data ${data}`
  return code === 49 || code === 32 ? null : `the bind is refused (${code}${message === '' ? '' : `: ${message}`})`
}

function dataOf(message: string): string | undefined {
  return /\bdata ([0-9a-f]{3,8})\b/i.exec(message)?.[1]?.toLowerCase()
}
