/** The rules of the operators' console, in the form of an app's rules. */
import { helpdesk, operators } from '../identity/account.ts'
import { compilePolicy } from '../policy/compile.ts'
import type { Rule } from '../policy/policy.ts'

/** After `/.factorgate`. */
export const consolePrefix = '/admin'
/** People read the title when a passkey is asked for. No app can have this id. */
export const consoleApp = { id: '/.factorgate/admin', title: 'the operators’ console' } as const

export const consoleFreshSeconds = 15 * 60

const outcome = {
  access: 'mfa',
  requirement: { factors: ['webauthn'], institution: false, withinSeconds: consoleFreshSeconds }
} as const
const both = [operators, helpdesk]
const read = { methods: ['GET', 'HEAD'], groups: both, outcome } as const

/** Paths after `consolePrefix`. The help desk's are listed, so that a new page is the operators' alone. */
const rules: readonly Rule[] = [
  { path: '/', ...read },
  { path: '/people', ...read },
  { path: '/people/*', ...read },
  { path: '/people/*/invite', groups: both, outcome },
  { path: '/people/*/reset', groups: both, outcome },
  { path: '/numbers', ...read },
  { path: '/waits', ...read },
  { path: '/journal', ...read },
  { path: '/events', ...read },
  { groups: [operators], outcome }
]

export const consolePolicy = compilePolicy(rules, true)

/** `path`: after `/.factorgate`, with or without a query. */
export function isConsole(path: string): boolean {
  return path.startsWith(consolePrefix) && /^(?:[/?]|$)/.test(path.slice(consolePrefix.length))
}
