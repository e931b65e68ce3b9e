/** The embedded store: one LMDB environment in its own directory, shared by the machine's processes. A resolved write is on disk. */

import { join, resolve } from 'node:path'
import { type Database, getLastVersion, open, type RootDatabase } from 'lmdb'
import { type Clock, systemClock } from '../../clock.ts'
import { checkKey, checkName, checkValue, lifeMs } from '../bounds.ts'
import { StoreMisconfigured } from '../misconfigured.ts'
import { type Purpose, type Store, type StoreEntry, type StoreNotice, StoreUnreachable } from '../store.ts'
import { Subscribers } from '../subscribers.ts'
import { ChangeSignal } from './change-signal.ts'
import { commitTrouble, giveToOwner, openingTrouble, prepareDirectory, readTrouble } from './directory.ts'
import { guardExit } from './exit-guard.ts'
import { Records, secondsTo } from './records.ts'
import { checkFreeSpace, ReservedSpace } from './reserved-space.ts'
import { LmdbWrites, WriteTimeout } from './writes.ts'

/** The version of the record layout. A store with another one is refused. */
const layout = '1'
/** A slower commit means a failing disk or a stopped process. */
const commitMs = 1500
const sweepMs = 5000
const sweptAtOnce = 500
const readAtOnce = 500
/** The bytes of a sign-in. Without this space the store is not ready. */
const signInBytes = 64 * 1024

interface LmdbOptions {
  clock?: Clock
  sweepEveryMs?: number
}

/** Opens or creates the store in the directory `path`. Throws StoreMisconfigured. */
export function openLmdb(path: string, options: LmdbOptions = {}): Store {
  const directory = resolve(path)
  prepareDirectory(directory)
  try {
    const signal = new ChangeSignal(join(directory, 'bell'))
    const root = open({
      path: directory,
      noSubdir: false,
      maxDbs: 6,
      permissionsMode: 0o600,
      // Writes resolve after the sync. This costs nothing measurable.
      overlappingSync: false,
      // Without this, a failed commit rejects unhandled inside lmdb and ends the process.
      eventTurnBatching: false
    } as Parameters<typeof open>[0])
    giveToOwner(directory, ['data.mdb', 'lock.mdb', 'bell'])
    const meta = root.openDB<string, string>({ name: 'meta', encoding: 'string' })
    const found = meta.get('layout')
    if (found === undefined) meta.putSync('layout', layout)
    if (found === undefined || found === layout) return new LmdbStore(directory, root, meta, signal, options)
    signal.close()
    void root.close()
    throw new StoreMisconfigured(
      `The store in ${directory} has layout ${found}, but this release of Factorgate reads layout ${layout}. Run the release that made the store.`
    )
  } catch (error) {
    throw error instanceof StoreMisconfigured
      ? error
      : new StoreMisconfigured(openingTrouble(directory, error), { cause: error })
  }
}

class LmdbStore implements Store {
  readonly #path: string
  readonly #root: RootDatabase
  readonly #meta: Database<string, string>
  readonly #records: Records
  readonly #signal: ChangeSignal
  readonly #clock: Clock
  readonly #sweeper: NodeJS.Timeout
  readonly #reserve: ReservedSpace
  readonly #writes: LmdbWrites
  readonly #subscribers = new Subscribers()
  #lastRead = 0
  /** The log of changes cannot be read, so subscribers may cache nothing. */
  #isDeaf = false
  #closed = false

