/** Rotation and retention: when a journal file is closed, what it is called then, and when it is removed. */
import { lstat, stat, unlink } from 'node:fs/promises'
import path from 'node:path'
import { beginningOf, chainEndOf, rotatedFiles } from './journal-files.ts'

export interface RotationOptions {
  /** Bytes; null for no limit. */
  readonly size: number | null
  /** A new file for each day (UTC). */
  readonly isDaily: boolean
  /** Seconds after its last line for which a rotated file is kept; null for ever. */
  readonly keepSeconds: number | null
}

/** A rotated file whose time is over. The lines `from` to `to` are in it; `hash` is that of the last one. */
export interface Expired {
  readonly path: string
  readonly file: string
  readonly from: number
  readonly to: number
  readonly hash: string
}

export interface Growth {
  /** Bytes in the file, and bytes that are about to follow. */
  readonly size: number
  readonly bytes: number
  /** Days as `2026-11-28`; null for an empty file. */
  readonly day: string | null
  readonly today: string
}

/** The day (UTC) of the first entry of a file; null where it has none. */
export async function dayOf(file: string): Promise<string | null> {
  const { at } = await beginningOf(file)
  return at > 0 ? new Date(at).toISOString().slice(0, 10) : null
}

export async function isRotationDue(
  file: string,
  { size, bytes, day, today }: Growth,
  options: RotationOptions
): Promise<boolean> {
  const isFull = options.size !== null && size > 0 && size + bytes > options.size
  const isNewDay = options.isDaily && day !== null && day !== today && size > 0
  // A link may lead to another disk, and whoever made it rotates its target.
  return (isFull || isNewDay) && !(await lstat(file)).isSymbolicLink()
}

/** `journal.jsonl-2026-11-28-4711`: the day it began, and the number of its last line. */
export async function rotatedName(file: string, day: string, lastSeq: number): Promise<string> {
  const name = `${file}-${day}-${lastSeq}`
  // Only a journal that has lost its chain uses a number again.
  for (let more = 1; ; more++) {
    const free = more === 1 ? name : `${name}-${more}`
    if ((await lstat(free).catch(() => null)) === null) return free
  }
}

/** The oldest rotated files whose last line is older than the time to keep. A file without a chain is removed by its date. */
export async function expiredFiles(file: string, now: number, { keepSeconds }: RotationOptions): Promise<Expired[]> {
  if (keepSeconds === null) return []
  const expired: Expired[] = []
  for (const one of await rotatedFiles(file)) {
    const end = await chainEndOf(one).catch(() => null)
    const lastAt = end?.at ?? (await stat(one)).mtimeMs
    if (now - lastAt <= keepSeconds * 1000) break
    const { seq } = await beginningOf(one)
    expired.push({ path: one, file: path.basename(one), from: seq, to: end?.seq ?? 0, hash: end?.hash ?? '' })
  }
  return expired
}

export async function removeFile(file: string): Promise<void> {
  await unlink(file).catch(() => {})
}
