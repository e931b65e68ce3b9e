/** Reads the lines of a file that hold one of some texts, last line first. */
import { type FileHandle, open } from 'node:fs/promises'

const usualChunkBytes = 2 * 1024 * 1024
const lineFeed = 0x0a

export interface Piece {
  readonly at: number
  readonly bytes: Buffer
}

interface FoundLine {
  readonly at: number
  readonly text: string
}

/** Its memory is used again, so a piece is valid until the next one. */
export class BackwardsFile {
  readonly #handle: FileHandle
  readonly #chunkBytes: number
  #memory = Buffer.alloc(0)

  private constructor(handle: FileHandle, chunkBytes: number) {
    this.#handle = handle
    this.#chunkBytes = chunkBytes
  }

  static async open(file: string, chunkBytes = usualChunkBytes): Promise<BackwardsFile> {
    return new BackwardsFile(await open(file, 'r'), chunkBytes)
  }

  close(): Promise<void> {
    return this.#handle.close()
  }

  /** Whole lines between the beginnings of two lines, last piece first. */
  async *pieces(from: number, to: number): AsyncGenerator<Piece> {
    for (let end = to, length = this.#chunkBytes; end > from; ) {
      const start = Math.max(from, end - length)
      const bytes = await this.#read(start, end - start)
      const first = start === from ? 0 : bytes.indexOf(lineFeed) + 1
      if (first === 0 && start !== from) {
        length *= 2
        continue
      }
      end = start + first
      yield { at: end, bytes: bytes.subarray(first) }
      length = this.#chunkBytes
    }
  }

  async #read(at: number, length: number): Promise<Buffer> {
    if (this.#memory.length < length) this.#memory = Buffer.allocUnsafeSlow(length)
    const { bytesRead } = await this.#handle.read(this.#memory, 0, length, at)
    return this.#memory.subarray(0, bytesRead)
  }
}

/** The last line comes first. */
export function* linesWith({ at: base, bytes }: Piece, texts: readonly Buffer[]): Generator<FoundLine> {
  if (texts.length === 0) {
    for (let to = bytes.length; to > 0; ) {
      const from = to < 2 ? 0 : bytes.lastIndexOf(lineFeed, to - 2) + 1
      yield { at: base + from, text: textOf(bytes, from, to) }
      to = from
    }
    return
  }
  const found = new Map<number, number>()
  for (const text of texts)
    for (let at = bytes.indexOf(text); at !== -1; ) {
      const feed = bytes.indexOf(lineFeed, at)
      const to = feed === -1 ? bytes.length : feed + 1
      found.set(at === 0 ? 0 : bytes.lastIndexOf(lineFeed, at) + 1, to)
      at = to >= bytes.length ? -1 : bytes.indexOf(text, to)
    }
  for (const [from, to] of [...found].sort(([a], [b]) => b - a))
    yield { at: base + from, text: textOf(bytes, from, to) }
}

function textOf(bytes: Buffer, from: number, to: number): string {
  return bytes.toString('utf8', from, bytes[to - 1] === lineFeed ? to - 1 : to)
}
