/** A reusable buffer of encoded lines. Waiting strings would reach V8's old generation and cost thirty times as much. */

export const firstSize = 64 * 1024

export function withRoom(memory: Buffer<ArrayBuffer>, size: number, bytes: number): Buffer<ArrayBuffer> {
  const needed = size + bytes
  if (needed <= memory.length) return memory
  const larger = Buffer.allocUnsafeSlow(Math.max(needed, memory.length * 2))
  memory.copy(larger, 0, 0, size)
  return larger
}

export function afterBurst(memory: Buffer<ArrayBuffer>): Buffer<ArrayBuffer> {
  return memory.length > firstSize * 16 ? Buffer.allocUnsafeSlow(firstSize) : memory
}

export class Lines {
  #memory = Buffer.allocUnsafeSlow(firstSize)
  #size = 0
  #ends: number[] = []

  static of(lines: Iterable<string>): Lines {
    const result = new Lines()
    for (const line of lines) result.push(line)
    return result
  }

  get count(): number {
    return this.#ends.length
  }

  get size(): number {
    return this.#size
  }

  /** Valid until `clear`. */
  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#size)
  }

  startOf(at: number): number {
    return at === 0 ? 0 : (this.#ends[at - 1] as number)
  }

  line(at: number): Buffer {
    return Buffer.from(this.#memory.subarray(this.startOf(at), this.startOf(at + 1)))
  }

  push(line: string): void {
    // A UTF-16 unit takes at most three bytes of UTF-8.
    this.#memory = withRoom(this.#memory, this.#size, line.length * 3)
    this.#size += this.#memory.write(line, this.#size, 'utf8')
    this.#ends.push(this.#size)
  }

  take(other: Lines, which: (at: number) => boolean): void {
    for (let at = 0; at < other.count; at++) {
      if (!which(at)) continue
      const line = other.line(at)
      this.#memory = withRoom(this.#memory, this.#size, line.length)
      this.#size += line.copy(this.#memory, this.#size)
      this.#ends.push(this.#size)
    }
  }

  clear(): void {
    this.#size = 0
    this.#ends = []
    this.#memory = afterBurst(this.#memory)
  }
}
