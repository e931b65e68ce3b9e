/**
 * The link `opening` names the process that opens the store, one at a time. A link is made in one step, and takes no room on a full disk. Writers know by it
 * why lock.mdb may name an older commit than data.mdb (transaction-start.ts).
 */
import { lstatSync, readlinkSync, statSync, symlinkSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../clock.ts'
import { hasEnded, holderName, pidOf } from '../../files/holder.ts'

const lookMs = 5
/** File systems keep times in steps of two seconds at most. */
const tickMs = 2500
/**
 * Opening takes milliseconds, so an older mark was left, or copied. In another container the process is unseen: its mark counts for less time than others wait,
 * so that a container starts again after a crash.
 */
const maxAgeMs = { seen: 30_000, unseen: 10_000 } as const

export class OpeningMark {
  readonly #directory: string
  readonly #path: string
  readonly #me = holderName()
  /** The time of the directory's last change, if no mark was seen after it. */
  #quietAt: number | null = null

  constructor(directory: string) {
    this.#directory = directory
    this.#path = join(directory, 'opening')
  }

  /** Also true after a process that was killed in between. */
  get isThere(): boolean {
    try {
      return lstatSync(this.#path, { throwIfNoEntry: false }) !== undefined
    } catch {
      return false
    }
  }

  /** Call it before a read. The returned function says after the read whether a process may have opened the store. */
  watch(): () => boolean {
    if (this.#quietAt !== null)
      return () => {
        if (this.#changedAt === this.#quietAt) return false
        this.#quietAt = null
        return true
      }
    const before = this.#changedAt
    return () => {
      if (this.isThere || this.#changedAt !== before) return true
      if (systemClock() - before > tickMs) this.#quietAt = before
      return false
    }
  }

  get #changedAt(): number {
    try {
      return statSync(this.#directory, { throwIfNoEntry: false })?.mtimeMs ?? 0
    } catch {
      return 0
    }
  }

  /** Waits in milliseconds, and blocks the event loop. Returns why others do not finish, as the end of a sentence. */
  set(waitMs: number): string | null {
    const pause = new Int32Array(new SharedArrayBuffer(4))
    for (let waited = 0; !this.#make(); waited += lookMs) {
      const pid = this.#process()
      if (pid === null) {
        if (!this.#remove())
          return `a process that has ended left the link ${this.#path}, and this user may not remove it; remove it as root`
      } else if (waited >= waitMs)
        return `process ${pid} has been opening it for ${Math.round(waitMs / 1000)} s; end that process (kill -KILL ${pid}), or, if it is another program, remove ${this.#path}`
      else Atomics.wait(pause, 0, 0, lookMs)
    }
    return null
  }

  clear(): void {
    // After a long stop, the link may be another process's.
    if (this.#content() === this.#me.text) this.#remove()
  }

  /** Removes the mark of a killed process. */
  clearIfLeft(): void {
    if (this.isThere && this.#process() === null) this.#remove()
  }

  #remove(): boolean {
    try {
      unlinkSync(this.#path)
      return true
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT'
    }
  }

  #content(): string | null {
    try {
      return readlinkSync(this.#path)
    } catch {
      return null
    }
  }

  /** False if there is one. Where the disk takes no links, nobody is told. */
  #make(): boolean {
    try {
      symlinkSync(this.#me.text, this.#path)
      return true
    } catch (error) {
      return (error as NodeJS.ErrnoException).code !== 'EEXIST'
    }
  }

  /** The id of the process that opens the store; null if it has ended. */
  #process(): number | null {
    try {
      const holder = readlinkSync(this.#path)
      const isOver = hasEnded(holder, this.#me.place)
      // The clock may have been put back.
      const ageMs = Math.abs(systemClock() - lstatSync(this.#path).mtimeMs)
      if (isOver === true || ageMs > (isOver === null ? maxAgeMs.unseen : maxAgeMs.seen)) return null
      const pid = pidOf(holder)
      // This process opens one store after the other, so it has left this link.
      return isOver === false && pid === process.pid ? null : pid
    } catch {
      return null
    }
  }
}
