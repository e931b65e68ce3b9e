/** Suggestions for an unfinished command line: commands, options of the help page, names of people, ids of apps. */
import type { Command, Io } from '../command.ts'
import { configFor, withStore } from '../command-context.ts'
import { accountsAt } from '../user/person.ts'

interface Suggestion {
  readonly value: string
  readonly summary: string
}

/** More names than anybody reads. */
const maxNames = 1000

/** `words` follow the program's name; the last one is unfinished or empty. Never rejects. */
export async function suggest(program: Command, words: readonly string[], io: Io): Promise<Suggestion[]> {
  const current = words.at(-1) ?? ''
  let rest = words.slice(0, -1)
  let command = program
  while (command.commands !== undefined && rest.length > 0) {
    const entry = command.commands.find(({ name }) => name === rest[0])
    if (entry === undefined) return []
    command = (await entry.load()).command
    rest = rest.slice(1)
  }
  const found = await candidates(command, rest, current, io)
  return found.filter(({ value }) => value.startsWith(current))
}

async function candidates(command: Command, before: readonly string[], current: string, io: Io): Promise<Suggestion[]> {
  if (command.commands !== undefined) return command.commands.map(({ name, summary }) => ({ value: name, summary }))
  const options = optionsOf(command)
  const wanted = options.find(({ value }) => value === before.at(-1))?.argument
  if (wanted !== undefined) return valuesOf(wanted, command, before, current, io)
  if (current.startsWith('-')) return options
  if (command.name === 'completion') return ['bash', 'zsh', 'fish'].map(value => ({ value, summary: '' }))
  const first = /^factorgate [a-z -]+ ([A-Z]+)/.exec(command.usage[0] ?? '')?.[1]
  return first === undefined ? [] : valuesOf(first, command, before, current, io)
}

/** The options that the help page explains. */
function optionsOf({ help }: Command): (Suggestion & { readonly argument?: string })[] {
  const rows = help.matchAll(/^ {0,2}(--[a-z-]+)(?: ([A-Z:]+))? {2,}(.+)$/gm)
  return [...rows].map(([, value = '', argument, summary = '']) => ({
    value,
    summary,
    ...(argument === undefined ? {} : { argument })
  }))
}

/** Suggests no files, which the shell completes itself. */
async function valuesOf(
  argument: string,
  { name }: Command,
  before: readonly string[],
  current: string,
  io: Io
): Promise<Suggestion[]> {
  const at = before.indexOf('--config')
  const file = at < 0 ? undefined : before[at + 1]
  const quiet = { ...io, stderr: () => {} }
  try {
    if (argument === 'ID' && !name.startsWith('session')) {
      const { apps } = await configFor(quiet, file)
      return apps.map(({ id, title }) => ({ value: id, summary: title }))
    }
    if ((argument !== 'NAME' && argument !== 'OLD') || name === 'user add') return []
    const found: Suggestion[] = []
    await withStore(quiet, { config: file, changes: 'nothing' }, async place => {
      for (const { name, displayName } of await accountsAt(place).beginningWith(current, maxNames))
        found.push({ value: name, summary: displayName })
      return 0
    })
    return found
  } catch {
    return []
  }
}
