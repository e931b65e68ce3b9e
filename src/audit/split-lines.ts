/** Splits chunks of bytes into lines. */
const lineFeed = 0x0a

/**
 * `visit` gets each line with its line feed, and at the end what has none. Once it answers true, this stops and resolves with true. The bytes are valid until
 * the next call; a line before may be kept.
 */
export async function splitLines(
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
  visit: (line: Buffer, number: number, isClosed: boolean) => boolean
): Promise<boolean> {
  let number = 0
  let kept: Buffer[] = []
  for await (const chunk of chunks) {
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
