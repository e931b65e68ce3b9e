/**
 * The embedded store: one LMDB environment in a directory of its own. Owns every use of `lmdb`. Reads are synchronous
 * underneath; a write is on the disk when its promise resolves; several processes of one machine may have it open.
 */

import { join, resolve } from 'node:path'
import { type Database, getLastVersion, open, type RootDatabase } from 'lmdb'
import { type Clock, systemClock } from '../clock.ts'
import { checkKey, checkName, checkValue, lifeMs } from './bounds.ts'
import { Doorbell } from './doorbell.ts'
import { commitTrouble, openingTrouble, prepareDirectory } from './lmdb-directory.ts'
import { Records, secondsTo } from './lmdb-records.ts'
import { type Store, type StoreEntry, type StoreNotice, StoreUnreachable } from './store.ts'
import { Subscribers } from './subscribers.ts'
import { StoreUnfit } from './unfit.ts'

/** How the records are laid out. A store of another layout is refused instead of misread. */
const layout = '1'
/** A commit that takes longer waits for a sick disk, or for another process that was stopped within a transaction. */
const commitMs = 1500
const sweepMs = 5000
const sweptAtOnce = 500
const readAtOnce = 500

export interface LmdbOptions {
  clock?: Clock
  /** How often to take out what has ended. It is absent for every verb anyway, to the millisecond. */
  sweepEveryMs?: number
}

/** Opens the store in the directory `path`, making it if there is none. Throws StoreUnfit, which says what to mend. */
export function openLmdb(path: string, options: LmdbOptions = {}): Store {
  const directory = resolve(path)
  prepareDirectory(directory)
  try {
    const bell = new Doorbell(join(directory, 'bell'))
    const root = open({
      path: directory,
      noSubdir: false,
      maxDbs: 6,
      permissionsMode: 0o600,
      // A resolved write is a synced write. Measured, that costs nothing over lmdb's default of syncing afterwards.
      overlappingSync: false,
      // Otherwise lmdb leaves a rejected promise of its own unhandled when a commit fails, and that ends the process.
      eventTurnBatching: false
    } as Parameters<typeof open>[0])
    const meta = root.openDB<string, string>({ name: 'meta', encoding: 'string' })
    const found = meta.get('layout')
    if (found === undefined) meta.putSync('layout', layout)
    if (found === undefined || found === layout) return new LmdbStore(directory, root, meta, bell, options)
    bell.close()
    void root.close()
    throw new StoreUnfit(
      `The store in ${directory} has layout ${found}; this Factorgate reads layout ${layout}. Run the one that made it.`
    )
  } catch (error) {
    throw error instanceof StoreUnfit ? error : new StoreUnfit(openingTrouble(directory, error), { cause: error })
  }
}

class LmdbStore implements Store {
  readonly #path: string
  readonly #root: RootDatabase
  readonly #meta: Database<string, string>
  readonly #records: Records
  readonly #bell: Doorbell
  readonly #clock: Clock
  readonly #sweeper: NodeJS.Timeout
  readonly #subscribers = new Subscribers()
  /** The last entry of the log of changes that the subscribers have heard. */
  #heard = 0
  #closed = false

