/** The embedded store: one LMDB environment, shared by the machine's processes. A resolved write is on disk. */
import { resolve } from 'node:path'
import { type Clock, systemClock } from '../../clock.ts'
import { checkFreeSpace } from '../../files/free-space.ts'
import { checkKey, checkName, checkValue, lifeMs } from '../bounds.ts'
import { type Purpose, type Store, type StoreEntry, type StoreNotice, StoreUnreachable } from '../store.ts'
import { Subscribers } from '../subscribers.ts'
import { lostWrite } from './directory.ts'
import { Environment } from './environment.ts'
import { endProcess, guardExit } from './exit-guard.ts'
import { LostWrite } from './lost-write.ts'
import { secondsTo } from './records.ts'
import { older } from './transaction-start.ts'
import { LmdbWrites, WriteTimeout } from './writes.ts'

/** A slower commit means a failing disk or a stopped process. */
const commitMs = 1500
const sweepMs = 5000
const sweptAtOnce = 500
const readAtOnce = 500
/** The store is not ready with less room for a sign-in. */
const signInBytes = 64 * 1024

interface LmdbOptions {
  clock?: Clock
  sweepEveryMs?: number
  /** The disk is well again after a lost write. By default the process ends, so that it is started again. */
  onWellAgain?: (error: Error) => void
}

/** Throws StoreMisconfigured. */
export function openLmdb(path: string, options: LmdbOptions = {}): Store {
  const directory = resolve(path)
  return new LmdbStore(directory, Environment.open(directory), options)
}

/** The open files are not those in the directory. The message is the end of a sentence. */
class Displaced extends Error {
  override readonly name = 'Displaced'
}

class LmdbStore implements Store {
  readonly #path: string
  readonly #environment: Environment
  readonly #clock: Clock
  readonly #sweeper: NodeJS.Timeout
  readonly #writes: LmdbWrites
  readonly #subscribers = new Subscribers()
  #lastRead = 0
  /** The log of changes cannot be read, so subscribers may cache nothing. */
  #isDeaf = false
  /** Why the open files are not those in the directory, as the end of a sentence. */
  #displaced: string | null = null
  readonly #lost: LostWrite
  #closed = false

  constructor(path: string, environment: Environment, options: LmdbOptions) {
    this.#path = path
    this.#environment = environment
    this.#clock = options.clock ?? systemClock
    const onWellAgain = options.onWellAgain ?? endProcess
    this.#lost = new LostWrite({ path, environment, bytes: signInBytes, onWellAgain })
    this.#writes = new LmdbWrites({
      probe: () => this.#probe(),
      describe: error => this.#lost.troubleOfCommit(error),
      onChange: () => {
        if (this.#writes.refusal !== null) this.#subscribers.lost()
        else if (this.#isHeard) this.#subscribers.ready()
      }
    })
    this.#sweeper = setInterval(() => void this.#sweep(), options.sweepEveryMs ?? sweepMs).unref()
  }

  async get(key: string): Promise<string | null> {
    checkKey(key)
    return this.#read(() => this.#environment.records.live(key, this.#clock())?.value ?? null)
  }

  async put(key: string, value: string, ttlSeconds?: number): Promise<void> {
    checkKey(key)
    checkValue(value)
    const life = lifeMs(ttlSeconds)
    await this.#write(value.length, () => this.#environment.records.set(key, value, this.#endOf(life)))
  }

