/**
 * Lines on their way to a file, as the bytes they will be there. Owns memory that is used again: a busy gate makes megabytes of lines a
 * second, and strings that wait for a disk would outlive their youth and be collected at thirty times the price.
 */

const firstSize = 64 * 1024

export class Lines {
  #memory = Buffer.allocUnsafeSlow(firstSize)
  #size = 0
  /** Where each ends. */
  #ends: number[] = []

  static of(lines: Iterable<string>): Lines {
    const result = new Lines()
    for (const line of lines) result.push(line)
    return result
  }

  get count(): number {
    return this.#ends.length
  }

  /** Bytes of all of them. */
  get size(): number {
    return this.#size
  }

  /** All of them; theirs until `clear`. */
  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#size)
  }

  /** Bytes of the lines before number `at`. */
  startOf(at: number): number {
    return at === 0 ? 0 : (this.#ends[at - 1] as number)
  }

  /** A copy. */
  line(at: number): Buffer {
    return Buffer.from(this.#memory.subarray(this.startOf(at), this.startOf(at + 1)))
  }

  push(line: string): void {
    // No UTF-16 unit takes more than three bytes of UTF-8.
    this.#reserve(line.length * 3)
    this.#size += this.#memory.write(line, this.#size, 'utf8')
    this.#ends.push(this.#size)
  }

  /** Adds a copy of the lines of `other` that `which` names by number. */
  take(other: Lines, which: (at: number) => boolean): void {
    for (let at = 0; at < other.count; at++) {
      if (!which(at)) continue
      const line = other.line(at)
      this.#reserve(line.length)
      this.#size += line.copy(this.#memory, this.#size)
      this.#ends.push(this.#size)
    }
  }

  clear(): void {
    this.#size = 0
    this.#ends = []
    // One burst must not be paid for ever after.
    if (this.#memory.length > firstSize * 16) this.#memory = Buffer.allocUnsafeSlow(firstSize)
  }

  #reserve(bytes: number): void {
    const needed = this.#size + bytes
    if (needed <= this.#memory.length) return
    const memory = Buffer.allocUnsafeSlow(Math.max(needed, this.#memory.length * 2))
    this.#memory.copy(memory, 0, 0, this.#size)
    this.#memory = memory
  }
}
