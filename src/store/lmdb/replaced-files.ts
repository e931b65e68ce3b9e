/**
 * A store whose directory was moved away, or replaced (a restored copy), while it is open. LMDB would go on in files that no other process
 * sees. The store refuses until its own files are back, or opens the new ones once nobody writes them any more.
 */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { Environment, idOf } from './environment.ts'

/** Who copies a store writes its files one after the other. */
const quietMs = 900

export class ReplacedFiles {
  readonly #directory: string
  #seen = { look: '', since: 0 }

  constructor(directory: string) {
    this.#directory = directory
  }

  /** The new files, opened, if nobody has written them for a while; otherwise why they are not, as the end of a sentence. */
  open(): Environment | string {
    const look = this.#look()
    const now = performance.now()
    if (look !== this.#seen.look) this.#seen = { look, since: now }
    // Opening would create a new store.
    if (this.#isGone || now - this.#seen.since < quietMs) return this.why
    try {
      return Environment.open(this.#directory)
    } catch (error) {
      return `its files were replaced while it was open, and the new ones cannot be used: ${(error as Error).message.replace(/\.$/, '')}`
    }
  }

  /** Why the open files are of no use, as the end of a sentence. */
  get why(): string {
    return this.#isGone
      ? 'its files were moved away or removed while it was open; put them back, or start the gate again to begin with an empty store'
      : 'its files were replaced while it was open; the gate opens the new ones in a moment'
  }

  get #isGone(): boolean {
    return idOf(join(this.#directory, 'data.mdb')) === null
  }

  #look(): string {
    return ['data.mdb', 'lock.mdb', 'bell'].map(name => stateOf(join(this.#directory, name))).join()
  }
}

function stateOf(file: string): string {
  try {
    const { ino, size, mtimeMs, ctimeMs } = statSync(file)
    return `${ino} ${size} ${mtimeMs} ${ctimeMs}`
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? ''
  }
}
