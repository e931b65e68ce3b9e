/** One open LMDB environment: the files of a store's directory as they were opened. */
import { join } from 'node:path'
import { type Database, getLastVersion, open, type RootDatabase } from 'lmdb'
import { StoreMisconfigured } from '../misconfigured.ts'
import { ChangeSignal } from './change-signal.ts'
import { giveToOwner, openingTrouble, prepareDirectory } from './directory.ts'
import { OpenFiles } from './open-files.ts'
import { Records } from './records.ts'
import { ReservedSpace } from './reserved-space.ts'

/** The version of the record layout. A store with another one is refused. */
const layout = '1'

export class Environment {
  readonly root: RootDatabase
  readonly meta: Database<string, string>
  readonly records: Records
  readonly signal: ChangeSignal
  readonly reserve: ReservedSpace
  readonly files: OpenFiles
  static #openCount = 0

  private constructor(directory: string, root: RootDatabase, meta: Database<string, string>, signal: ChangeSignal) {
    this.root = root
    this.meta = meta
    this.signal = signal
    this.records = new Records({
      values: root.openDB({ name: 'values', encoding: 'string', useVersions: true }),
      indexes: root.openDB({ name: 'indexes', encoding: 'string', useVersions: true }),
      endings: root.openDB({ name: 'endings', encoding: 'string' }),
      changes: root.openDB({ name: 'changes', encoding: 'string' }),
      lastVersion: getLastVersion
    })
    this.reserve = new ReservedSpace(join(directory, 'data.mdb'), () => this.#lastPage())
    this.files = new OpenFiles(directory, this.reserve.fileId)
    Environment.#openCount++
  }

  /** Opens or creates the store in `directory`. Throws StoreMisconfigured. */
  static open(directory: string): Environment {
    prepareDirectory(directory, Environment.#openCount > 0)
    let signal: ChangeSignal | undefined
    let root: RootDatabase | undefined
    try {
      signal = new ChangeSignal(join(directory, 'bell'))
      root = open({
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
      if (found === undefined || found === layout) return new Environment(directory, root, meta, signal)
      throw new StoreMisconfigured(
        `The store in ${directory} has layout ${found}, but this release of Factorgate reads layout ${layout}. Run the release that made the store.`
      )
    } catch (error) {
      signal?.close()
      void root?.close().catch(() => {})
      throw error instanceof StoreMisconfigured
        ? error
        : new StoreMisconfigured(openingTrouble(directory, error), { cause: error })
    }
  }

  async close(): Promise<void> {
    this.signal.close()
    await this.root.close()
    this.reserve.close()
    Environment.#openCount--
  }

  #lastPage(): number {
    return (this.root.getStats() as { lastPageNumber: number }).lastPageNumber
  }
}
