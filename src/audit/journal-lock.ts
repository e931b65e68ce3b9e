/**
 * A lock between the processes of one machine. It is a symbolic link that names its holder, so that one system call creates it. The lock of an ended process is
 * taken over.
 */
import { readlink, rename, symlink, unlink } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { hasEnded, holderName } from '../files/holder.ts'
import { standsStill, stateOf } from '../files/process-state.ts'

const patienceMs = 30_000
/** A holder that stands still is waited for so long. */
const standsMs = 1_500
/** A holder in another container or machine is unseen, and counts as ended after this time without a change. */
const foreignMs = 15_000

type State = 'taken' | 'held'

export class JournalLock {
  readonly #path: string
  #me = holderName()
  #since = Number.NEGATIVE_INFINITY
  #seen: { readonly holder: string; readonly since: number } | null = null

  constructor(path: string) {
    this.#path = path
  }

  /** Rejects with the system's error, while the holder stands still, or with `ELOCKED` after half a minute. */
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

  /** Also removes the lock of an ended process, for a later try. */
  async tryAcquire(): Promise<boolean> {
    return (await this.#take(this.#path)) === 'taken'
  }

  /** Shows others that this holder lives. False if somebody else has the lock by now. */
  async renew(): Promise<boolean> {
    if ((await readlink(this.#path).catch(() => null)) !== this.#me.text) return false
    const next = holderName()
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
    if (holder === null || !this.#hasEnded(holder)) return 'held'
    await this.#removeDead(path, holder)
    return 'held'
  }

  /**
   * Only the holder of a second lock, named after the ended process, may remove its lock, otherwise an outdated look would remove its successor's. An ended
   * process never returns, so a look under the second lock is final.
   */
  async #removeDead(path: string, holder: string): Promise<void> {
    const ticket = `${path}.${holder.slice(holder.lastIndexOf(':') + 1)}`
    if (ticket.length > path.length + 64 || (await this.#take(ticket)) === 'held') return
    if ((await readlink(path).catch(() => null)) === holder) await unlink(path).catch(() => {})
    await unlink(ticket).catch(() => {})
  }

  #hasEnded(holder: string): boolean {
    return hasEnded(holder, this.#me.place) ?? this.#isOld(holder)
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
