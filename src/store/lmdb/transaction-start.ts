/**
 * Where a transaction begins. lmdb-js 3.5.6 writes the newest commit that it has read into lock.mdb whenever it opens a store, without the lock of writers
 * (mdb.c: mdb_env_open2). If another process commits in between, the next transaction begins at an older state, undoes that commit and gives pages away that
 * are in use. So each transaction compares first, and puts the number right.
 */
import type { NewestCommits } from './open-files.ts'
import type { WriteLock } from './write-lock.ts'

export interface Transactions {
  /** It is one more than the commit at which the transaction began. */
  getWriteTxnId(): number
  transactionSync<T>(work: () => T): T
}

/** Returned by a transaction that began at an older state. */
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

  /** Call it within a transaction, before its first write. If false, the transaction must write nothing, and the next one begins at the newest state. */
  isNewest({ known, written }: NewestCommits): boolean {
    if (written === null) return true
    // Opening never names a newer commit, so the file was overwritten. The next write says so (open-files.ts).
    if (known !== null && known > written) return true
    if (known !== written) this.#lock.commit = written
    return BigInt(this.#root.getWriteTxnId()) === written + 1n
  }

  async retry<T>(transact: () => Promise<T | typeof older>): Promise<T> {
    for (let tries = 0; tries < maxTries; tries++) {
      const result = await transact()
      if (result !== older) return result
    }
    throw new Error(neverNewest)
  }

  /** Waits for other writers, and blocks the event loop. */
  inNewest<T>(work: () => T): T {
    for (let tries = 0; tries < maxTries; tries++) {
      const result = this.#root.transactionSync(() => (this.isNewest(this.#newest()) ? work() : older))
      if (result !== older) return result
    }
    throw new Error(neverNewest)
  }
}
