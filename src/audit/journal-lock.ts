/**
 * A lock between the processes of one machine, held during one write. It is a symbolic link whose target names its holder, so that one
 * system call creates it. The lock of an ended process is taken over.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { readFile, readlink, rename, symlink, unlink } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { standsStill, stateOf } from '../files/process-state.ts'

/** The longest wait, in milliseconds. */
const patienceMs = 30_000
/** A holder that stands still is waited for as long as this, in milliseconds. */
const standsMs = 1_500
/** A holder in another container or machine cannot be checked; it counts as ended after this time without a change. */
const foreignMs = 15_000

type State = 'taken' | 'held'

export class JournalLock {
  readonly #path: string
  #me = identity()
  #since = Number.NEGATIVE_INFINITY
  /** The unverifiable holder, and the time of its first sight. */
  #seen: { readonly holder: string; readonly since: number } | null = null

  constructor(path: string) {
    this.#path = path
  }

  /** Resolves when this process holds the lock. Rejects with the system's error, while its holder stands still, or with `ELOCKED` after half a minute. */
  async acquire(): Promise<void> {
    const began = performance.now()
    let stillSince: number | null = null
    for (let turn = 0; (await this.#take(this.#path)) === 'held'; turn++) {
      const now = performance.now()
      if (now - began > patienceMs) throw await this.#tooLong()
      const still = turn > 20 ? await this.#standstill() : null
      stillSince = still === null ? null : (stillSince ?? now)
      if (still !== null && stillSince !== null && now - stillSince > standsMs) throw still
      await pause(Math.min(1 + turn, 25))
    }
    this.#since = performance.now()
  }

  /** Rejects if `acquire` would, because the holder stands still. */
  async check(): Promise<void> {
    for (const began = performance.now(); ; await pause(25)) {
      const still = await this.#standstill()
      if (still === null) return
      if (performance.now() - began > standsMs) throw still
    }
  }

  async #standstill(): Promise<Error | null> {
    const [place, pid] = (await readlink(this.#path).catch(() => '')).split(':')
    if (place !== this.#me.place || !stateOf(Number(pid))?.isStill) return null
    return new Error(standsStill(Number(pid), `and holds the lock ${this.#path}`))
  }

  /** True if this process holds the lock now. It removes the lock of an ended process, and gets it at a later try. */
  async tryAcquire(): Promise<boolean> {
    return (await this.#take(this.#path)) === 'taken'
  }

  /** Changes the lock, so that holders elsewhere see that this one lives. False if somebody else has it by now. */
  async renew(): Promise<boolean> {
    if ((await readlink(this.#path).catch(() => null)) !== this.#me.text) return false
    const next = identity()
    const fresh = `${this.#path}.${next.text.slice(next.text.lastIndexOf(':') + 1)}`
    await symlink(next.text, fresh)
    await rename(fresh, this.#path)
    this.#me = next
    return true
  }

  async release(): Promise<void> {
    if (performance.now() - this.#since < foreignMs / 2) return unlink(this.#path).catch(() => {})
    // Another machine may have taken it over from a hung process.
    if ((await readlink(this.#path).catch(() => null)) === this.#me.text) await unlink(this.#path).catch(() => {})
  }

  async #take(path: string): Promise<State> {
    try {
      await symlink(this.#me.text, path)
      return 'taken'
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const holder = await readlink(path).catch(() => null)
    if (holder === null || !(await this.#hasEnded(holder))) return 'held'
    await this.#removeDead(path, holder)
    return 'held'
  }

  /**
   * Removes the lock of an ended process. Only the holder of a second lock, named after that process, may remove it, otherwise a process
   * with an outdated look would remove its successor's lock. An ended process never returns, so a look under the second lock is final.
   */
  async #removeDead(path: string, holder: string): Promise<void> {
    const ticket = `${path}.${holder.slice(holder.lastIndexOf(':') + 1)}`
    if (ticket.length > path.length + 64 || (await this.#take(ticket)) === 'held') return
    if ((await readlink(path).catch(() => null)) === holder) await unlink(path).catch(() => {})
    await unlink(ticket).catch(() => {})
  }

  async #hasEnded(holder: string): Promise<boolean> {
    const [place, pid, start] = holder.split(':')
    if (place !== this.#me.place || pid === undefined) return this.#isOld(holder)
    const isThere = isRunning(Number(pid))
    if (!isThere || start === '') return !isThere
    const found = await startOf(pid)
    // The process ended during the look and has no file any more; the next look notices.
    return found !== null && found !== start
  }

  #isOld(holder: string): boolean {
    if (this.#seen?.holder !== holder) this.#seen = { holder, since: performance.now() }
    return performance.now() - this.#seen.since > foreignMs
  }

  async #tooLong(): Promise<Error> {
    const holder = await readlink(this.#path).catch(() => '')
    const by = holder.split(':')[1] ?? 'unknown'
    return Object.assign(new Error(`process ${by} holds the lock ${this.#path}`), { code: 'ELOCKED' })
  }
}

/** `place:pid:start:random`. The place is the machine's boot and the PID namespace. */
function identity(): { readonly text: string; readonly place: string } {
  const place = `${bootId()}-${pidNamespace()}`
  const start = started(read(`/proc/${process.pid}/stat`) ?? '') ?? ''
  return { place, text: `${place}:${process.pid}:${start}:${randomBytes(6).toString('hex')}` }
}

function bootId(): string {
  return read('/proc/sys/kernel/random/boot_id')?.slice(0, 13) ?? 'here'
}

function pidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0'
  } catch {
    return '0'
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** The start of a process, because PIDs are reused. `ended` for a zombie. */
async function startOf(pid: string): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  return stat === null ? null : started(stat)
}

/** proc_pid_stat(5): field 3 is the state, field 22 the start. The name in field 2 may contain anything. */
function started(stat: string): string | null {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : (fields[19] ?? null)
}
