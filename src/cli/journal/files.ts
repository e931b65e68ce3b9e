/** Reads the journal's files line by line, rotated ones first. Lines that are no entry are counted and skipped. */
import { createReadStream, type Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { PersonError } from '../command.ts'

export type Entry = Readonly<Record<string, unknown>> & { readonly at: string; readonly kind: string }

/** Suffixes from logrotate and similar: `journal.jsonl.1`, `journal.jsonl-20261128`, optionally `.gz`. */
const rotated = /^[.-](?:\d[\d-]*)(?:\.gz)?$/

/** The journal at `file` and its rotated files, oldest first. Throws PersonError if there are none. */
export async function journalFiles(file: string): Promise<string[]> {
  const folder = path.dirname(file)
  const name = path.basename(file)
  const isOne = (entry: Dirent) =>
    entry.name === name || (entry.name.startsWith(name) && rotated.test(entry.name.slice(name.length)))
  const names = (await readdir(folder, { withFileTypes: true }).catch(() => [])).filter(isOne).map(one => one.name)
  const found = await Promise.all(
    names.map(async one => ({ file: path.join(folder, one), at: await timeOf(path.join(folder, one)) }))
  )
  if (found.length === 0)
    throw new PersonError(`there is no journal at ${file} yet; the gate creates it when it starts`)
  const isCurrent = (one: { file: string }) => Number(one.file === file)
  return found.sort((a, b) => isCurrent(a) - isCurrent(b) || a.at - b.at).map(one => one.file)
}

/** The time of its first entry, because copying changes a file's date. Unreadable files are reported by the search. */
async function timeOf(file: string): Promise<number> {
  try {
    for await (const line of linesIn(file)) {
      const entry = entryOf(line)
      if (entry !== null) return Date.parse(entry.at)
    }
  } catch {}
  return 0
}

/** The lines of a file. Rejects on a read error. */
export async function* linesIn(file: string): AsyncGenerator<string> {
  if (!(await stat(file)).isFile()) throw new PersonError(`${file} is not a file`)
  const bytes = createReadStream(file)
  const source = file.endsWith('.gz') ? pipeline(bytes, createGunzip(), () => {}) : bytes
  source.setEncoding('utf8')
  let rest = ''
  for await (const chunk of source as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() as string
    yield* lines
  }
  if (rest !== '') yield rest
}

/** The entry of a line; null if truncated or foreign. */
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
