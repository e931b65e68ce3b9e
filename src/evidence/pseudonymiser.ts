/** The journal's pseudonyms for evidence, so that people and lines still belong together. Existing pseudonyms stay. */
import type { Entry } from '../audit/journal-files.ts'
import { type PseudonymisedField, pseudonymisedFields, pseudonymsOf } from '../audit/pseudonyms.ts'
import type { Keyring } from '../keyring/keyring.ts'

/** Typed texts and names of devices may name somebody. */
const freeTexts = ['why', 'device']
const leftOut = '(left out)'

export class Pseudonymiser {
  readonly kinds: ReadonlySet<PseudonymisedField>
  readonly #keyring: Pick<Keyring, 'macs'>

  constructor(kinds: Iterable<PseudonymisedField>, keyring: Pick<Keyring, 'macs'>) {
    this.kinds = new Set(kinds)
    this.#keyring = keyring
  }

  /** A pseudonym if values of this kind are hidden. */
  of(kind: PseudonymisedField, value: string): string {
    return this.kinds.has(kind) && !value.startsWith('~') ? (pseudonymsOf(value, this.#keyring)[0] as string) : value
  }

  /** Left out if names are hidden. */
  text(value: string): string {
    return this.kinds.has('user') ? leftOut : value
  }

  entry(entry: Entry): Entry {
    if (this.kinds.size === 0) return entry
    const changed: Record<string, unknown> = {}
    for (const kind of this.kinds)
      for (const field of pseudonymisedFields[kind]) {
        const value = entry[field]
        if (typeof value === 'string') changed[field] = this.of(kind, value)
      }
    for (const field of freeTexts) {
      const value = entry[field]
      if (typeof value === 'string') changed[field] = this.text(value)
    }
    return { ...entry, ...changed }
  }
}
