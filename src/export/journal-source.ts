/** Reads the journal from a cursor on: the current file, rotated and packed ones, also while they are written and moved. It never slows the gate's writes. */
import { type FileHandle, open, stat } from 'node:fs/promises'
import { hashOf, linkOf } from '../audit/chain.ts'
import { headFileOf, readHead } from '../audit/chain-head.ts'
import type { ExportCursor } from '../audit/export-cursor.ts'
import { eachLine } from '../audit/file-lines.ts'
import { beginningOf, bytesOf, chainEndOf, entryOf, journalFiles } from '../audit/journal-files.ts'
import type { ExportLine } from './export-line.ts'

interface Portion {
  readonly lines: readonly ExportLine[]
  /** The place after these lines, also after lines that are no entries; null before the first line. */
  readonly cursor: ExportCursor | null
  /** Lines of the chain that are in no file any more. */
  readonly missing: number
}

export interface PortionLimits {
  readonly lines: number
  readonly bytes: number
}

/** `read` gives null at the end. */
interface OpenFile {
  readonly path: string
  readonly inode: string
  /** The position of the next byte. In a packed file, unpacked bytes count. */
  position: number
  read(): Promise<Buffer | null>
  close(): Promise<void>
}

const chunkBytes = 256 * 1024
const lineFeed = 0x0a

export class JournalSource {
  readonly #journal: string
  #cursor: ExportCursor | null = null
  #file: OpenFile | null = null
  /** Bytes that were read and not yet returned. */
  #rest: Buffer = Buffer.alloc(0)
  /** Lines up to this number have been given before. */
  #skipTo = 0
  /** The number before the next line, to find gaps. */
  #lastSeq = 0
  #chain = ''
  #wasAtEnd = false

  constructor(journal: string) {
    this.#journal = journal
  }

  /** Continues after `cursor`; null for the oldest existing line. */
  async seek(cursor: ExportCursor | null): Promise<void> {
    await this.close()
    this.#cursor = cursor
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = null
    this.#rest = Buffer.alloc(0)
    this.#wasAtEnd = false
    await file?.close()
  }

