/** One line of the journal on its way to a destination. */
import type { Entry } from '../audit/journal-files.ts'

export interface ExportLine {
  /** The number in the chain; 0 for lines from before it. */
  readonly seq: number
  /** SHA-256 of the line with its line feed, in hexadecimal: the next line's `prev`. */
  readonly hash: string
  /** Without its line feed. */
  readonly text: string
  readonly entry: Entry
}

/** The same for every copy, so that a receiver can drop the second one. */
export function idOf({ seq, hash }: Pick<ExportLine, 'seq' | 'hash'>): string {
  return `${seq}-${hash.slice(0, 16)}`
}

export interface Outgoing {
  readonly line: ExportLine
  /** JSON in ASCII, without a line feed. */
  readonly text: string
}
