/**
 * The journal's hash chain: each line has a number (`seq`) and the SHA-256 of the line before it with its line feed (`prev`), so `sed -n 7p FILE | sha256sum`
 * shows the `prev` of line 8.
 */
import { createHash, hash } from 'node:crypto'
import { afterBurst, firstSize, type Lines, withRoom } from './line-buffer.ts'
import { splitLines } from './split-lines.ts'

/** The last line of a chain; `hash` is in hexadecimal. */
export interface ChainEnd {
  readonly seq: number
  readonly hash: string
}

export const beforeFirst: ChainEnd = { seq: 0, hash: '0'.repeat(64) }

export interface Link {
  readonly seq: number
  readonly prev: string
}

const lineFeed = 0x0a
const start = Buffer.from('{"seq":')
const middle = Buffer.from(',"prev":"')
const maxDigits = 15
const hexLength = 64

export function hashOf(line: Uint8Array): string {
  return hash('sha256', line, 'hex')
}

/** `line` may have its line feed. Null without a link. */
export function linkOf(line: Buffer): Link | null {
  if (line.length < start.length + middle.length + hexLength + 2 || !hasAt(line, start, 0)) return null
  let at = start.length
  let seq = 0
  for (; at < start.length + maxDigits; at++) {
    const digit = line[at]! - 0x30
    if (digit < 0 || digit > 9) break
    seq = seq * 10 + digit
  }
  if (at === start.length || line[start.length] === 0x30 || !hasAt(line, middle, at)) return null
  at += middle.length
  const prev = line.toString('latin1', at, at + hexLength)
  return /^[0-9a-f]{64}$/.test(prev) && line[at + hexLength] === 0x22 ? { seq, prev } : null
}

/** False for a torn line, which `ChainFile` ends unlike any JSON object. `line` has its line feed. */
export function isWhole(line: Buffer): boolean {
  return line[line.length - 1] === lineFeed && line[line.length - 2] === 0x7d
}

export function follows(link: Link | null, end: ChainEnd): boolean {
  return link !== null && link.seq === end.seq + 1 && link.prev === end.hash
}

export class ChainedLines {
  #memory: Buffer<ArrayBuffer>
  #size = 0
  #ends: number[] = []
  #end: ChainEnd

  /** `memory` is overwritten, so its former bytes must be out of use. */
  constructor(end: ChainEnd, memory = Buffer.allocUnsafeSlow(firstSize)) {
    this.#end = end
    this.#memory = memory
  }

  get memory(): Buffer<ArrayBuffer> {
    return afterBurst(this.#memory)
  }

  get end(): ChainEnd {
    return this.#end
  }

  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#size)
  }

  get count(): number {
    return this.#ends.length
  }

  endOf(at: number): number {
    return this.#ends[at]!
  }

  addBytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#memory.set(bytes, this.#size)
    this.#size += bytes.length
  }

  /** `line`: a JSON object with at least one field, and a line feed. */
  addLine(line: Buffer | string): void {
    const body = typeof line === 'string' ? Buffer.from(line) : line
    this.#add(body, 0, body.length)
  }

  addLines(lines: Lines): void {
    const { bytes, count } = lines
    this.#reserve(bytes.length + count * 100)
    for (let at = 0; at < count; at++) this.#add(bytes, lines.startOf(at), lines.startOf(at + 1))
  }

  /** For a line whose text depends on its place. `write` gets the beginning of the line and returns all of it. */
  addWhole(write: (start: string, end: ChainEnd) => string): void {
    const text = write(this.#start(), this.#end)
    const from = this.#size
    this.addBytes(Buffer.from(text))
    this.#closed(from)
  }

  #add(source: Buffer, from: number, to: number): void {
    const at = this.#size
    const text = this.#start()
    this.#reserve(text.length + to - from)
    this.#size += this.#memory.write(text, this.#size, 'latin1')
    this.#size += source.copy(this.#memory, this.#size, from + 1, to)
    this.#closed(at)
  }

  #start(): string {
    return `{"seq":${this.#end.seq + 1},"prev":"${this.#end.hash}",`
  }

  #closed(from: number): void {
    this.#ends.push(this.#size)
    this.#end = { seq: this.#end.seq + 1, hash: hashOf(this.#memory.subarray(from, this.#size)) }
  }

  #reserve(bytes: number): void {
    this.#memory = withRoom(this.#memory, this.#size, bytes)
  }
}

interface Walked {
  readonly end: ChainEnd
  readonly counted: number
  readonly rest: Rest | null
}

/** Bytes after the last line that counts. */
export interface Rest {
  readonly bytes: number
  readonly isClosed: boolean
  /** SHA-256 of these bytes and `more`, in hexadecimal. */
  hashWith(more: Uint8Array): string
}

/** Follows the chain from `end`. A mismatch ends it, unless a later line fits again. */
export async function walk(end: ChainEnd, chunks: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<Walked> {
  let counted = 0
  let position = 0
  let isClosed = true
  let rest = createHash('sha256')
  await splitLines(chunks, (line, _, closed) => {
    position += line.length
    isClosed = closed
    if (isWhole(line) && follows(linkOf(line), end)) {
      end = { seq: end.seq + 1, hash: hashOf(line) }
      counted = position
      rest = createHash('sha256')
    } else rest.update(line)
    return false
  })
  if (position === counted) return { end, counted, rest: null }
  const hashWith = (more: Uint8Array) => rest.copy().update(more).digest('hex')
  return { end, counted, rest: { bytes: position - counted, isClosed, hashWith } }
}

function hasAt(line: Buffer, text: Buffer, at: number): boolean {
  for (let index = 0; index < text.length; index++) if (line[at + index] !== text[index]) return false
  return true
}
