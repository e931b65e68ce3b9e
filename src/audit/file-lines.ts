/** The lines of journal files as bytes, with the place of each, for proofs that depend on every byte. */
import { bytesOf } from './journal-files.ts'

/** Where a line stands. Both start at 1 for the first line. */
export interface LinePlace {
  readonly file: string
  readonly line: number
}

/** `journal.jsonl:7` */
export function at({ file, line }: LinePlace): string {
  return `${file}:${line}`
}

const lineFeed = 0x0a

/**
 * Calls `visit` with each line of a file, with its line feed, and at the end with what has none. It stops where `visit` answers true.
 * The bytes are valid until the next call; a line before may be kept.
 */
export async function eachLine(
  file: string,
  visit: (line: Buffer, number: number, isClosed: boolean) => boolean
): Promise<boolean> {
  let number = 0
  let kept: Buffer[] = []
  for await (const chunk of bytesOf(file)) {
    let from = 0
    for (let feed = chunk.indexOf(lineFeed); feed !== -1; feed = chunk.indexOf(lineFeed, from)) {
      const piece = chunk.subarray(from, feed + 1)
      const line = kept.length === 0 ? piece : Buffer.concat([...kept, piece])
      if (kept.length > 0) kept = []
      from = feed + 1
      if (visit(line, ++number, true)) return true
    }
    if (from < chunk.length) kept.push(chunk.subarray(from))
  }
  return kept.length > 0 && visit(Buffer.concat(kept), number + 1, false)
}
