/**
 * Whether a key file belongs to a store. Owns one sealed word in the store that only the right keys open; a gateway with another key
 * would let nobody use their TOTP, and would seal new secrets that the right key cannot read.
 */
import type { Store } from '../store/store.ts'
import { KeyFileError } from './key-file.ts'
import type { Keyring } from './keyring.ts'

/** Where the word lies, and what it is bound to. */
export const keyCheck = 'meta:key-check'

/** Rejects with KeyFileError `foreign` where the store was sealed with other keys; leaves its mark in a store that has none. */
export async function checkKey(store: Store, keyring: Keyring, keyFile: string): Promise<void> {
  // A look first: a store on a full disk takes no mark, and needs none.
  if ((await store.get(keyCheck)) === null) await store.add(keyCheck, keyring.seal('factorgate', keyCheck))
  const sealed = await store.get(keyCheck)
  try {
    if (sealed !== null) keyring.open(sealed, keyCheck)
  } catch (cause) {
    throw new KeyFileError(
      'foreign',
      `The key file ${keyFile} is not the one this store was sealed with. Put the right one back from its safe copy, or name another store.`,
      { cause }
    )
  }
}
