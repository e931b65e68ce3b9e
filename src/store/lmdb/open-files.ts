/**
 * Whether the open files of a store are those in its directory, otherwise LMDB would go on in files that no other process sees, or beside a process with
 * another table of locks. A store never opens others: two environments of one process would drop each other's locks.
 */
import { statSync } from 'node:fs'
import { join } from 'node:path'

/** Read `known` first: `written` then has the commits in between. */
export interface NewestCommits {
  /** By lock.mdb; null if it cannot be read. */
  readonly known: bigint | null
  /** By data.mdb; null if it is cut off. */
  readonly written: bigint | null
}

interface Commits {
  readonly newest: () => NewestCommits
  /** True while a process opens the store, which may set back what lock.mdb names. */
  readonly isOpening: () => boolean
}

export class OpenFiles {
  readonly #directory: string
  readonly #directoryId: string | null
  readonly #data: string
  readonly #dataId: string
  readonly #lock: string
  readonly #lockId: string | null
  readonly #commits: Commits
  /** One file was seen without the other. Another process may have paired that one with a new file, so the store does not go on. */
  #wereApart = false
  #isOverwritten = false
  /** The newest commit so far: lock.mdb may go back while a process opens the store. */
  #seen = 0n

  constructor(directory: string, dataId: string, commits: Commits) {
    this.#commits = commits
    this.#directory = directory
    this.#directoryId = idOf(directory)
    this.#data = join(directory, 'data.mdb')
    this.#dataId = dataId
    this.#lock = join(directory, 'lock.mdb')
    // Only a look: closing the file would drop this process's locks.
    this.#lockId = idOf(this.#lock)
  }

  /** As the end of a sentence; null if the files are in their place. */
  get trouble(): string | null {
    let { data, isData, isLock } = this.#look()
    // The folder may have moved between the two looks.
    if (isData !== isLock) ({ data, isData, isLock } = this.#look())
    if (isData !== isLock) this.#wereApart = true
    if (isData && isLock)
      return this.#wereApart ? 'one of its files was away for a while when it was open; start the gate again' : null
    if (isData) return 'its file lock.mdb was removed or replaced while it was open; start the gate again'
    if (data !== null) return 'its files were replaced while it was open; start the gate again to use the new ones'
    return this.#wereApart
      ? 'its file data.mdb was moved away or removed while it was open; put it back, then start the gate again'
      : 'its files were moved away or removed while it was open; put them back, or start the gate again to begin with an empty store'
  }

  /**
   * Also looks at the contents. `inTransaction` was read in a transaction, where no other process commits. Both files name the newest commit, lock.mdb a moment
   * later; after `cp` onto one they differ.
   */
  troubleWithin(inTransaction: NewestCommits | null): string | null {
    const { trouble } = this
    if (trouble !== null) return trouble
    const { known, written } = inTransaction ?? this.#commits.newest()
    this.#isOverwritten ||=
      known !== null &&
      (written === null ||
        written < known ||
        written < this.#seen ||
        this.#isAhead(written, known, inTransaction === null ? 1n : 0n))
    this.#seen = written ?? this.#seen
    return this.#isOverwritten
      ? 'its file data.mdb was overwritten while it was open, and what is in it is of another time; start the gate again'
      : null
  }

  #isAhead(written: bigint, known: bigint, most: bigint): boolean {
    const isMore = (known: bigint) => written - known > most
    // The process that opened the store may have finished between the two looks.
    return isMore(known) && !this.#commits.isOpening() && isMore(this.#commits.newest().known ?? written)
  }

  #look(): { data: string | null; isData: boolean; isLock: boolean } {
    const data = idOf(this.#data)
    return { data, isData: this.#isSame(data, this.#dataId), isLock: this.#isSame(idOf(this.#lock), this.#lockId) }
  }

  #isSame(found: string | null, own: string | null): boolean {
    if (found !== 'hidden') return found !== null && found === own
    // A backup tool has changed permissions; another folder holds another file.
    const directory = idOf(this.#directory)
    return directory === 'hidden' || directory === this.#directoryId
  }
}

/** Device and inode; null where there is nothing; `hidden` where this user or the disk gives none. */
function idOf(path: string): string | null {
  try {
    const { dev, ino } = statSync(path)
    return `${dev}:${ino}`
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '') ? null : 'hidden'
  }
}
