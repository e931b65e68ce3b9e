/**
 * The evidence folder on disk. Its files are written into `unfinished` inside it and moved when all are whole, SHA256SUMS and its signature
 * last, so an interrupted run leaves nothing that looks complete.
 */
import { createHash } from 'node:crypto'
import { chmod, type FileHandle, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import path from 'node:path'
import type { FolderFile } from '../../evidence/folder-files.ts'
import type { FileSum, signatureFile, sumsFile } from '../../evidence/sums.ts'
import { visible } from '../../messages/visible.ts'
import { PersonError } from '../command.ts'
import { asOwnerOf } from '../owner.ts'

const maxBufferLength = 64 * 1024
const unfinished = 'unfinished'

export class EvidenceFolder {
  readonly path: string
  readonly #isNew: boolean
  readonly #open = new Set<EvidenceFile>()
  readonly #sums = new Map<string, FileSum>()
  readonly #moved: string[] = []

  private constructor(folder: string, isNew: boolean) {
    this.path = folder
    this.#isNew = isNew
  }

  /** The folder has mode 0700. Throws PersonError for one that is not empty. */
  static async create(folder: string): Promise<EvidenceFolder> {
    return asOwnerOf(folder, async () => {
      const isNew = await mkdir(folder, { mode: 0o700 }).then(
        () => true,
        error => {
          if (error.code === 'EEXIST') return false
          if (error.code === 'ENOENT')
            throw new PersonError(`${visible(path.dirname(folder))}: there is no such folder; make it first`)
          throw error
        }
      )
      if (!isNew) await checkEmpty(folder)
      // Only the owner may, and the files are private anyway.
      if (!isNew) await chmod(folder, 0o700).catch(() => {})
      await mkdir(path.join(folder, unfinished), { mode: 0o700 })
      return new EvidenceFolder(folder, isNew)
    })
  }

  get sums(): readonly FileSum[] {
    return [...this.#sums.values()]
  }

  /** Replaces an earlier file of that name. */
  async open(name: FolderFile | typeof sumsFile | typeof signatureFile): Promise<EvidenceFile> {
    const place = path.join(this.path, unfinished, name)
    // The service's user may be unable to write there.
    const handle = await this.#asOwner(() => open(place, 'w', 0o600))
    const file = new EvidenceFile(place, handle, sum => {
      this.#open.delete(file)
      this.#sums.set(name, { name, ...sum })
    })
    this.#open.add(file)
    return file
  }

  async write(name: FolderFile | typeof sumsFile | typeof signatureFile, content: string | Buffer): Promise<void> {
    const file = await this.open(name)
    await file.write(content)
    await file.close()
  }

  /** The files of `last` move after all others. */
  async finish(last: readonly string[]): Promise<void> {
    await this.#asOwner(async () => {
      const names = [...this.#sums.keys()]
      for (const name of [...names.filter(name => !last.includes(name)), ...last]) {
        await rename(path.join(this.path, unfinished, name), path.join(this.path, name))
        this.#moved.push(name)
      }
      await rmdir(path.join(this.path, unfinished))
      const folder = await open(this.path)
      await folder.sync().finally(() => folder.close())
    })
  }

  /** Removes what was written, and a new folder. Never rejects. */
  async discard(): Promise<void> {
    for (const file of this.#open) await file.abandon()
    await this.#asOwner(async () => {
      for (const name of this.#moved.reverse()) await rm(path.join(this.path, name), { force: true })
      await rm(path.join(this.path, unfinished), { recursive: true, force: true })
      if (this.#isNew) await rmdir(this.path)
    }).catch(() => {})
  }

  #asOwner<T>(work: () => Promise<T>): Promise<T> {
    return asOwnerOf(path.join(this.path, unfinished), work)
  }
}

async function checkEmpty(folder: string): Promise<void> {
  if (!(await stat(folder)).isDirectory())
    throw new PersonError(`${visible(folder)} is a file; DIR must be a new or empty folder`)
  const names = await readdir(folder)
  if (names.includes(unfinished))
    throw new PersonError(
      `${visible(folder)} holds an evidence that was not finished; remove it (rm -r ${visible(folder)}) or choose another name`
    )
  if (names.length > 0)
    throw new PersonError(
      `${visible(folder)} is not empty, and the command never overwrites a file; choose a new name for DIR`
    )
}

/** One file, written from beginning to end, with its hash. */
export class EvidenceFile {
  readonly #path: string
  readonly #handle: FileHandle
  readonly #onClosed: (sum: Omit<FileSum, 'name'>) => void
  readonly #hash = createHash('sha256')
  #waiting: (string | Buffer)[] = []
  #length = 0
  #bytes = 0

  constructor(file: string, handle: FileHandle, onClosed: (sum: Omit<FileSum, 'name'>) => void) {
    this.#path = file
    this.#handle = handle
    this.#onClosed = onClosed
  }

  /** Null while the buffer has room; otherwise a promise to wait for. */
  add(text: string | Buffer): Promise<void> | null {
    this.#waiting.push(text)
    this.#length += text.length
    return this.#length < maxBufferLength ? null : this.#flush()
  }

  async write(content: string | Buffer): Promise<void> {
    await this.add(content)
  }

  async close(): Promise<void> {
    await this.#flush()
    try {
      await this.#handle.sync()
    } catch (error) {
      throw withPath(error, this.#path)
    }
    await this.#handle.close()
    this.#onClosed({ bytes: this.#bytes, sha256: this.#hash.digest('hex') })
  }

  async abandon(): Promise<void> {
    await this.#handle.close().catch(() => {})
  }

  async #flush(): Promise<void> {
    const parts = this.#waiting.map(part => (typeof part === 'string' ? Buffer.from(part) : part))
    const bytes = Buffer.concat(parts)
    this.#waiting = []
    this.#length = 0
    this.#hash.update(bytes)
    this.#bytes += bytes.length
    try {
      // `write` may take only a part, as the disk gets full.
      for (let done = 0; done < bytes.length; )
        done += (await this.#handle.write(bytes, done, bytes.length - done)).bytesWritten
    } catch (error) {
      throw withPath(error, this.#path)
    }
  }
}

/** An error of a handle has no path. */
function withPath(error: unknown, file: string): unknown {
  return Object.assign(error as NodeJS.ErrnoException, { path: file })
}
