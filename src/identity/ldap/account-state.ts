/**
 * Whether an entry forbids its person to sign in: OpenLDAP's password policy, locks of 389 and eDirectory, shadow accounts, Active
 * Directory.
 */
import { dayMs } from '../../clock.ts'
import type { DirectoryEntry } from './entry.ts'

export interface AccountState {
  readonly kind: 'locked' | 'disabled' | 'expired' | 'must_change'
  /** A text for logs, such as `pwdAccountLockedTime: 000001010000Z`. */
  readonly detail: string
  /**
   * `ends`: the account is over, with its sessions. `new`: only new sign-ins are refused. `theirs`: only the server knows when the lock
   * ends; a person who can bind may enter.
   */
  readonly force: 'ends' | 'new' | 'theirs'
}

/** Servers send operational attributes only on request. */
export const stateAttributes = [
  'pwdAccountLockedTime',
  'pwdEndTime',
  'pwdStartTime',
  'pwdReset',
  'nsAccountLock',
  'loginDisabled',
  'shadowExpire',
  'userAccountControl',
  'msDS-User-Account-Control-Computed',
  'accountExpires',
  'pwdLastSet',
  'lockoutTime'
] as const

/** draft-behera-ldap-password-policy-11 §5.3.3: locked until an administrator unlocks it. */
const lockedForGood = '000001010000Z'
/** MS-ADTS §2.2.16 and §3.1.1.4.5.17. */
const accountDisabled = 0x2
const lockedOut = 0x10
const passwordNeverExpires = 0x10000
const passwordExpired = 0x800000

/** The gravest state; null for none. `now` in milliseconds. */
export function stateOf(entry: DirectoryEntry, now: number): AccountState | null {
  const found: AccountState[] = []
  const add = (kind: AccountState['kind'], attribute: string, force: AccountState['force'] = 'ends') =>
    found.push({ kind, force, detail: `${attribute}: ${entry.text(attribute)}` })

  const locked = entry.text('pwdAccountLockedTime')
  if (locked !== null) add('locked', 'pwdAccountLockedTime', locked === lockedForGood ? 'ends' : 'theirs')
  if (isTrue(entry.text('nsAccountLock'))) add('disabled', 'nsAccountLock')
  if (isTrue(entry.text('loginDisabled'))) add('disabled', 'loginDisabled')
  if ((timeOf(entry.text('pwdEndTime')) ?? now) < now) add('expired', 'pwdEndTime')
  if ((timeOf(entry.text('pwdStartTime')) ?? now) > now) add('disabled', 'pwdStartTime')
  const shadow = Number(entry.text('shadowExpire') ?? 0)
  if (shadow > 0 && shadow * dayMs <= now) add('expired', 'shadowExpire')
  if (isTrue(entry.text('pwdReset'))) add('must_change', 'pwdReset', 'new')

  const control = Number(entry.text('userAccountControl') ?? 0)
  const computed = entry.text('msDS-User-Account-Control-Computed')
  if ((control & accountDisabled) !== 0) add('disabled', 'userAccountControl')
  if ((fileTimeOf(entry.text('accountExpires')) ?? now) < now) add('expired', 'accountExpires')
  if (computed !== null) {
    if ((Number(computed) & lockedOut) !== 0) add('locked', 'msDS-User-Account-Control-Computed', 'theirs')
    if ((Number(computed) & passwordExpired) !== 0) add('expired', 'msDS-User-Account-Control-Computed', 'new')
  } else if (fileTimeOf(entry.text('lockoutTime')) !== null) add('locked', 'lockoutTime', 'theirs')
  if (entry.text('pwdLastSet') === '0' && (control & passwordNeverExpires) === 0)
    add('must_change', 'pwdLastSet', 'new')

  const gravest = (['ends', 'theirs', 'new'] as const).map(force => found.find(state => state.force === force))
  return gravest.find(state => state !== undefined) ?? null
}

function isTrue(text: string | null): boolean {
  return text !== null && /^true$/i.test(text)
}

/** Generalized time (RFC 4517 §3.3.13) in milliseconds; otherwise null. */
function timeOf(text: string | null): number | null {
  const found = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})?(\d{2})?(?:[.,]\d+)?(Z|[+-]\d{2}(?:\d{2})?)$/.exec(text ?? '')
  if (found === null) return null
  const [, year, month, day, hour, minute = '00', second = '00', zone = 'Z'] = found
  const offset = zone === 'Z' ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(3) || '00'}`
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${offset}`)
  return Number.isNaN(at) ? null : at
}

/** Steps of 100 ns since 1601, in milliseconds since 1970; null for never (0 and 2^63 - 1). */
function fileTimeOf(text: string | null): number | null {
  if (text === null || !/^\d+$/.test(text) || text === '0' || text === '9223372036854775807') return null
  return Number(BigInt(text) / 10_000n) - 11_644_473_600_000
}
