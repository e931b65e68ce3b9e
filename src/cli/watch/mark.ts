/** `factorgate watch mark`: whose file of a decoy has leaked. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { maxBytes, textOfLeak } from '../../decoys/leaked-text.ts'
import { isMarked, type Marked, possibleWords } from '../../decoys/marks.ts'
import { rowCount } from '../../decoys/rows.ts'
import { readKeyFile } from '../../keyring/key-file.ts'
import { type Command, type Io, jsonText, readArgs, UsageError } from '../command.ts'
import { type CommandContext, configHelp, configOption, withStore } from '../command-context.ts'
import { type Entry, readerFor } from '../journal/files.ts'
import { asSelf } from '../owner.ts'
import { accountsAt } from '../user/person.ts'

/** The newest lines of the journal are looked at. */
const maxLines = 100_000
const touchesShown = 3

interface Source extends Marked {
  /** Null for somebody who was not signed in. */
  readonly user: string | null
  /** Lines of the journal. */
  readonly touches: readonly Entry[]
}

export const command: Command = {
  name: 'watch mark',
  summary: 'Say whose copy of a decoy a leaked file is.',
  usage: ['factorgate watch mark [FILE] [--json]'],
  help: `
  FILE             the leaked file, or a part of it. Without it, the command reads standard input: a file, or one mark that was typed
  --json           an array of the sources, with the lines of the journal
${configHelp}

Each file that the gate serves as a decoy ('serve') holds marks that name the person who fetched it, one in each row. One mark is enough.
Spreadsheets, other ZIP archives and gzip are opened; the first ${maxBytes / 1024 ** 2} MiB count. The command computes the marks of everybody from the key
file: keep old keys in it. People who are removed, and decoys that are configured no more, are found by the lines 'watch.decoy' of the journal.

Exit code 1: there is no mark of this gate in it.

Example:
  factorgate watch mark < passwords.xlsx
  echo k3f9w2mzq87tx | factorgate watch mark
`,
  async run(args, io) {
    const { values, names } = readArgs(args, { ...configOption, json: { type: 'boolean' } }, ['FILE?'])
    const [file] = names
    const leaked = file === undefined ? null : await readFile(path.resolve(io.cwd, file))
    return withStore(io, { config: values.config, changes: 'nothing' }, async place => {
      // Not before, because root's command may run once more as somebody else (owner.ts), and standard input can be read once.
      const found = wordsIn(leaked ?? (await inputOf(io)))
      const sources = found.size === 0 ? [] : await sourcesAt(place, found, await touchesAt(io, values.config))
      if (values.json) io.stdout(jsonText(sources.map(toJson)))
      else for (const source of sources) io.stdout(`${inWords(source)}\n`)
      if (sources.length > 0) return 0
      io.stderr('there is no mark of this gate in it\n')
      return 1
    })
  }
}

function wordsIn(leaked: Buffer): Set<string> {
  const text = textOfLeak(leaked)
  const found = possibleWords(text)
  // A typed mark may have blanks and dashes.
  if (text.length < 200) for (const word of possibleWords(text.replace(/[^0-9A-Za-z]/g, ''))) found.add(word)
  return found
}

async function inputOf(io: Io): Promise<Buffer> {
  if (io.input === undefined) throw new UsageError('FILE is missing, and there is no standard input')
  const parts: Buffer[] = []
  let length = 0
  for await (const part of io.input()) {
    parts.push(Buffer.from(part, 'latin1'))
    length += part.length
    if (length > maxBytes) break
  }
  return Buffer.concat(parts)
}

/** An installation without a journal has no lines. */
async function touchesAt(io: Io, config: string | undefined): Promise<Entry[]> {
  const lines: Entry[] = []
  try {
    const reader = await readerFor([], config, io)
    for await (const line of reader.search({ kinds: ['watch.decoy'], limit: maxLines })) lines.push(line)
  } catch (error) {
    io.stderr(`note: the journal is not used: ${(error as Error).message}\n`)
  }
  return lines
}

async function sourcesAt(
  place: CommandContext,
  found: ReadonlySet<string>,
  touches: readonly Entry[]
): Promise<Source[]> {
  const { config } = place
  const keyring = await asSelf(() => readKeyFile(config.keyFile))
  const served = config.apps.flatMap(({ id, decoys }) =>
    decoys.filter(({ serve }) => serve !== null).map(({ path }) => ({ app: id, path }))
  )
  const names = new Map((served.length === 0 ? [] : await accountsAt(place).list()).map(({ id, name }) => [id, name]))
  const candidates = new Map<string, Marked>()
  const add = (marked: Marked) => candidates.set(JSON.stringify(marked), marked)
  for (const whose of names.keys()) for (const one of served) add({ whose, app: one.app, path: one.path })
  for (const line of touches) if (line.mark !== undefined) add(markedOf(line))
  return [...candidates.values()]
    .filter(marked => isMarked(keyring, marked, rowCount, found))
    .map(marked => {
      const lines = touches.filter(line => line.mark !== undefined && isSame(markedOf(line), marked))
      const named = lines.find(line => typeof line.name === 'string')?.name
      return {
        ...marked,
        user: names.get(marked.whose) ?? (named === undefined ? null : String(named)),
        touches: lines
      }
    })
}

function markedOf({ account, address, app, decoy }: Entry): Marked {
  const whose = account === undefined ? `address:${address}` : String(account)
  return { whose, app: String(app), path: String(decoy) }
}

function isSame(one: Marked, other: Marked): boolean {
  return one.whose === other.whose && one.app === other.app && one.path === other.path
}

function inWords({ user, whose, app, path, touches }: Source): string {
  const who = user ?? (whose.startsWith('address:') ? `a stranger at ${whose.slice('address:'.length)}` : whose)
  const shown = touches.slice(0, touchesShown).map(({ at, address, request }) => `${at} from ${address} (${request})`)
  const more = touches.length > touchesShown ? ` and ${touches.length - touchesShown} more` : ''
  const when = shown.length === 0 ? 'the journal has no line about it' : `asked for ${shown.join(', ')}${more}`
  return `${who}: ${path} of ${app}; ${when}`
}

function toJson({ user, whose, app, path, touches }: Source) {
  return { user, account: whose.startsWith('address:') ? null : whose, app, path, touches }
}
