/** The files of a store's directory as they were opened. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { type Database, getLastVersion, open, type RootDatabase } from 'lmdb'
import { sharedFileSystem } from '../../files/shared-file-system.ts'
import { StoreMisconfigured } from '../misconfigured.ts'
import { StoreUnreachable } from '../store.ts'
import { ChangeSignal } from './change-signal.ts'
import { giveToOwner, lostWrite, makeLockFile, openingTrouble, prepareDirectory, readTrouble } from './directory.ts'
import { type NewestCommits, OpenFiles } from './open-files.ts'
import { OpeningMark } from './opening-mark.ts'
import { Records } from './records.ts'
import { ReservedSpace } from './reserved-space.ts'
import { TransactionStart, type Transactions } from './transaction-start.ts'
import { commitOf } from './whole-file.ts'
import { WriteLock } from './write-lock.ts'

/** A store with another layout is refused. */
const layout = '1'
/** Opening waits so long for a process that holds the lock of writers: one that stands still, and one that runs. */
const waitMs = { stands: 1500, holds: 15_000 } as const
/** A read is tried so often without the lock of writers. */
const readTries = 2

/** LMDB would believe a copy that was put over the file of an open store. */
function overwritten(directory: string, lock: WriteLock): string | null {
  // In this order: a commit that comes in between is in data.mdb first.
  const known = lock.commit
  const found = commitOf(join(directory, 'data.mdb'))
  if (found === null || known === null || found >= known) return null
  const pid = lock.user
  // The lock file is older than the start of the machine, or of the last process.
  if (pid === null) return null
  return `its file data.mdb was overwritten while process ${pid} had it open, and what is in it is of another time; stop that process, then put the right file there`
}

function unreachable(directory: string, why: string): StoreUnreachable {
  return new StoreUnreachable(`The store in ${directory} cannot be opened: ${why}.`)
}

/** LMDB ends the process where it cannot map a file, so another process tries first. */
function checkMapping(directory: string): void {
  if (sharedFileSystem(directory) === null) return
  const trial = mkdtempSync(join(directory, 'trial.'))
  try {
    const driver = JSON.stringify(import.meta.resolve('lmdb'))
    const program = `import { open } from ${driver}; open({ path: ${JSON.stringify(trial)}, noSubdir: false })`
    const { signal } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { stdio: 'ignore', env: {} })
    if (signal !== null) throw Object.assign(new Error('LMDB fails there'), { code: 'ENODEV' })
  } finally {
    rmSync(trial, { recursive: true, force: true })
  }
}

/** lmdb-js prints each failed commit with its stack. */
let isQuiet = false
function quietDriver(): void {
  if (isQuiet) return
  isQuiet = true
  const print = console.error
  console.error = (...said: unknown[]) => {
    const [first] = said
    const isCommitError = first instanceof Error && typeof (first as { code?: unknown }).code === 'number'
    if (!isCommitError || said.length > 1) print(...said)
  }
}

export class Environment {
  readonly root: RootDatabase
  readonly meta: Database<string, string>
  readonly records: Records
  readonly signal: ChangeSignal
  readonly reserve: ReservedSpace
  readonly files: OpenFiles
  readonly lock: WriteLock
  readonly start: TransactionStart
  readonly mark: OpeningMark
  static #openCount = 0
  #isClosing = false

  private constructor(directory: string, root: RootDatabase, signal: ChangeSignal, lock: WriteLock, mark: OpeningMark) {
    this.root = root
    this.lock = lock
    this.mark = mark
    this.signal = signal
    this.reserve = new ReservedSpace(join(directory, 'data.mdb'))
    const newest = () => this.newestCommits
    this.start = new TransactionStart(root as RootDatabase & Transactions, lock, newest)
    this.start.inNewest(() => {})
    this.meta = root.openDB({ name: 'meta', encoding: 'string' })
    const found = this.meta.get('layout')
    if (found === undefined) this.meta.putSync('layout', layout)
    else if (found !== layout) {
      this.reserve.close()
      throw new StoreMisconfigured(
        `The store in ${directory} has layout ${found}, but this release of Factorgate reads layout ${layout}. Run the release that made the store.`
      )
    }
    this.records = new Records({
      values: root.openDB({ name: 'values', encoding: 'string', useVersions: true }),
      indexes: root.openDB({ name: 'indexes', encoding: 'string', useVersions: true }),
      endings: root.openDB({ name: 'endings', encoding: 'string' }),
      changes: root.openDB({ name: 'changes', encoding: 'string' }),
      lastVersion: getLastVersion
    })
    this.files = new OpenFiles(directory, this.reserve.fileId, { newest, isOpening: () => mark.isThere })
    Environment.#openCount++
  }