  constructor(
    path: string,
    root: RootDatabase,
    meta: Database<string, string>,
    signal: ChangeSignal,
    options: LmdbOptions
  ) {
    this.#path = path
    this.#root = root
    this.#meta = meta
    this.#signal = signal
    this.#clock = options.clock ?? systemClock
    this.#records = new Records({
      values: root.openDB({ name: 'values', encoding: 'string', useVersions: true }),
      indexes: root.openDB({ name: 'indexes', encoding: 'string', useVersions: true }),
      endings: root.openDB({ name: 'endings', encoding: 'string' }),
      changes: root.openDB({ name: 'changes', encoding: 'string' }),
      lastVersion: getLastVersion
    })
    this.#reserve = new ReservedSpace(join(path, 'data.mdb'), () => this.#lastPage())
    this.#writes = new LmdbWrites({
      probe: () => this.#commit(() => void this.#meta.put('ping', String(this.#clock())), null),
      describe: commitTrouble,
      onChange: () => {
        if (this.#writes.refusal !== null) this.#subscribers.lost()
        else if (!this.#isDeaf) this.#subscribers.ready()
      }
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
    await this.#write(value.length, () => this.#records.set(key, value, this.#endOf(life)))
  }

  async add(key: string, value: string, ttlSeconds?: number): Promise<boolean> {
    checkKey(key)
    checkValue(value)
    const life = lifeMs(ttlSeconds)
    return this.#write(value.length, () => {
      if (this.#records.live(key, this.#clock()) !== null) return false
      this.#records.set(key, value, this.#endOf(life))
      return true
    })
  }

  async take(key: string): Promise<string | null> {
    checkKey(key)
    return this.#removal(() => {
      const found = this.#records.live(key, this.#clock())
      if (found !== null) this.#records.unset(found)
      return found?.value ?? null
    })
  }

  async replace(key: string, expected: string, next: string, ttlSeconds?: number, purpose?: Purpose): Promise<boolean> {
    checkKey(key)
    checkValue(next)
    const life = lifeMs(ttlSeconds)
    const work = () => {
      const found = this.#records.live(key, this.#clock())
      if (found === null || found.value !== expected) return false
      this.#records.set(key, next, life === null ? found.endsAt : this.#endOf(life))
      return true
    }
    return purpose === 'ends access' ? this.#removal(work) : this.#write(next.length, work)
  }

  async increment(key: string, ttlSeconds?: number): Promise<number> {
    checkKey(key)
    const life = lifeMs(ttlSeconds)
    return this.#write(0, () => this.#records.count(key, this.#endOf(life), this.#clock()))
  }

  async delete(key: string, expected?: string): Promise<boolean> {
    checkKey(key)
    return this.#removal(() => {
      const found = this.#records.live(key, this.#clock())
      if (found === null || (expected !== undefined && found.value !== expected)) return false
      this.#records.unset(found)
      return true
    })
  }

  async link(key: string, member: string, ttlSeconds?: number): Promise<void> {
    checkName(key, 'index')
    checkName(member, 'member')
    const life = lifeMs(ttlSeconds)
    await this.#write(0, () => this.#records.link(key, member, this.#endOf(life)))
  }

  async unlink(key: string, member: string): Promise<void> {
    checkName(key, 'index')
    checkName(member, 'member')
    await this.#removal(() => this.#records.unlink(key, member))
  }

  async members(key: string): Promise<string[]> {
    checkName(key, 'index')
    return this.#read(() => this.#records.members(key, this.#clock()).map(({ member }) => member))
  }

  async subscribe(prefix: string, listener: (notice: StoreNotice) => void): Promise<() => void> {
    return this.#read(() => {
      if (this.#subscribers.size === 0) {
        this.#root.resetReadTxn()
        this.#lastRead = this.#records.lastChange()
        this.#signal.listen(() => this.#readChanges())
        this.#writes.start()
      } else this.#readChanges() // earlier changes are no news to the first subscriber
      return this.#subscribers.add(prefix, listener)
    })
  }

  async *scan(prefix: string): AsyncIterable<StoreEntry> {
    let after: string | null = null
    for (;;) {
      const now = this.#clock()
      // The scan reads page by page, so that no read transaction stays open.
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
    await this.#reported(async () => checkFreeSpace(this.#path, signInBytes))
    await this.#write(0, () => void this.#meta.put('ping', String(this.#clock())))
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#sweeper)
    this.#signal.close()
    this.#writes.stop()
    this.#subscribers.clear()
    await this.#root.close()
    this.#reserve.close()
  }

  #endOf(life: number | null): number {
    return life === null ? 0 : this.#clock() + life
  }

  #readChanges(): void {
    if (this.#closed || this.#subscribers.size === 0) return
    let keys: string[] | null
    try {
      keys = this.#newChanges()
    } catch {
      // The file is damaged. Whatever needs it says so.
      if (!this.#isDeaf) this.#subscribers.lost()
      this.#isDeaf = true
      return
    }
    if (this.#isDeaf && this.#writes.refusal === null) this.#subscribers.ready()
    this.#isDeaf = false
    // The log was trimmed, or the files were replaced.
    if (keys === null) this.#subscribers.missed()
    else for (const key of keys) this.#subscribers.changed(key)
  }

  #newChanges(): string[] | null {
    this.#root.resetReadTxn()
    const last = this.#records.lastChange()
    if (last === this.#lastRead) return []
    const keys = this.#records.changes(this.#lastRead + 1, last)
    this.#lastRead = last
    return keys
  }

  async #sweep(): Promise<void> {
    try {
      while (!this.#closed && this.#records.isDue(this.#clock()))
        await this.#removal(() => this.#records.sweep(this.#clock(), sweptAtOnce))
      // Without this, a killed reader would keep old pages from being reused.
      if (!this.#closed) this.#root.readerCheck()
    } catch {
      // Other operations and `ping` report write errors. The next round sweeps.
    }
  }

  #read<T>(work: () => T): T {
    if (this.#closed) throw this.#unreachable('it is closed')
    if (this.#writes.refusal !== null) throw this.#unreachable(this.#writes.refusal)
    try {
      return work()
    } catch (error) {
      // A failed read spoils its transaction for all that follow, and hides their own reasons.
      this.#root.resetReadTxn()
      throw this.#unreachable(readTrouble(error), error)
    }
  }

  #write<T>(characters: number, work: () => T): Promise<T> {
    return this.#reported(() => this.#commit(work, characters * 3))
  }

  /** It may use the reserve. */
  #removal<T>(work: () => T): Promise<T> {
    return this.#reported(() => this.#commit(work, null))
  }

  async #reported<T>(commit: () => Promise<T>): Promise<T> {
    if (this.#closed) throw this.#unreachable('it is closed')
    try {
      return await commit()
    } catch (error) {
      if (error instanceof StoreUnreachable) throw error
      this.#writes.suspect()
      throw this.#unreachable(await commitTrouble(error), error)
    }
  }

  /** Resolves after the sync and the notices. With `bytes` null it may use the reserve. */
  async #commit<T>(work: () => T, bytes: number | null): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    let hasChanges = false
    const ended = bytes === null ? null : this.#reserve.begin(bytes)
    // This is read before the transaction, since LMDB's counts are unavailable inside it.
    const isShort = ended !== null && !this.#reserve.suffices
    const transaction = this.#root.transaction(() => {
      if (isShort) this.#reserve.extend()
      const logged = this.#records.logged
      const result = work()
      hasChanges = this.#records.logged !== logged
      return result
    })
    const committed = guardExit(transaction)
      .then(result => {
        if (hasChanges && !this.#closed) {
          this.#signal.send()
          this.#readChanges()
        }
        return result
      })
      .finally(() => ended?.())
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new WriteTimeout('a write takes too long: the disk, or another process, holds it up')),
        commitMs
      )
    })
    try {
      return await Promise.race([committed, late])
    } finally {
      clearTimeout(timer)
      committed.catch(() => {})
    }
  }

  #lastPage(): number {
    return (this.#root.getStats() as { lastPageNumber: number }).lastPageNumber
  }

  #unreachable(why: string, cause?: unknown): StoreUnreachable {
    return new StoreUnreachable(`The store in ${this.#path} does not answer: ${why}.`, { cause })
  }
}
