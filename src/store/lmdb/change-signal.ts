/**
 * A file that processes touch and watch to announce entries in the log of changes. It carries no data, so a lost
 * signal does no harm; polling covers for watches that fail (network file systems, exhausted inotify).
 */

import { closeSync, constants, type FSWatcher, openSync, watch, write, writeSync } from 'node:fs'

/** Polling interval with a watch. */
const lookMs = 1000
/** Polling interval without a watch. */
const lookWithoutWatchMs = 200

const ink = Buffer.from('!')
const fullDisk = ['ENOSPC', 'EDQUOT', 'EFBIG']

export class Doorbell {
  readonly #path: string
  readonly #file: number
  #watcher: FSWatcher | undefined
  #timer: NodeJS.Timeout | undefined
  #ringing = false
  #again = false
  #closed = false

  /** Throws the system's error if the file cannot be written. */
  constructor(path: string) {
    this.#path = path
    // Follows no link, because root may open another user's store. Append mode would grow the file.
    this.#file = openSync(
      path,
      constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK,
      0o600
    )
    try {
      writeSync(this.#file, ink, 0, 1, 0)
    } catch (error) {
      if (!fullDisk.includes((error as NodeJS.ErrnoException).code ?? '')) {
        closeSync(this.#file)
        throw error
      }
    }
  }

  /** Calls `heard` after signals and at each poll. Does not keep the process alive. */
  listen(heard: () => void): void {
    if (this.#timer !== undefined || this.#closed) return
    try {
      this.#watcher = watch(this.#path, { persistent: false }, heard)
      this.#watcher.on('error', () => {
        this.#watcher?.close()
        this.#look(heard, lookWithoutWatchMs)
      })
      this.#look(heard, lookMs)
    } catch {
      this.#look(heard, lookWithoutWatchMs)
    }
  }

  /** Signals in quick succession are merged; polling makes up for a failed one. */
  ring(): void {
    if (this.#closed) return
    if (this.#ringing) {
      this.#again = true
      return
    }
    this.#ringing = true
    write(this.#file, ink, 0, 1, 0, () => {
      this.#ringing = false
      if (this.#closed) closeSync(this.#file)
      else if (this.#again) {
        this.#again = false
        this.ring()
      }
    })
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#watcher?.close()
    clearInterval(this.#timer)
    if (!this.#ringing) closeSync(this.#file) // otherwise the pending write closes it
  }

  #look(heard: () => void, everyMs: number): void {
    clearInterval(this.#timer)
    if (!this.#closed) this.#timer = setInterval(heard, everyMs).unref()
  }
}