  async add(key: string, value: string, ttlSeconds?: number): Promise<boolean> {
    checkKey(key)
    checkValue(value)
    const life = lifeMs(ttlSeconds)
    return this.#write(value.length, () => {
      if (this.#environment.records.live(key, this.#clock()) !== null) return false
      this.#environment.records.set(key, value, this.#endOf(life))
      return true
    })
  }

  async take(key: string): Promise<string | null> {
    checkKey(key)
    return this.#removal(() => {
      const found = this.#environment.records.live(key, this.#clock())
      if (found !== null) this.#environment.records.unset(found)
      return found?.value ?? null
    })
  }

  async replace(key: string, expected: string, next: string, ttlSeconds?: number, purpose?: Purpose): Promise<boolean> {
    checkKey(key)
    checkValue(next)
    const life = lifeMs(ttlSeconds)
    const work = () => {
      const found = this.#environment.records.live(key, this.#clock())
      if (found === null || found.value !== expected) return false
      this.#environment.records.set(key, next, life === null ? found.endsAt : this.#endOf(life))
      return true
    }
    return purpose === 'ends access' ? this.#removal(work) : this.#write(next.length, work)
  }

  async increment(key: string, ttlSeconds?: number): Promise<number> {
    checkKey(key)
    const life = lifeMs(ttlSeconds)
    return this.#write(0, () => this.#environment.records.count(key, this.#endOf(life), this.#clock()))
  }

  async delete(key: string, expected?: string): Promise<boolean> {
    checkKey(key)
    return this.#removal(() => {
      const found = this.#environment.records.live(key, this.#clock())
      if (found === null || (expected !== undefined && found.value !== expected)) return false
      this.#environment.records.unset(found)
      return true
    })
  }

  async link(key: string, member: string, ttlSeconds?: number): Promise<void> {
    checkName(key, 'index')
    checkName(member, 'member')
    const life = lifeMs(ttlSeconds)
    await this.#write(0, () => this.#environment.records.link(key, member, this.#endOf(life)))
  }

  async unlink(key: string, member: string): Promise<void> {
    checkName(key, 'index')
    checkName(member, 'member')
    await this.#removal(() => this.#environment.records.unlink(key, member))
  }

  async members(key: string): Promise<string[]> {
    checkName(key, 'index')
    return this.#read(() => this.#environment.records.members(key, this.#clock()).map(({ member }) => member))
  }

  async subscribe(prefix: string, listener: (notice: StoreNotice) => void): Promise<() => void> {
    const last = this.#read(() => {
      this.#environment.root.resetReadTxn()
      return this.#environment.records.lastChange()
    })
    if (this.#subscribers.size === 0) {
      this.#listen(last)
      this.#writes.start()
    } else this.#readChanges()
    return this.#subscribers.add(prefix, listener)
  }

  async *scan(prefix: string): AsyncIterable<StoreEntry> {
    let after: string | null = null
    for (;;) {
      const now = this.#clock()
      // Reading page by page leaves no read transaction open.
      const page = this.#read(() => this.#environment.records.page(prefix, after, readAtOnce))
      for (const { key, value, endsAt } of page)
        if (endsAt === 0 || endsAt > now) yield { key, value, ttlSeconds: secondsTo(endsAt, now) }
      if (page.length < readAtOnce) return
      after = page.at(-1)?.key ?? null
    }
  }

  async *scanIndexes(prefix: string): ReturnType<Store['scanIndexes']> {
    let key = this.#read(() => this.#environment.records.nextIndex(prefix, null))
    while (key !== null) {
      const index: string = key
      const members = this.#read(() => this.#environment.records.members(index, this.#clock()))
      if (members.length > 0) yield { key: index, members }
      key = this.#read(() => this.#environment.records.nextIndex(prefix, index))
    }
  }

  async ping(): Promise<void> {
    await this.#reported(async () => {
      this.#assertInPlace()
      // The reserve hides a full disk.
      checkFreeSpace(this.#path, signInBytes)
    })
    await this.#write(0, () => void this.#environment.meta.put('ping', String(this.#clock())))
  }

  /** The log is in the file, so subscribers hear at once what they have missed. */
  distrust(): void {
    if (this.#closed || this.#subscribers.size === 0) return
    this.#checkFiles()
    this.#readChanges()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#sweeper)
    this.#writes.stop()
    this.#subscribers.clear()
    await this.#environment.close(this.#lost.isKnown)
  }

  #endOf(life: number | null): number {
    return life === null ? 0 : this.#clock() + life
  }

  #listen(last: number): void {
    this.#lastRead = last
    this.#environment.signal.listen(() => {
      if (this.#closed) return
      this.#checkFiles()
      this.#readChanges()
    })
  }

  /** True while subscribers may cache. */
  get #isHeard(): boolean {
    return !this.#isDeaf && this.#displaced === null && this.#writes.refusal === null
  }

  /** It goes on only with the very same files. */
  #checkFiles(): void {
    const wasDisplaced = this.#displaced !== null
    this.#displaced = this.#environment.files.troubleWithin(null)
    if (this.#displaced !== null && !wasDisplaced) this.#subscribers.lost()
    if (this.#displaced !== null || !wasDisplaced) return
    if (this.#isHeard) this.#subscribers.ready()
    else this.#writes.suspect()
  }

  #assertInPlace(trouble = this.#environment.files.troubleWithin(null)): void {
    if (trouble !== null) throw new Displaced(trouble)
  }

  #readChanges(): void {
    if (this.#closed || this.#displaced !== null || this.#subscribers.size === 0) return
    let keys: string[] | null
    try {
      keys = this.#newChanges()
    } catch (error) {
      // The file is damaged. Other operations say so.
      this.#lost.troubleOfRead(error)
      if (!this.#isDeaf) this.#subscribers.lost()
      this.#isDeaf = true
      return
    }
    const wasDeaf = this.#isDeaf
    this.#isDeaf = false
    if (wasDeaf && this.#isHeard) this.#subscribers.ready()
    // The log was trimmed.
    if (keys === null) this.#subscribers.missed()
    else for (const key of keys) this.#subscribers.changed(key)
  }

  #newChanges(): string[] | null {
    this.#environment.root.resetReadTxn()
    const { records } = this.#environment
    const { last, keys } = this.#environment.read(() => {
      const last = records.lastChange()
      return { last, keys: last === this.#lastRead ? [] : records.changes(this.#lastRead + 1, last) }
    })
    this.#lastRead = last
    return keys
  }

  async #sweep(): Promise<void> {
    try {
      while (!this.#closed && this.#environment.records.isDue(this.#clock()))
        await this.#removal(() => this.#environment.records.sweep(this.#clock(), sweptAtOnce))
      // Without this, a killed reader would keep old pages from being reused.
      if (!this.#closed) this.#environment.root.readerCheck()
    } catch {
      // Other operations and `ping` report write errors.
    }
  }

  #read<T>(work: () => T): T {
    if (this.#closed) throw this.#unreachable('it is closed')
    if (this.#displaced !== null) this.#checkFiles()
    const refusal = this.#displaced ?? this.#writes.refusal ?? (this.#lost.isKnown ? lostWrite : null)
    if (refusal !== null) throw this.#unreachable(refusal)
    try {
      return this.#environment.read(work)
    } catch (error) {
      // A failed read spoils its transaction for all that follow.
      this.#environment.root.resetReadTxn()
      const why = this.#lost.troubleOfRead(error)
      if (this.#lost.isKnown) this.#writes.suspect()
      throw this.#unreachable(why, error)
    }
  }

  #write<T>(characters: number, work: () => T): Promise<T> {
    return this.#reported(() => this.#commit(work, characters * 3))
  }

  #removal<T>(work: () => T): Promise<T> {
    return this.#reported(() => this.#commit(work, null))
  }

  async #reported<T>(commit: () => Promise<T>): Promise<T> {
    if (this.#closed) throw this.#unreachable('it is closed')
    try {
      return await commit()
    } catch (error) {
      if (error instanceof StoreUnreachable) throw error
      if (error instanceof Displaced && !this.#closed) this.#checkFiles()
      // First, because a probe after a lost write would begin a transaction that never ends.
      const why = await this.#lost.troubleOfCommit(error)
      this.#writes.suspect()
      throw this.#unreachable(why, error)
    }
  }

  async #probe(): Promise<void> {
    if (this.#lost.isKnown) this.#lost.probe()
    await this.#commit(() => void this.#environment.meta.put('ping', String(this.#clock())), null)
  }

  /** Resolves after the sync and the notices. With `bytes` null it may use the reserve. */
  async #commit<T>(work: () => T, bytes: number | null): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    let hasChanges = false
    // A transaction would never end.
    if (this.#lost.isKnown) throw new Error(lostWrite)
    const { files, lock, reserve, records, root, signal, start } = this.#environment
    if (lock.standstill !== null) {
      const standstill = await lock.afterStandstill(commitMs)
      if (standstill !== null) throw new WriteTimeout(standstill)
      if (this.#closed) throw this.#unreachable('it is closed')
    }
    if (this.#displaced !== null) this.#assertInPlace()
    const ended = bytes === null ? null : reserve.begin(bytes)
    // LMDB's counts are unavailable inside the transaction.
    const isShort = ended !== null && !reserve.suffices
    const transact = () => {
      // The write may have waited for other processes.
      const newest = this.#environment.newestCommits
      this.#assertInPlace(files.troubleWithin(newest))
      if (!start.isNewest(newest)) return older
      if (isShort) reserve.extend()
      const logged = records.logged
      const result = work()
      hasChanges = records.logged !== logged
      return result
    }
    const committed = guardExit(start.retry(() => root.transaction(transact)))
      .then(result => {
        // A commit to files that nobody sees is not acknowledged.
        this.#assertInPlace(files.trouble)
        if (hasChanges && !this.#closed) {
          signal.send()
          this.#readChanges()
        }
        return result
      })
      .finally(() => ended?.())
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () =>
          reject(
            new WriteTimeout(lock.standstill ?? 'a write takes too long: the disk, or another process, holds it up')
          ),
        commitMs
      )
    })
    try {
      return await Promise.race([committed, late])
    } finally {
      clearTimeout(timer)
      // Nobody waits any more for a commit that fails later.
      committed.catch(error => (error as { commitError?: Promise<unknown> }).commitError?.catch(() => {}))
    }
  }

  #unreachable(why: string, cause?: unknown): StoreUnreachable {
    return new StoreUnreachable(`The store in ${this.#path} does not answer: ${why}.`, { cause })
  }
}
