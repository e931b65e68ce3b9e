/**
 * Who holds the lock of LMDB's writers. A holder that stands still (Ctrl-Z, a debugger) blocks others inside LMDB, where none of their timers runs, so they
 * look first.
 *
 * The lock is a robust mutex of the C library in lock.mdb, whose first word names the holding thread (mdb.c: MDB_txninfo). Where it cannot be read, nobody
 * seems to hold it.
 */
import { closeSync, fstatSync, openSync, readFileSync, readSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { standsStill, stateOf } from '../../files/process-state.ts'

const places: Readonly<Record<string, number>> = { x64: 64, arm64: 128 }
const at = { commit: 8, kind: 16, mutexBytes: 24 } as const
/** PTHREAD_MUTEX_ROBUST_NORMAL_NP, shared by processes. */
const robustShared = 0x90
const threadMask = 0x3fffffff
const lookMs = 50

interface Holder {
  readonly thread: number
  /** A newer commit means that the thread has taken the lock again. */
  readonly commit: bigint
}

/** Closing any descriptor of a lock file would drop this process's locks in it, so it stays open until its last user closes. */
const shared = new Map<string, { readonly file: number; users: number }>()

export class WriteLock {
  readonly #path: string
  readonly #place = process.platform === 'linux' ? places[process.arch] : undefined
  #open: { readonly id: string; readonly inode: number; readonly file: number } | null = null

  constructor(directory: string) {
    this.#path = join(directory, 'lock.mdb')
  }

  /** Why a write would wait for a process that stands still, as the end of a sentence. */
  get standstill(): string | null {
    const holder = this.#holder()
    return holder === null ? null : this.#standstillOf(holder)
  }

  /** The newest transaction that LMDB knows of; null if the file cannot be read. */
  get commit(): bigint | null {
    try {
      this.#open ??= openShared(this.#path)
      const word = Buffer.alloc(8)
      return readSync(this.#open.file, word, 0, 8, at.commit) < 8 ? null : word.readBigUInt64LE()
    } catch {
      return null
    }
  }

  /** Call it within a transaction. */
  set commit(commit: bigint) {
    if (this.#open === null) return
    const word = Buffer.alloc(8)
    word.writeBigUInt64LE(commit)
    writeSync(this.#open.file, word, 0, 8, at.commit)
  }

  /** A process that has the store open, if one is seen. */
  get user(): number | null {
    try {
      const [, pid] =
        new RegExp(`POSIX +ADVISORY +READ +(\\d+) \\S+:${this.#open?.inode} 0 0$`, 'm').exec(
          readFileSync('/proc/locks', 'utf8')
        ) ?? []
      return pid === undefined ? null : Number(pid)
    } catch {
      return null
    }
  }

  async afterStandstill(limitMs: number): Promise<string | null> {
    let trouble = this.standstill
    for (let left = limitMs; trouble !== null && left > 0; left -= lookMs) {
      await delay(lookMs, undefined, { ref: false })
      trouble = this.standstill
    }
    return trouble
  }

  /**
   * Blocks the event loop until the lock is free or changes hands. Returns why it does not, as the end of a sentence. `standMs` is for a holder that stands
   * still, `holdMs` for one that runs and commits nothing.
   */
  waitNow(standMs: number, holdMs: number): string | null {
    const pause = new Int32Array(new SharedArrayBuffer(4))
    const first = this.#holder()
    // After a crash of the machine, the file names an old thread, and LMDB makes the lock anew.
    if (first === null || this.user === null) return null
    for (let waited = 0; ; waited += lookMs) {
      const now = this.#holder()
      if (now === null || now.thread !== first.thread || now.commit !== first.commit) return null
      const trouble = waited < standMs ? null : this.#standstillOf(now)
      if (trouble !== null) return trouble
      const pid = waited < holdMs ? null : stateOf(now.thread)?.pid
      if (pid != null && this.#isMappedBy(pid))
        return `process ${pid} has been writing for ${Math.round(holdMs / 1000)} s and does not come to an end: the disk may hold it up; wait for it, or end it (kill -KILL ${pid})`
      if (waited >= holdMs) return null
      Atomics.wait(pause, 0, 0, lookMs)
    }
  }

  /** LMDB's environment must be closed before. */
  close(): void {
    if (this.#open === null) return
    const { id } = this.#open
    const entry = shared.get(id)
    this.#open = null
    if (entry === undefined || --entry.users > 0) return
    shared.delete(id)
    closeSync(entry.file)
  }

  #holder(): Holder | null {
    const place = this.#place
    if (place === undefined) return null
    try {
      this.#open ??= openShared(this.#path)
      const bytes = Buffer.alloc(place + at.mutexBytes)
      if (readSync(this.#open.file, bytes, 0, bytes.length, 0) < bytes.length) return null
      if (bytes.readUInt32LE(place + at.kind) !== robustShared) return null
      const thread = bytes.readUInt32LE(place) & threadMask
      return thread === 0 ? null : { thread, commit: bytes.readBigUInt64LE(at.commit) }
    } catch {
      // Opening the store reports this.
      return null
    }
  }

  #standstillOf({ thread }: Holder): string | null {
    const state = stateOf(thread)
    // After a new start of the machine, the number may be that of another thread.
    if (state === null || !state.isStill || !this.#isMappedBy(state.pid)) return null
    return standsStill(state.pid, 'in the middle of a write and holds up all others')
  }

  #isMappedBy(pid: number): boolean {
    try {
      const inode = String(this.#open?.inode)
      return readFileSync(`/proc/${pid}/maps`, 'utf8')
        .split('\n')
        .some(line => line.split(/\s+/)[4] === inode)
    } catch {
      // It is another user's process.
      return true
    }
  }
}

function openShared(path: string): { id: string; inode: number; file: number } {
  const known = statSync(path)
  let id = `${known.dev}:${known.ino}`
  let inode = known.ino
  let entry = shared.get(id)
  if (entry === undefined) {
    const file = openSync(path, 'r+')
    // The path may have changed meanwhile.
    const { dev, ino } = fstatSync(file)
    id = `${dev}:${ino}`
    inode = ino
    entry = { file, users: 0 }
    shared.set(id, entry)
  }
  entry.users++
  return { id, inode, file: entry.file }
}
