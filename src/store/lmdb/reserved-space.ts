/**
 * Room on the disk that is kept for ending access. Owns how long the embedded store's file is, beyond what LMDB uses of it; refuses an ordinary
 * write where that reserve could not be kept whole.
 *
 * LMDB writes the pages of a commit where it has free ones, or behind its last page. So bytes that stand behind the last page already are room that
 * nobody else on the disk can take. Ordinary writes must leave the reserve alone, and a write that ends access may use it.
 */
import { closeSync, constants, fstatSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** What stays for writes that end access. A commit copies some thirty pages of 4 KiB, and leaves as many behind for the next one. */
const reserveBytes = 1024 * 1024
/** What one ordinary write may take besides its value: pages of five trees, and of the list of free pages. */
const writeBytes = 96 * 1024
/** Counted in portions, so that a link finds no room where a small value finds none. */
const portionBytes = 64 * 1024
/** The file grows by so much at a time, otherwise every write would have to ask the disk. */
const stepBytes = 256 * 1024

const pageBytes = 4096

/**
 * Throws the system's error unless the disk of `directory` takes `bytes` more: asked with a file of its own, because what stands behind the last
 * page of the store would hide for a while that the disk is full.
 */
export function askForRoom(directory: string, bytes: number): void {
  const path = join(directory, `probe.${process.pid}`)
  rmSync(path, { force: true })
  // Exclusively: what anybody else has laid there, a link for one, is not written to.
  const file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600)
  try {
    for (let left = bytes; left > 0; ) left -= writeSync(file, Buffer.alloc(left, 1))
  } finally {
    closeSync(file)
    rmSync(path, { force: true })
  }
}

export class Room {
  readonly #file: number
  readonly #lastPage: () => number
  /** Bytes of writes that are under way: all of them may end in one commit. */
  #underWay = 0
  /** Not zeros, which some file systems do not store at all. Filled by hand: it is no secret. */
  #filling: Buffer | undefined

  /** `lastPage` answers the number of LMDB's last page in use. */
  constructor(path: string, lastPage: () => number) {
    this.#file = openSync(path, constants.O_RDWR)
    this.#lastPage = lastPage
  }

  /** An ordinary write of so many bytes begins. Answers a function that tells of its end. */
  begin(bytes: number): () => void {
    const taken = Math.ceil((bytes + writeBytes) / portionBytes) * portionBytes
    this.#underWay += taken
    return () => {
      this.#underWay -= taken
    }
  }

  /** Whether the writes that are under way leave the reserve whole. */
  get suffices(): boolean {
    return this.#size() >= this.#needed()
  }

  /**
   * Makes the file longer. To be called inside a transaction alone: LMDB writes behind the file's end only in a commit, so nobody else does then.
   * Throws the system's error where the disk does not give enough.
   */
  extend(): void {
    this.#filling ??= Buffer.alloc(stepBytes, 'factorgate keeps this room. ')
    let size = this.#size()
    // Whole pages, so that the next portion begins where one ends.
    const wanted = Math.ceil((this.#needed() + stepBytes) / pageBytes) * pageBytes
    try {
      while (size < wanted) {
        const written = writeSync(this.#file, this.#filling, 0, Math.min(wanted - size, stepBytes), size)
        if (written === 0) throw Object.assign(new Error('the disk took nothing'), { code: 'ENOSPC' })
        size += written
      }
    } catch (error) {
      // Less than a whole step is enough, too.
      if (!this.suffices) throw error
    }
  }

  close(): void {
    closeSync(this.#file)
  }

  #size(): number {
    return fstatSync(this.#file).size
  }

  #needed(): number {
    return (this.#lastPage() + 1) * pageBytes + reserveBytes + this.#underWay
  }
}
