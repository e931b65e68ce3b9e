/** A file that grows only by whole lines. It handles rotation, and completes a line that was cut short. It never truncates. */
import { constants } from 'node:fs'
import { type FileHandle, lstat, open, stat } from 'node:fs/promises'
import path from 'node:path'
import { makeFolder } from '../ensure-directory.ts'
import type { Lines } from './line-buffer.ts'

/** The result of an append. `whole` counts the lines on disk; the next append completes a cut line. */
export type Appended =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly whole: number; readonly begun: number; readonly cause: unknown }

/** For tests with failing disks. */
export type AppendHandle = Pick<FileHandle, 'write' | 'datasync' | 'stat' | 'close'>

interface CutShort {
  readonly line: Buffer
  readonly rest: Buffer
  /** File size after the cut: if the file has grown since, another process wrote behind the half line. */
  readonly size: number
}

export class AppendFile {
  readonly #path: string
  readonly #open: (path: string) => Promise<AppendHandle>
  #handle: AppendHandle | null = null
  #inode = ''
  #cut: CutShort | null = null
  /** True where the file ends in half a line after a crash; the next append starts a new line. */
  #ragged = false

  constructor(path: string, openHandle: (path: string) => Promise<AppendHandle> = openForAppend) {
    this.#path = path
    this.#open = openHandle
  }

  async ready(): Promise<void> {
    if (this.#handle !== null && (await this.#movedAway())) await this.close()
    if (this.#handle !== null) return
    const handle = await this.#open(this.#path)
    const { dev, ino } = await handle.stat()
    this.#handle = handle
    this.#inode = `${dev}:${ino}`
    this.#ragged = await endsRagged(this.#path)
    // A cut line stays in the rotated file and is repeated here, unless it lacked only its line feed.
    if (this.#cut !== null)
      this.#cut = this.#cut.rest.length === 1 ? null : { line: this.#cut.line, rest: this.#cut.line, size: -1 }
  }

  /** Appends the lines and resolves when they are on disk. Never rejects. */
  async append(lines: Lines): Promise<Appended> {
    let written = 0
    let mended = 0
    let bytes: Buffer<ArrayBufferLike> = Buffer.alloc(0)
    try {
      await this.ready()
      const mending = await this.#mending()
      mended = mending.length
      bytes = mended === 0 ? lines.bytes : Buffer.concat([mending, lines.bytes])
      while (written < bytes.length) {
        const { bytesWritten } = await this.#handle!.write(bytes, written, bytes.length - written)
        if (bytesWritten === 0) throw Object.assign(new Error('the disk took nothing'), { code: 'EIO' })
        written += bytesWritten
      }
      this.#cut = null
      this.#ragged = false
      await this.#sync()
      return { kind: 'done' }
    } catch (cause) {
      return await this.#failed(lines, bytes, mended, written, cause)
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = null
    await handle?.close().catch(() => {})
  }

  async #failed(lines: Lines, bytes: Buffer, mended: number, written: number, cause: unknown): Promise<Appended> {
    // All bytes are written but unconfirmed: writing them again would duplicate every line.
    if (bytes.length > 0 && written === bytes.length) return { kind: 'failed', whole: 0, begun: lines.count, cause }
    if (written < mended) {
      if (written > 0 && this.#cut !== null) await this.#cutAt(this.#cut.line, bytes.subarray(written, mended))
      return { kind: 'failed', whole: 0, begun: 0, cause }
    }
    if (written > 0) {
      this.#cut = null
      this.#ragged = false
    }
    let whole = 0
    let end = mended
    for (let at = 0; at < lines.count; at++) {
      const next = mended + lines.startOf(at + 1)
      if (next > written) {
        if (written > end) await this.#cutAt(lines.line(at), bytes.subarray(written, next))
        break
      }
      end = next
      whole++
    }
    const isSynced =
      whole === 0 ||
      (await this.#sync().then(
        () => true,
        () => false
      ))
    return { kind: 'failed', whole: isSynced ? whole : 0, begun: whole + (written > end ? 1 : 0), cause }
  }

  async #cutAt(line: Buffer, rest: Buffer): Promise<void> {
    const size = await this.#handle!.stat().then(
      found => found.size,
      () => -1
    )
    this.#cut = { line, rest: Buffer.from(rest), size }
  }

  async #mending(): Promise<Buffer> {
    if (this.#cut === null) return this.#ragged ? Buffer.from('\n') : Buffer.alloc(0)
    if (this.#cut.size === -1) return this.#ragged ? Buffer.concat([Buffer.from('\n'), this.#cut.line]) : this.#cut.line
    const { size } = await this.#handle!.stat()
    return size === this.#cut.size || this.#cut.rest.length === 1
      ? this.#cut.rest
      : Buffer.concat([Buffer.from('\n'), this.#cut.line])
  }

  async #sync(): Promise<void> {
    try {
      await this.#handle!.datasync()
    } catch (error) {
      // fdatasync(2): pipes and devices cannot be synced. A read-only disk has refused the write before.
      if (!['EINVAL', 'ENOTSUP', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }

  async #movedAway(): Promise<boolean> {
    try {
      const { dev, ino } = await stat(this.#path)
      return `${dev}:${ino}` !== this.#inode
    } catch {
      return true
    }
  }
}

/** The file is opened without blocking, otherwise a pipe without a reader would stop the gate. */
async function openForAppend(file: string): Promise<AppendHandle> {
  const link = await lstat(file).catch(() => null)
  if (link?.isSymbolicLink() && link.uid !== 0 && process.geteuid?.() === 0)
    throw Object.assign(new Error('root does not follow a link that somebody else has laid'), { code: 'ELOOP' })
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOCTTY | constants.O_NONBLOCK
  const isNew = await stat(file).then(
    () => false,
    error => error.code === 'ENOENT'
  )
  if (isNew) makeFolder(path.dirname(file))
  const handle = await open(file, flags, 0o600)
  if (isNew) await giveToOwnerOfFolder(handle, path.dirname(file))
  return handle
}

/** Root's command line creates files that the gate's own user must be able to write. */
async function giveToOwnerOfFolder(handle: FileHandle, folder: string): Promise<void> {
  if (process.geteuid?.() !== 0) return
  const { uid, gid } = await stat(folder)
  if (uid !== 0) await handle.chown(uid, gid)
}

async function endsRagged(file: string): Promise<boolean> {
  let handle: FileHandle | undefined
  try {
    const found = await stat(file)
    if (!found.isFile() || found.size === 0) return false
    handle = await open(file, constants.O_RDONLY)
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, found.size - 1)
    return buffer[0] !== 0x0a
  } catch {
    return false
  } finally {
    await handle?.close()
  }
}
