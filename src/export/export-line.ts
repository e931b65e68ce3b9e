/** One line of the journal on its way to a destination. */
import type { Entry } from '../audit/journal-files.ts'

export interface ExportLine {
  /** Its number in the chain; 0 for lines from before the chain. */
  readonly seq: number
  /** The SHA-256 of the line with its line feed, in hexadecimal: the `prev` of the next line. */
  readonly hash: string
  /** Without its line feed. */
  readonly text: string
  readonly entry: Entry
}

/** The same for every copy of a line, so that a receiver can drop the second one. */
export function idOf({ seq, hash }: Pick<ExportLine, 'seq' | 'hash'>): string {
  return `${seq}-${hash.slice(0, 16)}`
}

/** A line in the format of a destination. */
export interface Outgoing {
  readonly line: ExportLine
  /** One line of JSON in ASCII, without a line feed. */
  readonly text: string
}
