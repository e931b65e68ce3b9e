/**
 * Where a transaction begins. lmdb-js 3.5.6 writes the newest commit that it has read into lock.mdb whenever it opens a store, without the lock of
 * writers (mdb.c: mdb_env_open2). If another process commits in between, the next transaction begins at an older state. It would undo that
 * commit, and give pages away that are in use. So each transaction compares before it writes, and puts the number right.
 */
import type { NewestCommits } from './open-files.ts'
import type { WriteLock } from './write-lock.ts'

/** What is needed of an open environment. */
export interface Transactions {
  /** The number of the running transaction, one more than that of the commit at which it began. */
  getWriteTxnId(): number
  transactionSync<T>(work: () => T): T
}

/** What a transaction returns that began at an older state. */
export const older = Symbol('older')

const maxTries = 100
const neverNewest = 'each transaction began at an older state'

export class TransactionStart {
  readonly #root: Transactions
  readonly #lock: WriteLock
  readonly #newest: () => NewestCommits

  constructor(root: Transactions, lock: WriteLock, newest: () => NewestCommits) {
    this.#root = root
    this.#lock = lock
    this.#newest = newest
  }

  /**
   * Call it within a transaction, before its first write, with what was read in it. False if the transaction began at an older state: then it
   * must write nothing, and the next one begins at the newest.
   */
  isNewest({ known, written }: NewestCommits): boolean {
    if (written === null) return true
    // Whoever opens a store names an older commit, never a newer one. So the file was overwritten, and the next write says that (open-files.ts).
    if (known !== null && known > written) return true
    if (known !== written) this.#lock.commit = written
    return BigInt(this.#root.getWriteTxnId()) === written + 1n
  }

  /** Runs `transact` until its transaction began at the newest state. `transact` returns `older` if it did not. */
  async retry<T>(transact: () => Promise<T | typeof older>): Promise<T> {
    for (let tries = 0; tries < maxTries; tries++) {
      const result = await transact()
      if (result !== older) return result
    }
    throw new Error(neverNewest)
  }

  /** Runs `work` in a transaction that begins at the newest state, without the event loop. It waits for other writers. */
  inNewest<T>(work: () => T): T {
    for (let tries = 0; tries < maxTries; tries++) {
      const result = this.#root.transactionSync(() => (this.isNewest(this.#newest()) ? work() : older))
      if (result !== older) return result
    }
    throw new Error(neverNewest)
  }
}
