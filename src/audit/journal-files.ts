/** The files of a journal, and their lines. */
import { createReadStream, type Dirent } from 'node:fs'
import { open, readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { type ChainEnd, hashOf, linkOf } from './chain.ts'

export type Entry = Readonly<Record<string, unknown>> & { readonly at: string; readonly kind: string }

/** Suffixes from the gate, logrotate and similar: `journal.jsonl.1`, `journal.jsonl-20261128`, optionally `.gz`. */
const rotated = /^[.-](?:\d[\d-]*)(?:\.gz)?$/
const lineFeed = 0x0a
const maxLineLength = 1024 * 1024
/** Larger buffers start a garbage collection each. */
const portion = 256 * 1024

/** The rotated ones come first, oldest first. */
export async function journalFiles(file: string): Promise<string[]> {
  const names = await rotatedFiles(file)
  const isThere = await stat(file).then(
    () => true,
    () => false
  )
  return isThere ? [...names, file] : names
}

export async function rotatedFiles(file: string): Promise<string[]> {
  const folder = path.dirname(file)
  const name = path.basename(file)
  const isOne = (entry: Dirent) =>
    entry.isFile() && entry.name.startsWith(name) && rotated.test(entry.name.slice(name.length))
  const names = (await readdir(folder, { withFileTypes: true }).catch(() => [])).filter(isOne).map(one => one.name)
  const found = await Promise.all(
    names.map(async one => ({ file: path.join(folder, one), ...(await beginningOf(path.join(folder, one))) }))
  )
  return found.sort((a, b) => a.seq - b.seq || a.at - b.at).map(one => one.file)
}

/** Zeros without an entry. A file's date does not count, because copying changes it. */
export async function beginningOf(file: string): Promise<{ seq: number; at: number }> {
  try {
    const first = entryOf((await firstLineOf(file))?.toString() ?? '')
    if (first !== null) return { seq: Number(first.seq ?? 0), at: Date.parse(first.at) }
    for await (const line of linesIn(file)) {
      const entry = entryOf(line)
      if (entry !== null) return { seq: Number(entry.seq ?? 0), at: Date.parse(entry.at) }
    }
  } catch {}
  return { seq: 0, at: 0 }
}

/** Null where there is no whole line of usual length. */
export async function firstLineOf(file: string): Promise<Buffer | null> {
  const bytes = file.endsWith('.gz') ? await firstChunkOf(file) : await beginOf(file)
  const feed = bytes.indexOf(lineFeed)
  return feed === -1 ? null : bytes.subarray(0, feed + 1)
}

async function beginOf(file: string): Promise<Buffer> {
  const handle = await open(file, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(16 * 1024), 0, 16 * 1024, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

async function firstChunkOf(file: string): Promise<Buffer> {
  for await (const chunk of bytesOf(file)) return chunk
  return Buffer.alloc(0)
}

/** The last line of the chain; null without one. `counted`: its end in bytes. */
export async function chainEndOf(file: string): Promise<(ChainEnd & { counted: number; at: number }) | null> {
  return file.endsWith('.gz') ? endOfPacked(file) : endOfPlain(file)
}

async function endOfPlain(file: string): Promise<(ChainEnd & { counted: number; at: number }) | null> {
  const handle = await open(file, 'r')
  try {
    const { size } = await handle.stat()
    for (let length = Math.min(size, 16 * 1024); ; length = Math.min(size, length * 8)) {
      const bytes = Buffer.alloc(length)
      await handle.read(bytes, 0, length, size - length)
      const found = lastLinked(bytes, size - length === 0)
      if (found !== null) return { ...found, counted: size - length + found.counted }
      if (length === size || length > maxLineLength) return null
    }
  } finally {
    await handle.close()
  }
}

function lastLinked(bytes: Buffer, isWhole: boolean) {
  for (let to = bytes.lastIndexOf(lineFeed); to !== -1; ) {
    const from = to === 0 ? 0 : bytes.lastIndexOf(lineFeed, to - 1) + 1
    if (from === 0 && !isWhole) return null
    const line = bytes.subarray(from, to + 1)
    const link = linkOf(line)
    const entry = link === null ? null : entryOf(line.toString())
    if (link !== null && entry !== null)
      return { seq: link.seq, hash: hashOf(line), counted: to + 1, at: Date.parse(entry.at) }
    to = from - 1
  }
  return null
}

async function endOfPacked(file: string) {
  let last: string | null = null
  for await (const line of linesIn(file)) if (line.startsWith('{"seq":')) last = line
  const bytes = Buffer.from(`${last ?? ''}\n`)
  const link = linkOf(bytes)
  const entry = last === null ? null : entryOf(last)
  return link === null || entry === null
    ? null
    : { seq: link.seq, hash: hashOf(bytes), counted: 0, at: Date.parse(entry.at) }
}

export function bytesOf(file: string, start = 0, end?: number): AsyncIterable<Buffer> {
  if (!file.endsWith('.gz')) {
    const range = end === undefined ? { start } : { start, end }
    return createReadStream(file, { ...range, highWaterMark: portion })
  }
  return pipeline(createReadStream(file), createGunzip(), () => {})
}

/** Rejects on a read error. */
export async function* linesIn(file: string): AsyncGenerator<string> {
  if (!(await stat(file)).isFile()) throw Object.assign(new Error(`${file} is not a file`), { code: 'ENOTFILE' })
  let kept: Buffer = Buffer.alloc(0)
  for await (const chunk of bytesOf(file)) {
    const end = chunk.lastIndexOf(lineFeed)
    if (end === -1) {
      kept = Buffer.concat([kept, chunk])
      continue
    }
    const text =
      kept.length === 0 ? chunk.toString('utf8', 0, end) : Buffer.concat([kept, chunk.subarray(0, end)]).toString()
    kept = Buffer.from(chunk.subarray(end + 1))
    yield* text.split('\n')
  }
  if (kept.length > 0) yield kept.toString()
}

/** Null if truncated or foreign. */
export function entryOf(line: string): Entry | null {
  try {
    const value = JSON.parse(line) as Partial<Entry> | null
    return typeof value === 'object' && typeof value?.at === 'string' && typeof value.kind === 'string'
      ? (value as Entry)
      : null
  } catch {
    return null
  }
}
