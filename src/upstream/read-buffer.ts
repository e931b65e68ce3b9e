/** Reused read buffers. Small reads share one and are copied; big bodies get pooled buffers, wide ones while app and client are fast. */

const size = 64 * 1024
/** A read and a write cost the same for any size, and for 64 kB almost as much as copying the bytes. */
const wideSize = 256 * 1024
/** 8 MB in all, because clients that stop reading keep them. */
const maxWide = 32
const wideKept = 8
/** A body is fast after so many full reads. */
const fastReads = 16
/** A client that takes nothing for so long is slow. */
const slowMs = 50
/** An idle WebSocket does not return its buffer. */
const lentToSockets = 256
/** The largest TLS record. */
const bigRead = 16 * 1024
/** A WebSocket returns its buffer after so many small reads. */
const keptReads = 16
const kept = 64

class PooledBuffer {
  readonly memory: Buffer
  readonly isWide: boolean
  #users = 0

  constructor(isWide: boolean) {
    this.isWide = isWide
    this.memory = Buffer.allocUnsafeSlow(isWide ? wideSize : size)
  }

  use(): void {
    this.#users++
  }

  readonly leave = (): void => {
    if (--this.#users > 0) return
    if (!this.isWide) {
      if (free.length < kept) free.push(this)
    } else if (freeWide.length < wideKept) freeWide.push(this)
    else wideMade--
  }

  get isShared(): boolean {
    return this.#users > 1
  }
}

const free: PooledBuffer[] = []
const freeWide: PooledBuffer[] = []
let wideMade = 0

function pooled(isWide: boolean): PooledBuffer {
  if (!isWide) return free.pop() ?? new PooledBuffer(false)
  const known = freeWide.pop()
  if (known !== undefined) return known
  if (wideMade >= maxWide) return pooled(false)
  wideMade++
  return new PooledBuffer(true)
}

const common = new PooledBuffer(false)
// This user never leaves, so the buffer never returns to the pool.
common.use()

let lent = 0

export class ReadBuffer {
  #buffer = common
  #isBig = false
  #isLent = false
  #readsLeft = 0
  #fullReads = 0

  readonly next = (): Buffer => {
    if (!this.#isBig) {
      if (this.#buffer !== common) this.drop()
    } else if (this.#buffer === common || this.#buffer.isShared || this.#buffer.isWide !== this.#isFast) {
      if (this.#buffer !== common) this.#buffer.leave()
      this.#buffer = pooled(this.#isFast)
      this.#buffer.use()
    }
    return this.#buffer.memory
  }

  get #isFast(): boolean {
    return this.#fullReads >= fastReads
  }

  set isBig(value: boolean) {
    this.#isBig = value
  }

  /** A WebSocket has its own buffer from a big read until enough small ones. */
  noteRead(length: number): void {
    this.#readsLeft = length >= bigRead ? keptReads : Math.max(0, this.#readsLeft - 1)
    const wants = this.#readsLeft > 0
    if (wants === this.#isLent || (wants && lent >= lentToSockets)) return
    lent += wants ? 1 : -1
    this.#isLent = wants
    this.#isBig = wants
  }

  noteWait(milliseconds: number): void {
    if (milliseconds >= slowMs) this.#fullReads = 0
  }

  view(length: number): Buffer {
    if (this.#isBig && !this.#isLent && length >= size) this.#fullReads++
    return this.#buffer.memory.subarray(0, length)
  }

  /** Reserves the memory of the last read until the returned function is called, once. Null: the caller must copy. */
  take(): (() => void) | null {
    if (this.#buffer === common) return null
    this.#buffer.use()
    return this.#buffer.leave
  }

  drop(): void {
    if (this.#buffer !== common) this.#buffer.leave()
    this.#buffer = common
    this.#isBig = false
    this.#fullReads = 0
    if (this.#isLent) lent--
    this.#isLent = false
  }
}
