/** The check that a key file belongs to a store, by a text that only its keys open. */
import type { Store } from '../store/store.ts'
import { KeyFileError } from './key-file.ts'
import type { Keyring } from './keyring.ts'

export const keyCheck = 'meta:key-check'

/** Adds the text to a store without one. Rejects with KeyFileError `foreign`. */
export async function checkKey(store: Store, keyring: Keyring, keyFile: string): Promise<void> {
  // A store on a full disk accepts no write, so this writes only once.
  if ((await store.get(keyCheck)) === null) await store.add(keyCheck, keyring.seal('factorgate', keyCheck))
  const sealed = await store.get(keyCheck)
  try {
    if (sealed !== null) keyring.open(sealed, keyCheck)
  } catch (cause) {
    throw new KeyFileError(
      'foreign',
      `The key file ${keyFile} does not belong to this store: another key sealed it. Put the right key file back from its safe copy, or use another store.`,
      { cause }
    )
  }
}
