/**
 * Processes touch and watch a file to announce entries in the log of changes. It has no data, so a lost signal is harmless. Polling covers for watches that
 * fail (network file systems, exhausted inotify).
 */

import { closeSync, constants, type FSWatcher, openSync, watch, write, writeSync } from 'node:fs'
import { systemCode } from '../../files/system-code.ts'

const pollMs = 1000
const pollWithoutWatchMs = 200

const content = Buffer.from('!')
const fullDisk = ['ENOSPC', 'EDQUOT', 'EFBIG']

export class ChangeSignal {
  readonly #path: string
  readonly #file: number
  #watcher: FSWatcher | undefined
  #timer: NodeJS.Timeout | undefined
  #isSending = false
  #isPending = false
  #closed = false

  /** Throws the system's error. */
  constructor(path: string) {
    this.#path = path
    // Root may open another user's store, so links are not followed. Append mode would let the file grow.
    this.#file = openSync(
      path,
      constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK,
      0o600
    )
    try {
      writeSync(this.#file, content, 0, 1, 0)
    } catch (error) {
      if (!fullDisk.includes(systemCode(error) ?? '')) {
        closeSync(this.#file)
        throw error
      }
    }
  }

  listen(onSignal: () => void): void {
    if (this.#timer !== undefined || this.#closed) return
    try {
      this.#watcher = watch(this.#path, { persistent: false }, onSignal)
      this.#watcher.on('error', () => {
        this.#watcher?.close()
        this.#poll(onSignal, pollWithoutWatchMs)
      })
      this.#poll(onSignal, pollMs)
    } catch {
      this.#poll(onSignal, pollWithoutWatchMs)
    }
  }

  send(): void {
    if (this.#closed) return
    if (this.#isSending) {
      this.#isPending = true
      return
    }
    this.#isSending = true
    write(this.#file, content, 0, 1, 0, () => {
      this.#isSending = false
      if (this.#closed) closeSync(this.#file)
      else if (this.#isPending) {
        this.#isPending = false
        this.send()
      }
    })
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#watcher?.close()
    clearInterval(this.#timer)
    // Otherwise the pending write closes the file.
    if (!this.#isSending) closeSync(this.#file)
  }

  #poll(onSignal: () => void, everyMs: number): void {
    clearInterval(this.#timer)
    if (!this.#closed) this.#timer = setInterval(onSignal, everyMs).unref()
  }
}
