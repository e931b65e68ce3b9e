/** E-mail addresses as sign-in names: canonical form, and index from an address to accounts. An account's record must confirm an entry. */
import { domainToASCII } from 'node:url'
import { digestOf } from '../ids.ts'
import type { Store } from '../store/store.ts'

/** RFC 5321 §4.5.3.1.3. */
const maxAddressLength = 254
/** The index answers null for an address of more accounts than this. */
const maxHolders = 8

const keyOf = (address: string) => `account-address:${digestOf(address)}`

/**
 * Undefined for other text (two `@`, blanks, commas: THREATS M16). The part before the `@` could be case-sensitive (RFC 5321 §2.4), but the
 * mail systems in use are not.
 */
export function canonicalAddress(text: string): string | undefined {
  if (text.length > 2 * maxAddressLength) return undefined
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
  return address.length > maxAddressLength ? undefined : address
}

export class Addresses {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  async link(address: string | null, accountId: string): Promise<void> {
    const canonical = canonicalAddress(address ?? '')
    if (canonical !== undefined) await this.#store.link(keyOf(canonical), accountId)
  }

  async unlink(address: string | null, accountId: string): Promise<void> {
    const canonical = canonicalAddress(address ?? '')
    if (canonical !== undefined) await this.#store.unlink(keyOf(canonical), accountId)
  }

  /** The ids of accounts that may have this canonical address; null for more than `maxHolders`. */
  async holders(canonical: string): Promise<string[] | null> {
    const ids = await this.#store.members(keyOf(canonical))
    return ids.length > maxHolders ? null : ids
  }
}
