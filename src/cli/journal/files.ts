/** The journal's files and its reader for a command. Mistakes of the person become PersonErrors. */
import { stat } from 'node:fs/promises'
import path from 'node:path'
import * as journal from '../../audit/journal-files.ts'
import { JournalReader } from '../../audit/journal-reader.ts'
import { pseudonymsOf } from '../../audit/pseudonyms.ts'
import { canonicalName } from '../../identity/account.ts'
import { readKeyFile } from '../../keyring/key-file.ts'
import { visible } from '../../messages/visible.ts'
import { isHidden, noAccess } from '../access-trouble.ts'
import { type Io, PersonError, UsageError } from '../command.ts'
import { configFor } from '../command-context.ts'
import { asOwnerOf } from '../owner.ts'
import { Progress } from '../progress.ts'

export { type Entry, entryOf } from '../../audit/journal-files.ts'

/** The journal with its rotated files, oldest first. Throws PersonError if there are none. */
export async function journalFiles(file: string): Promise<string[]> {
  const found = await journal.journalFiles(file)
  if (found.length > 0) return found
  if (isHidden(file)) throw new PersonError(noAccess(file))
  throw new PersonError(`there is no journal at ${file} yet; the gate creates it when it starts`)
}

/** Rejects on a read error, and with PersonError for anything but a file. */
export async function* linesIn(file: string): AsyncGenerator<string> {
  try {
    yield* journal.linesIn(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTFILE') throw new PersonError(`${file} is not a file`)
    throw error
  }
}

/** Throws PersonError for a folder; rejects for a missing file. */
export async function givenFiles(names: readonly string[], io: Io): Promise<string[]> {
  const files = names.map(name => path.resolve(io.cwd, name))
  for (const file of files)
    if (!(await stat(file)).isFile())
      throw new PersonError(`${visible(file)} is not a file; name the files of the journal`)
  return files
}

/** The reader of these files, or of the configured journal, whose index it updates. */
export async function readerFor(names: readonly string[], config: string | undefined, io: Io): Promise<JournalReader> {
  if (names.length > 0) {
    const files = await givenFiles(names, io)
    return new JournalReader({ path: files.at(-1)!, files, spellingsOf })
  }
  const { journal: settings, keyFile } = await configFor(io, config)
  const current = settings.file
  await journalFiles(current)
  const ring = settings.pseudonyms.length === 0 ? null : await readKeyFile(keyFile, io.env)
  const withPseudonyms = (person: string) => {
    const spellings = [person, ...spellingsOf(person)]
    return ring === null ? spellings : [...spellings, ...spellings.flatMap(text => pseudonymsOf(text, ring))]
  }
  const reader = new JournalReader({ path: current, spellingsOf: withPseudonyms })
  const progress = new Progress(io, 'MiB indexed, once')
  // Root must not write through a link that the folder's owner has laid.
  const isIndexed = await asOwnerOf(current, () =>
    reader.index({ onProgress: bytes => progress.at(Math.round(bytes / 1024 ** 2)) })
  )
  progress.end()
  if (!isIndexed)
    io.stderr('note: the index beside the journal cannot be written, so the search reads all files and is slow\n')
  return reader
}

/** Names are written in their canonical form, and ids as they are. */
function spellingsOf(person: string): string[] {
  const name = canonicalName(person)
  return name === undefined ? [] : [name]
}

/** A whole number from 1 to `most`. Throws UsageError. */
export function numberOf(option: string, text: string, most: number): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < 1 || number > most)
    throw new UsageError(`${option} must be a number from 1 to ${most}, got '${visible(text)}'`)
  return number
}
