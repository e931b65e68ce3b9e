/** A write that the disk has lost (MDB_PANIC). Nothing is tried from then on, until the disk is well and the process ends. */
import { checkFreeSpace } from '../../files/free-space.ts'
import { commitTrouble, lostWrite, readTrouble } from './directory.ts'
import type { Environment } from './environment.ts'

interface LostWriteOptions {
  readonly path: string
  readonly environment: Environment
  readonly bytes: number
  /** Called once. */
  readonly onWellAgain: (error: Error) => void
}

export class LostWrite {
  readonly #options: LostWriteOptions
  #isKnown = false
  #isTold = false

  constructor(options: LostWriteOptions) {
    this.#options = options
  }

  get isKnown(): boolean {
    return this.#isKnown
  }

  async troubleOfCommit(error: unknown): Promise<string> {
    const why = await commitTrouble(error)
    // The commit that loses the write names the error of the disk, and in lmdb-js 3.5.6 later ones never end. Only reads hear of the loss.
    if (why === lostWrite || this.#options.environment.hasLostWrite()) this.#isKnown = true
    return this.#isKnown ? lostWrite : why
  }

  troubleOfRead(error: unknown): string {
    const why = readTrouble(error)
    if (why === lostWrite) this.#isKnown = true
    return why
  }

  /** Always throws, because only a new process can use the files again. */
  probe(): never {
    const { path, bytes, onWellAgain } = this.#options
    checkFreeSpace(path, bytes, true)
    if (!this.#isTold) {
      this.#isTold = true
      onWellAgain(
        new Error(
          `The disk of the store in ${path} lost a write and takes writes again. This process cannot use the store any more, so it ends and has to be started again.`
        )
      )
    }
    throw new Error(lostWrite)
  }
}
