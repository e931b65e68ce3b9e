/** The lines of journal files as bytes, for proofs that depend on every byte. */
import { bytesOf } from './journal-files.ts'
import { splitLines } from './split-lines.ts'

/** The first line is 1. */
export interface LinePlace {
  readonly file: string
  readonly line: number
}

export function lineInWords({ file, line }: LinePlace): string {
  return `${file}:${line}`
}

export function eachLine(file: string, visit: Parameters<typeof splitLines>[1]): Promise<boolean> {
  return splitLines(bytesOf(file), visit)
}
