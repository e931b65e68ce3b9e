/** Reused read buffers of upstream connections. Small reads share one and are copied; big bodies get pooled buffers. */

const size = 64 * 1024
/** Maximum of buffers that WebSockets hold: an idle one does not return its buffer. */
const lentToSockets = 256
/** The size of the largest TLS record. */
const bigRead = 16 * 1024
/** Number of small reads after which a WebSocket returns its buffer. */
const keptReads = 16
const kept = 64

class PooledBuffer {
  readonly memory = Buffer.allocUnsafeSlow(size)
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
// This user never leaves, so the buffer never returns to the pool.
common.use()

let lent = 0

export class ReadBuffer {
  #buffer = common
  #isBig = false
  #isLent = false
  #readsLeft = 0

  readonly next = (): Buffer => {
    if (!this.#isBig) {
      if (this.#buffer !== common) this.drop()
    } else if (this.#buffer === common || this.#buffer.isShared) {
      if (this.#buffer !== common) this.#buffer.leave()
      this.#buffer = free.pop() ?? new PooledBuffer()
      this.#buffer.use()
    }
    return this.#buffer.memory
  }

  /** Applies from the next read. */
  set isBig(value: boolean) {
    this.#isBig = value
  }

  /** Gives a WebSocket its own buffer after a big read, and takes it back after enough small ones. */
  noteRead(length: number): void {
    this.#readsLeft = length >= bigRead ? keptReads : Math.max(0, this.#readsLeft - 1)
    const wants = this.#readsLeft > 0
    if (wants === this.#isLent || (wants && lent >= lentToSockets)) return
    lent += wants ? 1 : -1
    this.#isLent = wants
    this.#isBig = wants
  }

  view(length: number): Buffer {
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
    if (this.#isLent) lent--
    this.#isLent = false
  }
}
