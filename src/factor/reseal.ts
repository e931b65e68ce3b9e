/**
 * After a new key: everything sealed is sealed anew, so that the old keys can be retired. Owns the list of what is sealed; refuses to
 * touch a record that changed meanwhile, and takes it up again.
 */
import { keyCheck } from '../keyring/key-check.ts'
import { type Keyring, sealedBy } from '../keyring/keyring.ts'
import { inBatches } from '../store/batches.ts'
import { changeValue } from '../store/change.ts'
import type { Store } from '../store/store.ts'
import { recoveryContext } from './recovery-code.ts'
import { contextOf } from './totp.ts'

/**
 * Seals with the current key what older ones sealed, and answers how many records that were. Safe while the gate runs; run it again
 * after a break. Rejects with KeyringError where a record asks for a key that the ring has not: then nothing may be retired.
 */
export async function resealSecrets(input: {
  store: Store
  keyring: Keyring
  /** Hears how many records have been looked at. */
  onDone?: (done: number) => void
}): Promise<number> {
  const { store, keyring, onDone } = input
  let resealed = (await exchange(store, keyCheck, text => again(keyring, text, keyCheck))) ? 1 : 0
  let looked = 0
  for (const { prefix, change } of sealed) {
    const before = looked
    const done = await inBatches(
      store.scan(prefix),
      ({ key }) => exchange(store, key, text => change(keyring, text, key.slice(prefix.length))),
      count => {
        looked = before + count
        onDone?.(looked)
      }
    )
    resealed += done.filter(Boolean).length
  }
  return resealed
}

/** Every kind of record that holds something sealed. `rest` is the key without its prefix. */
const sealed: readonly {
  readonly prefix: string
  readonly change: (keyring: Keyring, text: string, rest: string) => string | null
}[] = [
  { prefix: 'recovery:', change: (keyring, text, rest) => again(keyring, text, recoveryContext(rest)) },
  { prefix: 'credential:', change: (keyring, text) => inJson(keyring, text, 'id') },
  { prefix: 'ceremony:totp:', change: (keyring, text) => inJson(keyring, text, 'credentialId') }
]

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
