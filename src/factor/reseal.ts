/**
 * After a new key: everything sealed is sealed anew, so that the old keys can be retired. Owns the list of what is sealed; refuses to
 * touch a record that changed meanwhile, and takes it up again.
 */
import { keyCheck } from '../keyring/key-check.ts'
import { type Keyring, sealedBy } from '../keyring/keyring.ts'
import { changeValue } from '../store/change.ts'
import type { Store } from '../store/store.ts'
import { recoveryContext } from './recovery-code.ts'
import { contextOf } from './totp.ts'

/**
 * Seals with the current key what older ones sealed, and answers how many records that were. Safe while the gate runs; run it again
 * after a break. Rejects with KeyringError where a record asks for a key that the ring has not: then nothing may be retired.
 */
export async function resealSecrets({ store, keyring }: { store: Store; keyring: Keyring }): Promise<number> {
  let resealed = 0
  if (await exchange(store, keyCheck, text => again(keyring, text, keyCheck))) resealed++
  for await (const { key } of store.scan('recovery:'))
    if (await exchange(store, key, text => again(keyring, text, recoveryContext(key.slice('recovery:'.length)))))
      resealed++
  for await (const { key } of store.scan('credential:'))
    if (await exchange(store, key, text => inJson(keyring, text, 'id'))) resealed++
  for await (const { key } of store.scan('ceremony:totp:'))
    if (await exchange(store, key, text => inJson(keyring, text, 'credentialId'))) resealed++
  return resealed
}

/** True if the record was written anew; it is read again until nobody else changed it in between. */
function exchange(store: Store, key: string, change: (text: string) => string | null): Promise<boolean> {
  return changeValue(store, key, text => {
    const next = text === null ? null : change(text)
    return next === null ? { result: false } : { next, result: true }
  })
}

/** A record with a sealed `secret`, bound to the credential whose id stands in `idField`. */
function inJson(keyring: Keyring, text: string, idField: string): string | null {
  const record = JSON.parse(text) as Record<string, unknown>
  const { secret, [idField]: id } = record
  if (typeof secret !== 'string' || typeof id !== 'string') return null
  const sealed = again(keyring, secret, contextOf(id))
  return sealed === null ? null : JSON.stringify({ ...record, secret: sealed })
}

function again(keyring: Keyring, sealed: string, context: string): string | null {
  return sealedBy(sealed) === keyring.currentKeyId ? null : keyring.seal(keyring.open(sealed, context), context)
}
