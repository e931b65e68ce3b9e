/** Names that a password may not be made of. src/identity/password/blocklist.ts compares. */
import type { Account } from '../../src/identity/account.ts'
import type { PortalOptions } from './options.ts'

/** The names of the person and of the place: its title, its host with all labels, and `factorgate` (NIST SP 800-63B-4 §3.1.1.2). */
export function namesAround(options: Pick<PortalOptions, 'title' | 'portalOrigin'>, account: Account): string[] {
  const { hostname } = new URL(options.portalOrigin)
  return [
    account.name,
    account.displayName,
    account.email ?? '',
    options.title,
    // The title also counts as one word: `Example Lab` becomes `examplelab`.
    options.title.replace(/[^\p{L}\p{N}]+/gu, ''),
    hostname,
    'factorgate'
  ]
}
