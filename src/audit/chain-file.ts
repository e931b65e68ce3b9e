/**
 * A journal file that grows by whole lines of one hash chain, for every process of the machine. It is never truncated; the next line names bytes that do not
 * count.
 */
import { rename, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Clock } from '../clock.ts'
import { checkFreeSpace } from '../files/free-space.ts'
import type { Signer } from '../keyring/keyring.ts'
import type { Anchor } from './anchor.ts'
import { ChainedLines, hashOf, walk } from './chain.ts'
import { HeadWriter, headFileOf } from './chain-head.ts'
import { type ChainPlace, emptyPlace, endOfFiles, type FileNow, findPlace } from './chain-place.ts'
import { checkpointLine, headText } from './checkpoint.ts'
import { lineOf } from './encode-event.ts'
import { JournalLock } from './journal-lock.ts'
import { Lines } from './line-buffer.ts'
import { type AppendHandle, openForAppend } from './open-for-append.ts'
import {
  dayOf,
  type Expired,
  expiredFiles,
  isRotationDue,
  type RotationOptions,
  removeFile,
  rotatedName
} from './rotation.ts'

/** `whole` lines are on disk; `begun` ones reached the file. */
type Appended =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly whole: number; readonly begun: number; readonly cause: unknown }

export interface ChainFileOptions {
  readonly path: string
  readonly clock: Clock
  /** The current key first. Without keys there are no checkpoints. */
  readonly signers?: Signers
  readonly rotation?: RotationOptions | null
  /** Called when a checkpoint of this process is on disk. It must not throw. */
  readonly onCheckpoint?: (anchor: Anchor) => void
  readonly open?: (path: string) => Promise<AppendHandle>
}

type Signers = () => readonly Signer[] | Promise<readonly Signer[]>

/** Ends half a line, so that no reader takes it for a whole one. */
const closing = Buffer.from('#\n')
const checkpointEvery = 1000
const lineRoom = 16 * 1024
const none = new Lines()

interface Batch {
  readonly place: ChainPlace
  readonly chained: ChainedLines
  readonly ahead: number
  readonly checkpoint: ChainPlace['checkpoint']
  readonly signer: Signer | null
}

export class ChainFile {
  readonly #path: string
  readonly #clock: Clock
  readonly #open: (path: string) => Promise<AppendHandle>
  readonly #signers: Signers
  rotation: RotationOptions | null
  readonly #onCheckpoint: ((anchor: Anchor) => void) | null
  readonly #lock: JournalLock
  readonly #head: HeadWriter
  #handle: AppendHandle | null = null
  #inode = ''
  #size = 0
  #isRegular = false
  #day: string | null = null
  #known: ChainPlace | null = null
  #expired: readonly Expired[] = []
  #memory: Buffer<ArrayBuffer> | null = null
  #written = { lines: 0, bytes: 0 }

  constructor({
    path: file,
    clock,
    open = openForAppend,
    signers = () => [],
    rotation = null,
    onCheckpoint
  }: ChainFileOptions) {
    this.#path = file
    this.#clock = clock
    this.#open = open
    this.#signers = signers
    this.rotation = rotation
    this.#onCheckpoint = onCheckpoint ?? null
    this.#lock = new JournalLock(`${file}.lock`)
    this.#head = new HeadWriter(headFileOf(file))
  }

  get isUnsigned(): boolean {
    return this.#known !== null && this.#known.checkpoint.seq < this.#known.end.seq
  }