  constructor(path: string, root: RootDatabase, meta: Database<string, string>, bell: Doorbell, options: LmdbOptions) {
    this.#path = path
    this.#root = root
    this.#meta = meta
    this.#bell = bell
    this.#clock = options.clock ?? systemClock
    this.#records = new Records({
      values: root.openDB({ name: 'values', encoding: 'string', useVersions: true }),
      indexes: root.openDB({ name: 'indexes', encoding: 'string', useVersions: true }),
      endings: root.openDB({ name: 'endings', encoding: 'string' }),
      changes: root.openDB({ name: 'changes', encoding: 'string' }),
      lastVersion: getLastVersion
    })
    this.#sweeper = setInterval(() => void this.#sweep(), options.sweepEveryMs ?? sweepMs).unref()
  }

  async get(key: string): Promise<string | null> {
    checkKey(key)
    return this.#read(() => this.#records.live(key, this.#clock())?.value ?? null)
  }

  async put(key: string, value: string, ttlSeconds?: number): Promise<void> {
    checkKey(key)
    checkValue(value)
    const life = lifeMs(ttlSeconds)
    await this.#write(() => this.#records.set(key, value, this.#endOf(life)))
  }

  async add(key: string, value: string, ttlSeconds?: number): Promise<boolean> {
    checkKey(key)
    checkValue(value)
    const life = lifeMs(ttlSeconds)
    return this.#write(() => {
      if (this.#records.live(key, this.#clock()) !== null) return false
      this.#records.set(key, value, this.#endOf(life))
      return true
    })
  }

  async take(key: string): Promise<string | null> {
    checkKey(key)
    return this.#write(() => {
      const found = this.#records.live(key, this.#clock())
      if (found !== null) this.#records.unset(found)
      return found?.value ?? null
    })
  }

  async replace(key: string, expected: string, next: string, ttlSeconds?: number): Promise<boolean> {
    checkKey(key)
    checkValue(next)
    const life = lifeMs(ttlSeconds)
    return this.#write(() => {
      const found = this.#records.live(key, this.#clock())
      if (found === null || found.value !== expected) return false
      this.#records.set(key, next, life === null ? found.endsAt : this.#endOf(life))
      return true
    })
  }

  async increment(key: string, ttlSeconds?: number): Promise<number> {
    checkKey(key)
    const life = lifeMs(ttlSeconds)
    return this.#write(() => this.#records.count(key, this.#endOf(life), this.#clock()))
  }

  async delete(key: string): Promise<boolean> {
    return (await this.take(key)) !== null
  }

  async link(key: string, member: string, ttlSeconds?: number): Promise<void> {
    checkName(key, 'index')
    checkName(member, 'member')
    const life = lifeMs(ttlSeconds)
    await this.#write(() => this.#records.link(key, member, this.#endOf(life)))
  }

  async unlink(key: string, member: string): Promise<void> {
    checkName(key, 'index')
    checkName(member, 'member')
    await this.#write(() => this.#records.unlink(key, member))
  }

  async members(key: string): Promise<string[]> {
    checkName(key, 'index')
    return this.#read(() => this.#records.members(key, this.#clock()).map(({ member }) => member))
  }

  async subscribe(prefix: string, listener: (notice: StoreNotice) => void): Promise<() => void> {
    return this.#read(() => {
      if (this.#subscribers.size === 0) {
        this.#root.resetReadTxn()
        this.#heard = this.#records.lastChange()
        this.#bell.listen(() => this.#hear())
      } else this.#hear() // what happened before is not news to the one who comes
      return this.#subscribers.add(prefix, listener)
    })
  }

  async *scan(prefix: string): AsyncIterable<StoreEntry> {
    let after: string | null = null
    for (;;) {
      const now = this.#clock()
      // Page by page, so that no read transaction stays open while the caller takes its time.
      const page = this.#read(() => this.#records.page(prefix, after, readAtOnce))
      for (const { key, value, endsAt } of page)
        if (endsAt === 0 || endsAt > now) yield { key, value, ttlSeconds: secondsTo(endsAt, now) }
      if (page.length < readAtOnce) return
      after = page.at(-1)?.key ?? null
    }
  }

  async *scanIndexes(prefix: string): ReturnType<Store['scanIndexes']> {
    let key = this.#read(() => this.#records.nextIndex(prefix, null))
    while (key !== null) {
      const index: string = key
      const members = this.#read(() => this.#records.members(index, this.#clock()))
      if (members.length > 0) yield { key: index, members }
      key = this.#read(() => this.#records.nextIndex(prefix, index))
    }
  }

  async ping(): Promise<void> {
    await this.#write(() => void this.#meta.put('ping', String(this.#clock())))
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#sweeper)
    this.#bell.close()
    this.#subscribers.clear()
    await this.#root.close()
  }

  #endOf(life: number | null): number {
    return life === null ? 0 : this.#clock() + life
  }

  /** Tells the subscribers what the log of changes holds that they have not heard, whichever process wrote it. */
  #hear(): void {
    if (this.#closed || this.#subscribers.size === 0) return
    this.#root.resetReadTxn()
    const last = this.#records.lastChange()
    if (last === this.#heard) return
    const keys = this.#records.changes(this.#heard + 1, last)
    this.#heard = last
    // The log was trimmed, or the files exchanged, before this process came to look.
    if (keys === null) this.#subscribers.missed()
    else for (const key of keys) this.#subscribers.changed(key)
  }

  async #sweep(): Promise<void> {
    try {
      while (!this.#closed && this.#records.isDue(this.#clock()))
        await this.#write(() => this.#records.sweep(this.#clock(), sweptAtOnce))
      // Otherwise a reader that was killed would keep old pages from being used again.
      if (!this.#closed) this.#root.readerCheck()
    } catch {
      // The verbs and `ping` report a store that cannot be written. The next round sweeps.
    }
  }

  #read<T>(work: () => T): T {
    if (this.#closed) throw this.#unreachable('it is closed')
    try {
      return work()
    } catch (error) {
      throw this.#unreachable((error as Error).message, error)
    }
  }

  /** Runs `work` in a transaction. Resolves once it is on the disk and this process's subscribers have heard of it. */
  async #write<T>(work: () => T): Promise<T> {
    if (this.#closed) throw this.#unreachable('it is closed')
    let timer: NodeJS.Timeout | undefined
    let isNews = false
    const committed = this.#root
      .transaction(() => {
        const logged = this.#records.logged
        const result = work()
        isNews = this.#records.logged !== logged
        return result
      })
      .then(result => {
        if (isNews && !this.#closed) {
          this.#bell.ring()
          this.#hear()
        }
        return result
      })
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error('a write takes too long: the disk, or another process, holds it up')),
        commitMs
      )
    })
    try {
      return await Promise.race([committed, late])
    } catch (error) {
      throw error instanceof StoreUnreachable ? error : this.#unreachable(await commitTrouble(error), error)
    } finally {
      clearTimeout(timer)
    }
  }

  #unreachable(why: string, cause?: unknown): StoreUnreachable {
    return new StoreUnreachable(`The store in ${this.#path} does not answer: ${why}.`, { cause })
  }
}
