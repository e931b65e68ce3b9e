/** The journal's files for a command. Mistakes of the person become PersonErrors. */
import * as journal from '../../audit/journal-files.ts'
import { PersonError } from '../command.ts'

export { type Entry, entryOf } from '../../audit/journal-files.ts'

/** The journal at `file` and its rotated files, oldest first. Throws PersonError if there are none. */
export async function journalFiles(file: string): Promise<string[]> {
  const found = await journal.journalFiles(file)
  if (found.length === 0)
    throw new PersonError(`there is no journal at ${file} yet; the gate creates it when it starts`)
  return found
}

/** The lines of a file. Rejects on a read error, and with PersonError where it is no file. */
export async function* linesIn(file: string): AsyncGenerator<string> {
  try {
    yield* journal.linesIn(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTFILE') throw new PersonError(`${file} is not a file`)
    throw error
  }
}