  /** No lines if there are no more. Rejects with the system's error. */
  async next(limits: PortionLimits): Promise<Portion> {
    const lines: ExportLine[] = []
    let bytes = 0
    let missing = 0
    this.#file ??= await this.#locate()
    if (this.#file === null) return { lines, cursor: this.#cursor, missing }
    for (;;) {
      while (lines.length < limits.lines && bytes < limits.bytes) {
        const line = this.#takeLine()
        if (line === null) break
        const seq = linkOf(line)?.seq ?? 0
        if (seq > 0 && seq <= this.#skipTo) {
          this.#lastSeq = seq
          continue
        }
        if (seq > 0 && this.#lastSeq > 0 && seq > this.#lastSeq + 1) missing += seq - this.#lastSeq - 1
        if (seq > 0) this.#lastSeq = seq
        const text = line.toString('utf8', 0, line.length - 1)
        const entry = entryOf(text)
        if (entry === null) continue
        const hash = hashOf(line)
        const offset = this.#file.position - this.#rest.length
        const { inode } = this.#file
        this.#cursor = { seq: this.#lastSeq, hash, chain: this.#chain, inode, start: offset - line.length, offset }
        lines.push({ seq, hash, text, entry })
        bytes += line.length
      }
      if (lines.length > 0) return { lines, cursor: this.#cursor, missing }
      if (!(await this.#fill())) return { lines, cursor: this.#cursor, missing }
    }
  }

  #takeLine(): Buffer | null {
    const feed = this.#rest.indexOf(lineFeed)
    if (feed === -1) return null
    const line = this.#rest.subarray(0, feed + 1)
    this.#rest = this.#rest.subarray(feed + 1)
    return line
  }

  async #fill(): Promise<boolean> {
    if (this.#file === null) return false
    const chunk = await this.#file.read()
    if (chunk !== null) {
      // A file that was emptied (logrotate's copytruncate) may have grown beyond this place since.
      const isNew = this.#wasAtEnd && this.#cursor?.inode === this.#file.inode
      this.#wasAtEnd = false
      if (isNew && !(await holds(this.#file.path, this.#cursor!))) return this.#again()
      this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
      return true
    }
    this.#wasAtEnd = true
    return this.#moveOn()
  }

  /** Opens the file after this one. False if there is none yet. */
  async #moveOn(): Promise<boolean> {
    const file = this.#file!
    const now = await identityOf(this.#journal)
    if (now?.inode === file.inode) {
      if (now.size >= file.position) return false
      return this.#again() // it has lost its end
    }
    const files = await journalFiles(this.#journal)
    const inodes = await Promise.all(files.map(async one => (await identityOf(one))?.inode))
    const here = inodes.indexOf(file.inode)
    // It was removed or packed.
    if (here === -1) return this.#again()
    const next = files[here + 1]
    if (next === undefined || ((await identityOf(next))?.size ?? 0) === 0) return false
    // Writers leave a file before they begin the next one.
    const last = await file.read()
    if (last !== null) {
      this.#rest = Buffer.concat([this.#rest, last])
      return true
    }
    await this.close()
    this.#file = await openFile(next, 0)
    return true
  }

  /** Finds the place by the last line's number. False if that leads to the same end. */
  async #again(): Promise<boolean> {
    await this.close()
    this.#file = await this.#locate()
    const chunk = (await this.#file?.read()) ?? null
    if (chunk === null) return false
    this.#rest = chunk
    return true
  }

  async #locate(): Promise<OpenFile | null> {
    const files = await journalFiles(this.#journal)
    const [oldest] = files
    this.#chain = (await readHead(headFileOf(this.#journal)))?.chain ?? this.#cursor?.chain ?? ''
    this.#skipTo = 0
    this.#lastSeq = 0
    if (oldest === undefined) return null
    const cursor = this.#cursor
    if (cursor === null || isOther(cursor.chain, this.#chain)) return openFile(oldest, 0)
    for (const file of files) {
      if (file.endsWith('.gz') || (await identityOf(file))?.inode !== cursor.inode) continue
      if (!(await holds(file, cursor))) break
      this.#lastSeq = cursor.seq
      this.#skipTo = cursor.seq
      return openFile(file, cursor.offset)
    }
    return cursor.seq === 0 ? openFile(oldest, 0) : this.#bySeq(files, cursor)
  }

  /** Opens a file that was packed or has lost lines (a power failure). It repeats lines rather than miss any. */
  async #bySeq(files: readonly string[], { seq, hash }: ExportCursor): Promise<OpenFile> {
    const begins = await Promise.all(files.map(async file => (await beginningOf(file)).seq))
    const at = begins.findLastIndex(begin => begin > 0 && begin <= seq)
    if (at === -1) {
      this.#lastSeq = seq
      const later = begins.findIndex(begin => begin > seq)
      return openFile(files[Math.max(0, later)]!, 0)
    }
    if ((await hashAt(files[at]!, seq)) === hash) {
      this.#skipTo = seq
      this.#lastSeq = seq
    } else this.#lastSeq = begins[at]! - 1
    return openFile(files[at]!, 0)
  }
}

/** If both are known and differ, another journal has this name now. */
function isOther(chain: string, now: string): boolean {
  return chain !== '' && now !== '' && chain !== now
}

/** Null if the file ends before it. */
async function hashAt(file: string, seq: number): Promise<string | null> {
  const end = await chainEndOf(file)
  if (end === null || end.seq < seq) return null
  if (end.seq === seq) return end.hash
  let found: string | null = null
  await eachLine(file, (line, _, isClosed) => {
    if (isClosed && linkOf(line)?.seq === seq) found = hashOf(line)
    return found !== null
  })
  return found
}

/** True if the cursor's line stands where it did. */
async function holds(file: string, { start, offset, hash }: ExportCursor): Promise<boolean> {
  const length = offset - start
  if (start < 0 || length <= 0 || length > 64 * 1024 * 1024) return false
  const handle = await open(file, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, start)
    return bytesRead === length && hashOf(buffer) === hash
  } finally {
    await handle.close()
  }
}

async function identityOf(file: string): Promise<{ readonly inode: string; readonly size: number } | null> {
  const found = await stat(file).catch(() => null)
  return found === null ? null : { inode: `${found.dev}:${found.ino}`, size: found.size }
}

async function openFile(path: string, position: number): Promise<OpenFile> {
  return path.endsWith('.gz') ? openPacked(path) : openPlain(path, position)
}

async function openPlain(path: string, from: number): Promise<OpenFile> {
  const handle: FileHandle = await open(path, 'r')
  const { dev, ino } = await handle.stat()
  const file: OpenFile = {
    path,
    inode: `${dev}:${ino}`,
    position: from,
    async read() {
      const size = Math.min(chunkBytes, (await handle.stat()).size - file.position)
      if (size <= 0) return null
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(size), 0, size, file.position)
      file.position += bytesRead
      return bytesRead === 0 ? null : buffer.subarray(0, bytesRead)
    },
    close: () => handle.close()
  }
  return file
}

async function openPacked(path: string): Promise<OpenFile> {
  const { inode = '' } = (await identityOf(path)) ?? {}
  const chunks = bytesOf(path)[Symbol.asyncIterator]()
  const file: OpenFile = {
    path,
    inode,
    position: 0,
    async read() {
      const next = await chunks.next()
      if (next.done) return null
      file.position += next.value.length
      return next.value
    },
    async close() {
      await chunks.return?.()
    }
  }
  return file
}