  /** Throws StoreMisconfigured, or StoreUnreachable while another process holds it up. */
  static open(directory: string): Environment {
    prepareDirectory(directory, Environment.#openCount > 0)
    const lock = new WriteLock(directory)
    const mark = new OpeningMark(directory)
    const late = lock.waitNow(waitMs.stands, waitMs.holds) ?? mark.set(waitMs.holds)
    if (late !== null) {
      lock.close()
      throw unreachable(directory, late)
    }
    try {
      return Environment.#openMarked(directory, lock, mark)
    } finally {
      mark.clear()
    }
  }

  static #openMarked(directory: string, lock: WriteLock, mark: OpeningMark): Environment {
    const why = overwritten(directory, lock)
    if (why !== null) {
      lock.close()
      throw unreachable(directory, why)
    }
    quietDriver()
    let signal: ChangeSignal | undefined
    let root: RootDatabase | undefined
    try {
      if (Environment.#openCount === 0) checkMapping(directory)
      makeLockFile(directory)
      signal = new ChangeSignal(join(directory, 'bell'))
      root = open({
        path: directory,
        noSubdir: false,
        maxDbs: 6,
        permissionsMode: 0o600,
        // Writes resolve after the sync. This costs nothing measurable.
        overlappingSync: false,
        // Otherwise a failed commit rejects unhandled inside lmdb and ends the process.
        eventTurnBatching: false
      } as Parameters<typeof open>[0])
      giveToOwner(directory, ['data.mdb', 'lock.mdb', 'bell'])
      return new Environment(directory, root, signal, lock, mark)
    } catch (error) {
      signal?.close()
      if (root === undefined) lock.close()
      else
        void root
          .close()
          .catch(() => {})
          .finally(() => lock.close())
      throw error instanceof StoreMisconfigured || error instanceof StoreUnreachable
        ? error
        : new StoreMisconfigured(openingTrouble(directory, error), { cause: error })
    }
  }

  /** While a process opens the store, a read may see an older state. Then `work` runs again, so it must change nothing. */
  read<T>(work: () => T): T {
    for (let tries = 0; tries < readTries; tries++) {
      const isDisturbed = this.mark.watch()
      try {
        const result = work()
        if (!isDisturbed()) return result
      } catch (error) {
        // A page of an older state may be in use again.
        if (!isDisturbed()) throw error
      }
      this.root.resetReadTxn()
    }
    // A writer that stands still commits nothing.
    if (this.lock.standstill !== null) return work()
    return this.start.inNewest(() => {
      this.mark.clearIfLeft()
      return work()
    })
  }

  get newestCommits(): NewestCommits {
    const known = this.lock.commit
    return { known, written: this.reserve.commit }
  }

  /** Touches no page, since pages may be of other files. */
  hasLostWrite(): boolean {
    if (this.#isClosing || this.files.troubleWithin(null) !== null) return false
    this.root.resetReadTxn()
    try {
      this.root.useReadTransaction().done()
      return false
    } catch (error) {
      return readTrouble(error) === lostWrite
    } finally {
      this.root.resetReadTxn()
    }
  }

  /** It gives up where a write waits for a process that stands still. `isLost`: a write in flight never ends. */
  async close(isLost = false): Promise<void> {
    this.#isClosing = true
    this.signal.close()
    const closed = this.#close()
    if (isLost) {
      closed.catch(() => {})
      return
    }
    while (!(await Promise.race([closed, setTimeout(waitMs.stands, false, { ref: false })])))
      if (this.lock.standstill !== null) return
  }

  async #close(): Promise<true> {
    await this.root.close()
    this.reserve.close()
    this.lock.close()
    Environment.#openCount--
    return true
  }
}
