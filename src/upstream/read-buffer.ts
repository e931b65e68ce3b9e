/**
 * Reused read buffers for upstream connections. Small reads share one buffer and are copied out; big bodies get
 * pooled buffers that return once written. So bodies of any size leave no garbage.
 */

/** Maximum bytes per read. */
const size = 64 * 1024
/** Maximum WebSockets with a buffer of their own, which they hold until their next read. */
const lentToSockets = 256
/** The maximum of a TLS record counts as big. */
const bigRead = 16 * 1024
/** Reads for which a WebSocket keeps its buffer after a big one. */
const keptReads = 16
/** Free buffers kept for the next big body. */
const kept = 64

class PooledBuffer {
  readonly memory = Buffer.allocUnsafeSlow(size)
  /** Users of this memory: readers of its bytes and the connection that reads into it. */
  #users = 0

  use(): void {
    this.#users++
  }

  readonly leave = (): void => {
    if (--this.#users === 0 && free.length < kept) free.push(this)
  }

  get isShared(): boolean {
    return this.#users > 1
  }
}

const free: PooledBuffer[] = []
const common = new PooledBuffer()
// Never returns to the pool.
common.use()

let lent = 0

/** The read buffer of one connection. */
export class ReadBuffer {
  #place = common
  #isBig = false
  #isLent = false
  #readsLeft = 0

  /** The destination of the next read; `onread` asks after every read. */
  readonly next = (): Buffer => {
    if (!this.#isBig) {
      if (this.#place !== common) this.drop()
    } else if (this.#place === common || this.#place.isShared) {
      if (this.#place !== common) this.#place.leave()
      this.#place = free.pop() ?? new PooledBuffer()
      this.#place.use()
    }
    return this.#place.memory
  }

  /** A big body follows or has ended; applies from the next read. */
  set isBig(value: boolean) {
    this.#isBig = value
  }

  /** Notes `length` bytes of a WebSocket. Big reads earn it a buffer of its own for a while, if available. */
  noteRead(length: number): void {
    this.#readsLeft = length >= bigRead ? keptReads : Math.max(0, this.#readsLeft - 1)
    const wants = this.#readsLeft > 0
    if (wants === this.#isLent || (wants && lent >= lentToSockets)) return
    lent += wants ? 1 : -1
    this.#isLent = wants
    this.#isBig = wants
  }

  /** The first `length` bytes of the last read. */
  view(length: number): Buffer {
    return this.#place.memory.subarray(0, length)
  }

  /** Leases the last read's memory until the returned function is called, once. Null means copy now. */
  take(): (() => void) | null {
    if (this.#place === common) return null
    this.#place.use()
    return this.#place.leave
  }

  /** The connection stops reading. */
  drop(): void {
    if (this.#place !== common) this.#place.leave()
    this.#place = common
    this.#isBig = false
    if (this.#isLent) lent--
    this.#isLent = false
  }
}
