/** Re-seals all records with the current key, before old keys are retired. */
import { keyCheck } from '../keyring/key-check.ts'
import { type Keyring, sealedBy } from '../keyring/keyring.ts'
import { inBatches } from '../store/batches.ts'
import { changeValue, type Step } from '../store/change.ts'
import type { Store } from '../store/store.ts'
import { credentialRecord } from './credential.ts'
import type { CredentialKind } from './kinds.ts'
import { recoveryRecord } from './recovery-code.ts'
import { contextOf, totpCeremony } from './totp.ts'

/** Returns the number of sealed records. It may run beside the gate. Rejects with KeyringError for an unknown key; then no key may be retired. */
export async function resealSecrets(input: {
  store: Store
  keyring: Keyring
  /** Further records that are sealed as a whole. */
  wholes?: readonly string[]
  /** The number of records read. */
  onDone?: (done: number) => void
}): Promise<number> {
  const { store, keyring, wholes = [], onDone } = input
  let resealed = (await exchange(store, keyCheck, text => again(keyring, text, keyCheck))) ? 1 : 0
  let looked = 0
  for (const { prefix, reseal } of [...sealed, ...wholes.map(sealedWhole)]) {
    const before = looked
    const done = await inBatches(
      store.scan(prefix),
      ({ key }) => reseal(store, keyring, key.slice(prefix.length)),
      count => {
        looked = before + count
        onDone?.(looked)
      }
    )
    resealed += done.filter(Boolean).length
  }
  return resealed
}

/** The context of the sealed `secret`, by kind and id of the credential. */
const contexts: Readonly<Record<CredentialKind, ((id: string) => string) | null>> = { totp: contextOf, webauthn: null }

interface SealedKind {
  readonly prefix: string
  /** True if it wrote the record. */
  readonly reseal: (store: Store, keyring: Keyring, id: string) => Promise<boolean>
}

/** Records that are sealed as a whole, in any version. */
function sealedWhole(prefix: string): SealedKind {
  return {
    prefix,
    reseal: (store, keyring, id) => exchange(store, `${prefix}${id}`, text => again(keyring, text, `${prefix}${id}`))
  }
}

const sealed: readonly SealedKind[] = [
  sealedWhole(recoveryRecord.prefix),
  {
    prefix: credentialRecord.prefix,
    reseal: (store, keyring, id) =>
      credentialRecord.change<boolean>(store, id, one => {
        const context = one === null ? null : contexts[one.kind]
        return one === null || context === null || !('secret' in one)
          ? { result: false }
          : withSecret(one, context(one.id), keyring)
      })
  },
  {
    prefix: totpCeremony.prefix,
    reseal: (store, keyring, id) =>
      totpCeremony.change(store, id, one => withSecret(one, contextOf(one?.credentialId ?? ''), keyring))
  }
]

/** Retries after a concurrent change. */
function exchange(store: Store, key: string, change: (text: string) => string | null): Promise<boolean> {
  return changeValue(store, key, text => {
    const next = text === null ? null : change(text)
    return next === null ? { result: false } : { next, result: true }
  })
}

function withSecret<T extends { readonly secret: string }>(
  record: T | null,
  context: string,
  keyring: Keyring
): Step<boolean, T> {
  const secret = record === null ? null : again(keyring, record.secret, context)
  return record === null || secret === null ? { result: false } : { next: { ...record, secret }, result: true }
}

function again(keyring: Keyring, sealed: string, context: string): string | null {
  return sealedBy(sealed) === keyring.currentKeyId ? null : keyring.seal(keyring.open(sealed, context), context)
}
