/** When a journal file is closed, its new name, and when it is removed. */
import { lstat, stat, unlink } from 'node:fs/promises'
import path from 'node:path'
import { dayMs } from '../clock.ts'
import { exportedLines } from './export-cursor.ts'
import { beginningOf, chainEndOf, rotatedFiles } from './journal-files.ts'

export interface RotationOptions {
  /** Bytes; null for no limit. */
  readonly size: number | null
  readonly isDaily: boolean
  /** Counts from a rotated file's last line; null for ever. */
  readonly keepSeconds: number | null
}

/** A rotated file with the lines `from` to `to`; `hash` is the last one's. */
export interface Expired {
  readonly path: string
  readonly file: string
  readonly from: number
  readonly to: number
  readonly hash: string
  /** Exporters that have not sent all of it, separated by commas; empty where all have. */
  readonly unsent: string
}

/** How long an expired file waits for exporters. */
const exportPatienceMs = 7 * dayMs

interface Growth {
  readonly size: number
  readonly bytes: number
  /** As `2026-11-28`; null for an empty file. */
  readonly day: string | null
  readonly today: string
}

/** The day (UTC) of the first entry. */
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
  // A link may lead to another disk, and its owner rotates the target.
  return (isFull || isNewDay) && !(await lstat(file)).isSymbolicLink()
}

/** `journal.jsonl-2026-11-28-4711`: the first day, and the number of the last line. */
export async function rotatedName(file: string, day: string, lastSeq: number): Promise<string> {
  const name = `${file}-${day}-${lastSeq}`
  // Only a journal that has lost its chain reuses a number.
  for (let more = 1; ; more++) {
    const free = more === 1 ? name : `${name}-${more}`
    if ((await lstat(free).catch(() => null)) === null) return free
  }
}

/** A file without a chain expires by its date. What an exporter has not sent stays a week longer. */
export async function expiredFiles(file: string, now: number, { keepSeconds }: RotationOptions): Promise<Expired[]> {
  if (keepSeconds === null) return []
  const expired: Expired[] = []
  const exported = [...(await exportedLines(file))]
  for (const one of await rotatedFiles(file)) {
    const end = await chainEndOf(one).catch(() => null)
    const lastAt = end?.at ?? (await stat(one)).mtimeMs
    const age = now - lastAt - keepSeconds * 1000
    if (age <= 0) break
    const to = end?.seq ?? 0
    const unsent = exported.filter(([, seq]) => seq < to).map(([id]) => id)
    if (unsent.length > 0 && age <= exportPatienceMs) break
    const { seq } = await beginningOf(one)
    const hash = end?.hash ?? ''
    expired.push({ path: one, file: path.basename(one), from: seq, to, hash, unsent: unsent.sort().join() })
  }
  return expired
}

export async function removeFile(file: string): Promise<void> {
  await unlink(file).catch(() => {})
}
