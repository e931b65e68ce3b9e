/** The lines of journal files as bytes, with the place of each, for proofs that depend on every byte. */
import { bytesOf } from './journal-files.ts'
import { splitLines } from './split-lines.ts'

/** Where a line stands. Both start at 1 for the first line. */
export interface LinePlace {
  readonly file: string
  readonly line: number
}

/** `journal.jsonl:7` */
export function lineInWords({ file, line }: LinePlace): string {
  return `${file}:${line}`
}

/** The lines of a file, as `splitLines` gives them. */
export function eachLine(file: string, visit: Parameters<typeof splitLines>[1]): Promise<boolean> {
  return splitLines(bytesOf(file), visit)
}
