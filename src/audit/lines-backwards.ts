/** Lines of a file, the last one first, and only those that have one of some texts in them. Bytes that have none never become text. */
import { type FileHandle, open } from 'node:fs/promises'

/** What is read at once from the end of a file. */
const chunkBytes = 2 * 1024 * 1024
const lineFeed = 0x0a

/** A file that is read backwards. Its memory is used again, so a piece is valid until the next one. */
export class BackwardsFile {
  readonly #handle: FileHandle
  #memory = Buffer.alloc(0)

  private constructor(handle: FileHandle) {
    this.#handle = handle
  }

  static async open(file: string): Promise<BackwardsFile> {
    return new BackwardsFile(await open(file, 'r'))
  }

  close(): Promise<void> {
    return this.#handle.close()
  }

  /** Whole lines between two positions that are both at the beginning of a line, in pieces, the last piece first. */
  async *pieces(from: number, to: number): AsyncGenerator<Buffer> {
    for (let end = to, length = chunkBytes; end > from; ) {
      const start = Math.max(from, end - length)
      const bytes = await this.#read(start, end - start)
      const first = start === from ? 0 : bytes.indexOf(lineFeed) + 1
      // A line that is longer than the piece.
      if (first === 0 && start !== from) {
        length *= 2
        continue
      }
      yield bytes.subarray(first)
      end = start + first
      length = chunkBytes
    }
  }

  async #read(at: number, length: number): Promise<Buffer> {
    if (this.#memory.length < length) this.#memory = Buffer.allocUnsafeSlow(length)
    const { bytesRead } = await this.#handle.read(this.#memory, 0, length, at)
    return this.#memory.subarray(0, bytesRead)
  }
}

/** The lines of a piece, the last one first; those with one of these texts, or all where there is none. */
export function* linesWith(piece: Buffer, texts: readonly Buffer[]): Generator<string> {
  if (texts.length === 0) {
    for (let to = piece.length; to > 0; ) {
      const from = to < 2 ? 0 : piece.lastIndexOf(lineFeed, to - 2) + 1
      yield textOf(piece, from, to)
      to = from
    }
    return
  }
  const found = new Map<number, number>()
  for (const text of texts)
    for (let at = piece.indexOf(text); at !== -1; ) {
      const feed = piece.indexOf(lineFeed, at)
      const to = feed === -1 ? piece.length : feed + 1
      found.set(at === 0 ? 0 : piece.lastIndexOf(lineFeed, at) + 1, to)
      at = to >= piece.length ? -1 : piece.indexOf(text, to)
    }
  for (const [from, to] of [...found].sort(([a], [b]) => b - a)) yield textOf(piece, from, to)
}

/** Without its line feed. */
function textOf(piece: Buffer, from: number, to: number): string {
  return piece.toString('utf8', from, piece[to - 1] === lineFeed ? to - 1 : to)
}
