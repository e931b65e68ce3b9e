/** `factorgate journal tail`: prints the newest journal entries, and with -f those that come. */
import { withoutTricks } from '../../audit/encode-event.ts'
import { followJournal } from '../../audit/follow-journal.ts'
import { JournalReader } from '../../audit/journal-reader.ts'
import { type Command, readArgs } from '../command.ts'
import { configFor, configHelp, configOption } from '../command-context.ts'
import { type Entry, journalFiles, numberOf } from './files.ts'
import { Printer, sentence } from './print.ts'

const maxLines = 10_000
/** Between two looks at the file, in milliseconds. */
const lookEveryMs = 250

export const command: Command = {
  name: 'journal tail',
  summary: 'Show the newest entries.',
  usage: ['factorgate journal tail [--lines N] [-f] [--json]'],
  help: `
  --lines N        how many entries (default: 20)
  -f, --follow     go on with the entries that come, until Ctrl-C. With --json there is one object on each line
  --json           an array of the entries, one on each line
${configHelp}

Example:
  factorgate journal tail --lines 50
  factorgate journal tail -f
`,
  async run(args, io) {
    const { values } = readArgs(args, {
      ...configOption,
      lines: { type: 'string' },
      follow: { type: 'boolean', short: 'f' },
      json: { type: 'boolean' }
    })
    const wanted = numberOf('--lines', values.lines ?? '20', maxLines)
    const { file: journal } = (await configFor(io, values.config)).journal
    await journalFiles(journal)
    const follower = values.follow ? await followJournal(journal) : null
    const newest: Entry[] = []
    for await (const entry of new JournalReader({ path: journal }).tail(wanted)) newest.unshift(entry)
    if (follower === null) {
      const printer = new Printer(io, values.json === true)
      for (const entry of newest) printer.add(entry)
      printer.end()
      if (printer.count === 0) io.stderr('the journal is empty\n')
      return 0
    }
    const print = (entry: Entry) =>
      io.stdout(values.json ? `${withoutTricks(JSON.stringify(entry))}\n` : `${sentence(entry)}\n`)
    for (const entry of newest) print(entry)
    const last = newest.at(-1)?.seq
    try {
      for (;;) {
        // A line that came while the newest were read is printed once.
        for (const entry of await follower.next()) if (!(Number(entry.seq) <= Number(last))) print(entry)
        await io.wait(lookEveryMs)
      }
    } finally {
      await follower.close()
    }
  }
}
