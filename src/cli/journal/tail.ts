/** `factorgate journal tail`: prints the newest journal entries. */
import { type Command, readArgs, UsageError, visible } from '../command.ts'
import { configFor, configHelp, configOption } from '../command-context.ts'
import { type Entry, entryOf, journalFiles, linesIn } from './files.ts'
import { Printer } from './print.ts'

const most = 10_000

export const command: Command = {
  name: 'journal tail',
  summary: 'Show the newest entries.',
  usage: ['factorgate journal tail [--lines N] [--json]'],
  help: `
  --lines N        how many entries (default: 20)
  --json           an array of the entries, one on each line
${configHelp}

Example:
  factorgate journal tail --lines 50
`,
  async run(args, io) {
    const { values } = readArgs(args, { ...configOption, lines: { type: 'string' }, json: { type: 'boolean' } })
    const wanted = Number(values.lines ?? 20)
    if (!/^\d+$/.test(values.lines ?? '20') || wanted < 1 || wanted > most)
      throw new UsageError(`--lines must be a number from 1 to ${most}, got '${visible(values.lines ?? '')}'`)
    const { journal } = await configFor(io, values.config)
    let newest: Entry[] = []
    // A freshly rotated journal has few entries.
    for (const file of (await journalFiles(journal)).reverse()) {
      const found: Entry[] = []
      for await (const line of linesIn(file)) {
        const entry = entryOf(line)
        if (entry === null) continue
        found.push(entry)
        if (found.length > 2 * most) found.splice(0, most)
      }
      newest = [...found, ...newest].slice(-wanted)
      if (newest.length === wanted) break
    }
    const printer = new Printer(io, values.json === true)
    for (const entry of newest) printer.add(entry)
    printer.end()
    if (printer.count === 0) io.stderr('the journal is empty\n')
    return 0
  }
}
