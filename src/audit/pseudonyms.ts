/** Personal data of the journal as a keyed hash, so that lines of one person belong together without a name. */
import type { Keyring } from '../keyring/keyring.ts'
import type { AuditEvent } from './event.ts'

export type PseudonymisedField = 'user' | 'client' | 'path'

/** An account id is random and stays. */
export const pseudonymisedFields: Readonly<Record<PseudonymisedField, readonly string[]>> = {
  user: ['name', 'email', 'operator', 'subject', 'formerName', 'newName', 'person', 'sponsor'],
  client: ['address'],
  path: ['path']
}
const purpose = 'journal pseudonym'
/** 120 bits. */
const length = 20

/** Marks each replaced value. Null where there is nothing to replace. */
export function pseudonymiser(
  kinds: readonly PseudonymisedField[],
  keyring: () => Pick<Keyring, 'mac'>
): ((event: AuditEvent) => AuditEvent) | null {
  const fields = kinds.flatMap(kind => pseudonymisedFields[kind])
  if (fields.length === 0) return null
  return event => {
    const changed: Record<string, AuditEvent[string]> = {}
    for (const field of fields) {
      const value = event[field]
      if (typeof value === 'string') changed[field] = `~${keyring().mac(purpose, value).slice(0, length)}`
    }
    // `why` may name the person whom the line is about.
    const { name, why } = event
    if (typeof changed.name === 'string' && typeof why === 'string') changed.why = withoutName(why, name!, changed.name)
    return { ...event, ...changed }
  }
}

/** Only whole words, since a name may be one letter. */
function withoutName(text: string, name: string, pseudonym: string): string {
  if (name === '' || !text.includes(name)) return text
  const literal = name.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
  return text.replace(new RegExp(`(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}])`, 'gu'), pseudonym)
}

export function pseudonymsOf(value: string, keyring: Pick<Keyring, 'macs'>): string[] {
  return keyring.macs(purpose, value).map(mac => `~${mac.slice(0, length)}`)
}
