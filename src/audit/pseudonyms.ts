/** Pseudonyms: personal data of the journal as a keyed hash, so that lines of one person belong together and do not name them. */
import type { Keyring } from '../keyring/keyring.ts'
import type { AuditEvent } from './event.ts'

export type PseudonymisedField = 'user' | 'client' | 'path'

/** The fields of an event that hold such data. An account id is random and stays, so that lines of one person can be found. */
const fieldsOf: Readonly<Record<PseudonymisedField, readonly string[]>> = {
  user: ['name', 'email', 'operator', 'subject', 'formerName', 'newName'],
  client: ['address'],
  path: ['path']
}
const purpose = 'journal pseudonym'
/** 120 bits. */
const length = 20

/** Replaces the values of these fields, each with a mark before it. Null where there is nothing to replace. */
export function pseudonymiser(
  kinds: readonly PseudonymisedField[],
  keyring: () => Pick<Keyring, 'mac'>
): ((event: AuditEvent) => AuditEvent) | null {
  const fields = kinds.flatMap(kind => fieldsOf[kind])
  if (fields.length === 0) return null
  return event => {
    const changed: Record<string, AuditEvent[string]> = {}
    for (const field of fields) {
      const value = event[field]
      if (typeof value === 'string') changed[field] = `~${keyring().mac(purpose, value).slice(0, length)}`
    }
    return { ...event, ...changed }
  }
}

/** The pseudonyms of a value under each key of the key file, for a search. */
export function pseudonymsOf(value: string, keyring: Pick<Keyring, 'macs'>): string[] {
  return keyring.macs(purpose, value).map(mac => `~${mac.slice(0, length)}`)
}