  /** Also opens the file again after it was moved away. Rejects with the system's error. */
  async ready(): Promise<void> {
    if (this.#handle !== null && (await this.#movedAway())) await this.close()
    if (this.#handle !== null) return
    const handle = await this.#open(this.#path)
    this.#handle = handle
    const found = await handle.stat()
    this.#inode = `${found.dev}:${found.ino}`
    this.#size = found.size
    this.#isRegular = found.isFile()
    this.#day = this.#isRegular && this.rotation !== null ? await dayOf(this.#path) : null
  }

  /** Rejects if the disk has no room for a line, since a file opens on a full disk too, or if a process that stands still holds the lock. */
  async checkRoom(): Promise<void> {
    await this.ready()
    if (!this.#isRegular) return
    checkFreeSpace(path.dirname(this.#path), lineRoom)
    await this.#lock.check()
  }

  /** Resolves when the lines are on disk. Never rejects. `signs`: a checkpoint follows them. */
  async append(lines: Lines, signs = false): Promise<Appended> {
    let batch: Batch | null = null
    let written = 0
    try {
      if (this.#handle === null) await this.ready()
      const isLocked = this.#isRegular
      if (isLocked) await this.#lock.acquire()
      try {
        await this.ready()
        await this.#rotateIfDue(lines.size)
        batch = await this.#batchOf(lines, signs)
        const { bytes } = batch.chained
        while (written < bytes.length) {
          const { bytesWritten } = await this.#handle!.write(bytes, written, bytes.length - written)
          if (bytesWritten === 0) throw Object.assign(new Error('the disk took nothing'), { code: 'EIO' })
          written += bytesWritten
        }
        await this.#advance(batch)
      } finally {
        if (isLocked) await this.#lock.release()
      }
      await this.#sync()
      this.#tell(batch)
      this.#memory = batch.chained.memory
      await this.#removeExpired()
      return { kind: 'done' }
    } catch (cause) {
      return this.#failed(lines, batch, written, cause)
    }
  }

  /** Writes nothing if nothing has happened since the last one, or another process has just written one. */
  async checkpoint(ifOlderThanMs = 0): Promise<Appended> {
    if (!this.isUnsigned || this.#clock() - this.#known!.checkpoint.at < ifOlderThanMs) return { kind: 'done' }
    return this.append(none, true)
  }

  /** Rejects with the system's error. */
  async look(): ReturnType<typeof endOfFiles> {
    await this.ready()
    if (!this.#isRegular) throw new Error('the journal is no file')
    await this.#lock.acquire()
    try {
      await this.ready()
      return await endOfFiles(this.#path, { inode: this.#inode, size: this.#size })
    } finally {
      await this.#lock.release()
    }
  }

  #tell({ place, chained, checkpoint, signer }: Batch): void {
    const isNew = checkpoint.seq > place.checkpoint.seq && checkpoint.seq === chained.end.seq
    if (this.#onCheckpoint === null || signer === null || !isNew || !this.#isRegular) return
    const anchor = { ...chained.end, chain: chainIdOf(place, chained), at: checkpoint.at }
    this.#onCheckpoint({ ...anchor, sig: signer.sign(headText(anchor)) })
  }

  /** `checkpointAt` is of the last known checkpoint. */
  get written(): { readonly lines: number; readonly bytes: number; readonly checkpointAt: number | null } {
    const { seq, at } = this.#known?.checkpoint ?? { seq: 0, at: 0 }
    return { ...this.#written, checkpointAt: seq === 0 ? null : at }
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = null
    await Promise.all([handle?.close().catch(() => {}), this.#head.close()])
  }

  async #batchOf(lines: Lines, signs: boolean): Promise<Batch> {
    const place = await this.#place()
    const { end, rest } = place
    const chained = this.#memory === null ? new ChainedLines(end) : new ChainedLines(end, this.#memory)
    this.#memory = null
    const at = this.#clock()
    if (rest !== null) {
      const close = rest.isClosed ? Buffer.alloc(0) : closing
      const [bytes, hash] = [rest.bytes + close.length, rest.hashWith(close)]
      chained.addBytes(close)
      if (end.seq === 0) chained.addLine(lineOf({ kind: 'journal.begin', at, before: bytes, beforeHash: hash }))
      else chained.addLine(lineOf({ kind: 'journal.resume', at, torn: bytes, tornHash: hash }))
    }
    for (const { file, from, to, hash, unsent } of this.#expired) {
      const missed = unsent === '' ? {} : { unsent }
      chained.addLine(lineOf({ kind: 'journal.remove', at, file, fromSeq: from, toSeq: to, lastHash: hash, ...missed }))
    }
    const ahead = chained.count
    chained.addLines(lines)
    const signers = await this.#signers()
    const isDue = signs || chained.end.seq - place.checkpoint.seq >= checkpointEvery
    const checkpoint = isDue && chained.end.seq > 0 ? this.#sign(chained, place, signers) : place.checkpoint
    return { place, chained, ahead, checkpoint, signer: signers[0] ?? null }
  }

  /** If another key signed the last checkpoint, it first names the current key, so that a verifier can follow. */
  #sign(chained: ChainedLines, place: ChainPlace, signers: readonly Signer[]): ChainPlace['checkpoint'] {
    const [signer] = signers
    if (signer === undefined) return place.checkpoint
    const at = this.#clock()
    const chain = chainIdOf(place, chained)
    const before = signers.find(({ keyId }) => keyId === place.checkpoint.key && keyId !== signer.keyId)
    if (before !== undefined) chained.addWhole(start => checkpointLine(start, { at, chain, next: signer }, before))
    chained.addWhole(start => checkpointLine(start, { at, chain }, signer))
    return { seq: chained.end.seq, at, key: signer.keyId }
  }

  async #place(): Promise<ChainPlace> {
    const file: FileNow = { inode: this.#inode, size: this.#size }
    const known = this.#known
    if (!this.#isRegular) return known?.inode === file.inode ? known : emptyPlace(file)
    if (known !== null && known.inode === file.inode && known.size === file.size && known.rest === null) return known
    return findPlace(this.#path, file, known)
  }

  async #advance({ place, chained, checkpoint, signer }: Batch): Promise<void> {
    const chain = chainIdOf(place, chained)
    const size = place.size + chained.bytes.length
    this.#known = { end: chained.end, chain, checkpoint, inode: this.#inode, size, rest: null }
    this.#written.lines += chained.count
    this.#written.bytes += chained.bytes.length
    const now = this.#clock()
    if (this.#day === null) this.#day = dayOfInstant(now)
    if (!this.#isRegular || chained.count === 0) return
    // Without the head, the chain's end is searched in the file.
    const head = { ...chained.end, chain, inode: this.#inode, size, checkpoint, at: now }
    await this.#head.write(head, signer).catch(() => {})
  }

  async #rotateIfDue(bytes: number): Promise<void> {
    if (this.rotation === null || !this.#isRegular) return
    const now = this.#clock()
    if (
      !(await isRotationDue(
        this.#path,
        { size: this.#size, bytes, day: this.#day, today: dayOfInstant(now) },
        this.rotation
      ))
    )
      return
    const last = await this.#batchOf(none, true)
    const { bytes: end } = last.chained
    for (let written = 0; written < end.length; )
      written += (await this.#handle!.write(end, written, end.length - written)).bytesWritten
    await this.#advance(last)
    await this.#sync()
    await rename(this.#path, await rotatedName(this.#path, this.#day ?? dayOfInstant(now), this.#known!.end.seq))
    await this.close()
    await this.ready()
    this.#day = null
    this.#known = { ...this.#known!, inode: this.#inode, size: 0 }
    this.#expired = await expiredFiles(this.#path, now, this.rotation)
  }

  async #removeExpired(): Promise<void> {
    const expired = this.#expired
    this.#expired = []
    for (const each of expired) await removeFile(each.path)
  }

  async #failed(lines: Lines, batch: Batch | null, written: number, cause: unknown): Promise<Appended> {
    if (batch === null) return { kind: 'failed', whole: 0, begun: 0, cause }
    const { place, chained, ahead } = batch
    // All bytes are written but unconfirmed, so writing again would duplicate every line.
    if (written === chained.bytes.length) return { kind: 'failed', whole: 0, begun: lines.count, cause }
    if (!this.#isRegular) {
      // A device cannot be read again, so this process remembers its part.
      const { end, rest } = await walk(place.end, [chained.bytes.subarray(0, written)])
      this.#known = { ...place, end, rest: rest ?? place.rest }
    }
    let whole = 0
    while (whole < lines.count && chained.endOf(ahead + whole) <= written) whole++
    const isSynced =
      whole === 0 ||
      (await this.#sync().then(
        () => true,
        () => false
      ))
    return { kind: 'failed', whole: isSynced ? whole : 0, begun: whole, cause }
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
      const { dev, ino, size } = await stat(this.#path)
      this.#size = size
      return `${dev}:${ino}` !== this.#inode
    } catch {
      return true
    }
  }
}

function chainIdOf(place: ChainPlace, chained: ChainedLines): string {
  if (place.end.seq > 0 || chained.count === 0) return place.chain
  const skipped = place.rest === null || place.rest.isClosed ? 0 : closing.length
  return hashOf(chained.bytes.subarray(skipped, chained.endOf(0)))
}

function dayOfInstant(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}
