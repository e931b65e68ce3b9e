/**
 * Pseudonyms for evidence, the same ones as in the journal, so that a table of people and the journal's lines still belong together. What the
 * journal already holds as a pseudonym stays as it is.
 */
import type { Entry } from '../audit/journal-files.ts'
import { type PseudonymisedField, pseudonymisedFields, pseudonymsOf } from '../audit/pseudonyms.ts'
import type { Keyring } from '../keyring/keyring.ts'

/** Texts that people have typed, and names of devices: they may name somebody. */
const freeTexts = ['why', 'device']
const leftOut = '(left out)'

export class Pseudonymiser {
  readonly kinds: ReadonlySet<PseudonymisedField>
  readonly #keyring: Pick<Keyring, 'macs'>

  constructor(kinds: Iterable<PseudonymisedField>, keyring: Pick<Keyring, 'macs'>) {
    this.kinds = new Set(kinds)
    this.#keyring = keyring
  }

  /** The value, or its pseudonym where values of this kind are hidden. */
  of(kind: PseudonymisedField, value: string): string {
    return this.kinds.has(kind) && !value.startsWith('~') ? (pseudonymsOf(value, this.#keyring)[0] as string) : value
  }

  /** The text, unless names are hidden. */
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
