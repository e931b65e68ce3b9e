/** Finds the end of a journal's chain, after a rotation, a crash, or a line of another process. */
import { open, stat } from 'node:fs/promises'
import { beforeFirst, type ChainEnd, hashOf, type Rest, walk } from './chain.ts'
import { headFileOf, type LastCheckpoint, noCheckpoint, readHead } from './chain-head.ts'
import { bytesOf, chainEndOf, linesIn, rotatedFiles } from './journal-files.ts'

export interface ChainPlace {
  readonly end: ChainEnd
  /** The hash of the journal's first line; empty if unknown. */
  readonly chain: string
  readonly checkpoint: LastCheckpoint
  readonly inode: string
  readonly size: number
  /** Bytes at the end that do not count: half a line after a crash, or text from before the chain. */
  readonly rest: Rest | null
}

export interface FileNow {
  readonly inode: string
  readonly size: number
}

export const emptyPlace = ({ inode, size }: FileNow): ChainPlace => ({
  end: beforeFirst,
  chain: '',
  checkpoint: noCheckpoint,
  inode,
  size,
  rest: null
})

/** `known`: the place at this process's last look. Call it only while the lock is held. */
export async function findPlace(journal: string, file: FileNow, known: ChainPlace | null): Promise<ChainPlace> {
  const head = await readHead(headFileOf(journal))
  const heard =
    head === null
      ? null
      : { ...emptyPlace(head), end: { seq: head.seq, hash: head.hash }, chain: head.chain, checkpoint: head.checkpoint }
  const last = later(known, heard, file.inode)
  const { chain, checkpoint } = last ?? { chain: await chainIdOf(journal), checkpoint: noCheckpoint }
  const from = last === null ? await searched(journal, file) : await continued(journal, file, last)
  if (from.at >= file.size) return { end: from.end, chain, checkpoint, rest: null, ...file }
  const { end, rest } = await walk(from.end, bytesOf(journal, from.at, file.size - 1))
  return { end, chain, checkpoint, rest, ...file }
}

export async function endOfFiles(journal: string, file: FileNow): Promise<{ end: ChainEnd; chain: string }> {
  const from = await searched(journal, file)
  const { end } = from.at >= file.size ? from : await walk(from.end, bytesOf(journal, from.at, file.size - 1))
  return { end, chain: await chainIdOf(journal) }
}

function later(one: ChainPlace | null, other: ChainPlace | null, inode: string): ChainPlace | null {
  if (one === null || other === null) return one ?? other
  if (one.end.seq !== other.end.seq) return one.end.seq > other.end.seq ? one : other
  return one.inode === inode ? one : other
}

interface From {
  readonly end: ChainEnd
  readonly at: number
}

async function continued(journal: string, { inode, size }: FileNow, { end, ...last }: ChainPlace): Promise<From> {
  if (last.inode !== inode) {
    const moved = await endOfMoved(journal, { end, ...last })
    const here = size === 0 ? null : await chainEndOf(journal).catch(() => null)
    if (here === null) return { end: moved, at: 0 }
    // A restored backup has another inode, and the head names its last line or an earlier one.
    const isCopy =
      here.hash === end.hash ||
      (here.seq > moved.seq && (await walk(moved, bytesOf(journal, 0, size - 1))).end.seq < here.seq)
    return isCopy ? { end: here, at: here.counted } : { end: moved, at: 0 }
  }
  // The file has lost lines. The chain continues with the next number, so that the loss shows.
  return { end, at: size >= last.size ? last.size : await behindLastLine(journal, size) }
}

/** A killed process, or a full disk, may have left lines after the head in files that were moved away. */
async function endOfMoved(journal: string, { end, inode, size }: ChainPlace): Promise<ChainEnd> {
  let isFound = false
  for (const file of await rotatedFiles(journal)) {
    const found = await stat(file).catch(() => null)
    if (found === null) continue
    if (isFound) end = (await walk(end, bytesOf(file))).end
    else if (`${found.dev}:${found.ino}` === inode) {
      isFound = true
      if (found.size > size) end = (await walk(end, bytesOf(file, size))).end
    }
  }
  return end
}

async function searched(journal: string, { size }: FileNow): Promise<From> {
  const here = size === 0 ? null : await chainEndOf(journal).catch(() => null)
  if (here !== null) return { end: here, at: here.counted }
  for (const file of (await rotatedFiles(journal)).reverse()) {
    const end = await chainEndOf(file).catch(() => null)
    if (end !== null) return { end, at: 0 }
  }
  return { end: beforeFirst, at: 0 }
}

async function chainIdOf(journal: string): Promise<string> {
  for (const file of [...(await rotatedFiles(journal)), journal])
    try {
      for await (const line of linesIn(file)) {
        if (line.startsWith('{"seq":1,')) return hashOf(Buffer.from(`${line}\n`))
        if (line.startsWith('{"seq":')) return ''
      }
    } catch {}
  return ''
}

async function behindLastLine(file: string, size: number): Promise<number> {
  const handle = await open(file, 'r')
  try {
    const length = Math.min(size, 1024 * 1024)
    const bytes = Buffer.alloc(length)
    await handle.read(bytes, 0, length, size - length)
    return size - length + bytes.lastIndexOf(0x0a) + 1
  } finally {
    await handle.close()
  }
}
