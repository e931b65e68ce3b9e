/**
 * A file that one process touches and the others watch: the way several processes on one machine tell each other that there
 * is something new to read. Owns the file, the watch and the slow look that covers for a watch that hears nothing (network
 * file systems, exhausted inotify). Carries no news itself, so a lost or doubled ring does no harm.
 */

import { closeSync, constants, type FSWatcher, openSync, watch, write, writeSync } from 'node:fs'

/** How often to look without having heard anything. */
const lookMs = 1000
/** The same where no watch can be had. */
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

  /** Throws what the file system says if the file cannot be written. */
  constructor(path: string) {
    this.#path = path
    // No link is followed: root may open the store of another user.
    // Not in append mode, which would ignore the position and let the file grow by every ring.
    this.#file = openSync(
      path,
      constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK,
      0o600
    )
    try {
      writeSync(this.#file, ink, 0, 1, 0)
    } catch (error) {
      // On a full disk a new bell stays empty. The others look by themselves once a second.
      if (!fullDisk.includes((error as NodeJS.ErrnoException).code ?? '')) {
        closeSync(this.#file)
        throw error
      }
    }
  }

  /** Calls `heard` after every ring, and now and then without one. Never keeps the process alive. */
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

  /** Returns at once. Rings in quick succession are one. A ring that fails is made good by the others' slow look. */
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
    if (!this.#ringing) closeSync(this.#file) // otherwise the ring under way closes it
  }

  #look(heard: () => void, everyMs: number): void {
    clearInterval(this.#timer)
    if (!this.#closed) this.#timer = setInterval(heard, everyMs).unref()
  }
}
