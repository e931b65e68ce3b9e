/**
 * The memory that connections to apps read into. Owns when it may be used again: what is small is read into one place for everybody and
 * copied out of it; a big body goes into places of its own, each of which comes back once its bytes are out. So bodies of any size pass
 * through without leaving anything for the garbage collector.
 */

/** As much as one read brings at most. */
const size = 64 * 1024
/** WebSockets that may have a place of their own at a time: they keep it until they next read, which can be never. */
const lentToSockets = 256
/** What a TLS record holds at most, so that it counts as much. */
const bigRead = 16 * 1024
/** Reads that a WebSocket keeps its place for, after a big one. */
const keptReads = 16
/** Places kept for the next big body; more than that are let go. */
const kept = 64

class PooledBuffer {
  readonly memory = Buffer.allocUnsafeSlow(size)
  /** Who still needs what lies here: readers of its bytes, and the connection that reads into it. */
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
// Never free.
common.use()

let lent = 0

/** Where one connection reads into. */
export class ReadBuffer {
  #place = common
  #isBig = false
  #isLent = false
  #readsLeft = 0

  /** Where the next bytes go: for `onread`, which asks after every read. */
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

  /** A big body follows, or has ended. Counts from the next read on. */
  set isBig(value: boolean) {
    this.#isBig = value
  }

  /** Of a WebSocket: `length` bytes have come. One that brings much at a time gets a place of its own, for a while, if there is one. */
  noteRead(length: number): void {
    this.#readsLeft = length >= bigRead ? keptReads : Math.max(0, this.#readsLeft - 1)
    const wants = this.#readsLeft > 0
    if (wants === this.#isLent || (wants && lent >= lentToSockets)) return
    lent += wants ? 1 : -1
    this.#isLent = wants
    this.#isBig = wants
  }

  /** The first `length` bytes of what was read last. */
  view(length: number): Buffer {
    return this.#place.memory.subarray(0, length)
  }

  /** Keeps what was read last from being overwritten; call the answer, once, when it is out. Null where it must be copied at once. */
  take(): (() => void) | null {
    if (this.#place === common) return null
    this.#place.use()
    return this.#place.leave
  }

  /** The connection reads no more, for now or for ever. */
  drop(): void {
    if (this.#place !== common) this.#place.leave()
    this.#place = common
    this.#isBig = false
    if (this.#isLent) lent--
    this.#isLent = false
  }
}
