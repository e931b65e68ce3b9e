/** The last line of the journal that an exporter's destination has, in a small file beside the journal. */
import { randomBytes } from 'node:crypto'
import { open, readdir, readFile, rename, unlink } from 'node:fs/promises'
import path from 'node:path'
import { makeFolder } from '../ensure-directory.ts'
import type { ChainEnd } from './chain.ts'

/** A line from before the chain has `seq` 0 and its own hash. */
export interface ExportCursor extends ChainEnd {
  readonly chain: string
  readonly inode: string
  /** Where the line begins and ends in the file, in bytes. */
  readonly start: number
  readonly offset: number
}

export const exportFolderOf = (journal: string) => `${journal}.export`

export const cursorFileOf = (journal: string, id: string) => path.join(exportFolderOf(journal), `${id}.json`)

/** Null if there is none, or half of one. Rejects on any other error. */
export async function readCursor(file: string): Promise<ExportCursor | null> {
  try {
    const value = JSON.parse(await readFile(file, 'utf8')) as ExportCursor
    const isWhole = [value.seq, value.start, value.offset].every(Number.isSafeInteger) && typeof value.hash === 'string'
    return isWhole ? value : null
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** The file is replaced in one step, so a crash leaves the old cursor or the new one. */
export async function writeCursor(file: string, cursor: ExportCursor): Promise<void> {
  makeFolder(path.dirname(file))
  const fresh = `${file}.${randomBytes(6).toString('hex')}`
  const handle = await open(fresh, 'wx', 0o600)
  try {
    await handle.writeFile(`${JSON.stringify({ v: 1, ...cursor })}\n`)
    await handle.datasync()
    await handle.close()
    await rename(fresh, file)
  } catch (error) {
    await handle.close().catch(() => {})
    await unlink(fresh).catch(() => {})
    throw error
  }
}

/** Exporter → the number of its last exported line. */
export async function exportedLines(journal: string): Promise<ReadonlyMap<string, number>> {
  const folder = exportFolderOf(journal)
  const names = (await readdir(folder).catch(() => [])).filter(name => name.endsWith('.json'))
  const found = new Map<string, number>()
  for (const name of names) {
    const cursor = await readCursor(path.join(folder, name)).catch(() => null)
    if (cursor !== null) found.set(name.slice(0, -'.json'.length), cursor.seq)
  }
  return found
}
