/**
 * The journal's files, the rotated ones first, read line by line however large they are. Owns what counts as an entry; whatever else stands in a
 * file is counted and left out.
 */
import { createReadStream, type Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { PersonError } from '../command.ts'

export type Entry = Readonly<Record<string, unknown>> & { readonly at: string; readonly kind: string }

/** What logrotate and its like make of `journal.jsonl`: `journal.jsonl.1`, `journal.jsonl-20261128`, each with `.gz` or without. */
const rotated = /^[.-](?:\d[\d-]*)(?:\.gz)?$/

/** The journal at `file` and what was rotated away from it, the oldest first. Throws PersonError where there is none of them. */
export async function journalFiles(file: string): Promise<string[]> {
  const folder = path.dirname(file)
  const name = path.basename(file)
  const isOne = (entry: Dirent) =>
    entry.name === name || (entry.name.startsWith(name) && rotated.test(entry.name.slice(name.length)))
  const names = (await readdir(folder, { withFileTypes: true }).catch(() => [])).filter(isOne).map(one => one.name)
  const found = await Promise.all(
    names.map(async one => ({ file: path.join(folder, one), at: await timeOf(path.join(folder, one)) }))
  )
  if (found.length === 0) throw new PersonError(`there is no journal at ${file} yet; the gate makes it when it starts`)
  const isCurrent = (one: { file: string }) => Number(one.file === file)
  return found.sort((a, b) => isCurrent(a) - isCurrent(b) || a.at - b.at).map(one => one.file)
}

/** When its first entry was written: the date of a file changes with every copy. A file that cannot be read is told of when it is searched. */
async function timeOf(file: string): Promise<number> {
  try {
    for await (const line of linesIn(file)) {
      const entry = entryOf(line)
      if (entry !== null) return Date.parse(entry.at)
    }
  } catch {}
  return 0
}

/** The lines of one file as texts. Rejects where it cannot be read to its end. */
export async function* linesIn(file: string): AsyncGenerator<string> {
  if (!(await stat(file)).isFile()) throw new PersonError(`${file} is no file`)
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

/** The entry of a line, or null for a line that is none: cut short by a crash, or written by somebody else. */
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
