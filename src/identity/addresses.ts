/**
 * E-mail addresses as a way to say who one is. Owns the one spelling of an address and the index from an address to its accounts, so that nobody has
 * to look through all accounts; the account's record has the last word, and an entry that it does not confirm counts for nothing.
 */
import { createHash } from 'node:crypto'
import { domainToASCII } from 'node:url'
import type { Store } from '../store/store.ts'

/** RFC 5321 §4.5.3.1.3. */
const longest = 254
/** So many accounts with one address are no person's: the rest is not looked at. */
const holdersMax = 8

const keyOf = (address: string) => `account-address:${createHash('sha256').update(address).digest('base64url')}`

/**
 * The one spelling of an address: NFKC, lower case, the domain as the DNS has it, nothing invisible. Undefined for what is none (two `@`, blanks,
 * commas: THREATS M16). The part before the `@` could tell cases apart (RFC 5321 §2.4), but no mail system that people use does.
 */
export function canonicalAddress(text: string): string | undefined {
  if (text.length > 2 * longest) return undefined
  const [local = '', domain = '', ...more] = text
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .trim()
    .toLowerCase()
    .split('@')
  if (more.length > 0 || domain === '' || !/^[^\s,;<>"\p{C}]+$/u.test(local) || /[\s,;<>"\p{C}/]/u.test(domain))
    return undefined
  const plain = domain.replace(/\.$/, '')
  const address = `${local}@${domainToASCII(plain) || plain}`
  return address.length > longest ? undefined : address
}

export class Addresses {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /** Notes that this account may have this address. */
  async link(address: string | null, accountId: string): Promise<void> {
    const canonical = canonicalAddress(address ?? '')
    if (canonical !== undefined) await this.#store.link(keyOf(canonical), accountId)
  }

  async unlink(address: string | null, accountId: string): Promise<void> {
    const canonical = canonicalAddress(address ?? '')
    if (canonical !== undefined) await this.#store.unlink(keyOf(canonical), accountId)
  }

  /** The ids of accounts that may have this (canonical) address; null for more than a person's. */
  async holders(canonical: string): Promise<string[] | null> {
    const ids = await this.#store.members(keyOf(canonical))
    return ids.length > holdersMax ? null : ids
  }
}
