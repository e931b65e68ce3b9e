/** The names that no password may be made of: the person's, and the place's. Owns that list; src/identity/password/blocklist.ts compares. */
import type { Account } from '../../src/identity/account.ts'
import type { PortalOptions } from './options.ts'

/** Names of the person and of the place: its title, its host with all labels, and ours (NIST SP 800-63B-4 §3.1.1.2). */
export function namesAround(options: Pick<PortalOptions, 'title' | 'portalOrigin'>, account: Account): string[] {
  const { hostname } = new URL(options.portalOrigin)
  return [
    account.name,
    account.displayName,
    account.email ?? '',
    options.title,
    // Also as one word: of `Example Lab` people make `examplelab`.
    options.title.replace(/[^\p{L}\p{N}]+/gu, ''),
    hostname,
    'factorgate'
  ]
}
