/**
 * The command line's entry: finds the command, handles `--help` and `--version`, returns the exit code. Commands are
 * loaded on demand, so short ones start fast.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { nearest } from '../../config/values/invalid.ts'
import { type Command, type Entry, type ExitCode, type Io, UsageError, visible, withBelt } from './command.ts'
import { reportError } from './error-report.ts'
import { helpPage } from './help.ts'

const entries: readonly Entry[] = [
  { name: 'serve', summary: 'Run the gateway.', load: () => import('./serve.ts') },
  {
    name: 'demo',
    summary: 'Show the gateway in front of a sample lab portal. Keeps nothing.',
    load: () => import('./demo.ts')
  },
  {
    name: 'init',
    summary: 'Write a first configuration and a key file, and invite the first operator.',
    load: () => import('./init.ts')
  },
  { name: 'check', summary: 'Say every problem of a configuration at once.', load: () => import('./check.ts') },
  {
    name: 'explain',
    summary: 'Say what the gate would decide about a request, and why.',
    load: () => import('./explain.ts')
  },
  { name: 'user', summary: 'People: who may sign in, and with which groups.', load: () => import('./user.ts') },
  { name: 'session', summary: 'Who is signed in; end it.', load: () => import('./session.ts') },
  {
    name: 'journal',
    summary: 'What happened: who did what, from where.',
    load: () => import('./journal.ts')
  },
  { name: 'key', summary: 'The key file: make one, exchange its key.', load: () => import('./key.ts') },
  { name: 'store', summary: 'Back the store up, or move it.', load: () => import('./store.ts') },
  { name: 'schema', summary: 'Print the JSON Schema of the configuration.', load: () => import('./schema.ts') }
]

export const program: Command = {
  name: '',
  summary: 'Factorgate puts a second factor in front of web apps.',
  usage: ['factorgate COMMAND …', 'factorgate COMMAND --help', 'factorgate --version'],
  help: `
Results go to standard output, talk to standard error. Exit code 0: done; 1: it did not work, or the answer is no; 2: called wrongly.
The configuration is the file of --config, else of FACTORGATE_CONFIG, else ./factorgate.yaml, else /etc/factorgate/factorgate.yaml.

Example:
  factorgate serve --upstream http://127.0.0.1:8888
`,
  commands: entries,
  run: () => Promise.reject(new UsageError('say which command'))
}

/** Runs `argv` (without node and script). Never rejects: errors become a message and an exit code. */
export async function run(argv: readonly string[], terminal: Io): Promise<ExitCode> {
  const io = withBelt(terminal)
  let command = program
  try {
    const options = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined)
    const asksHelp = argv[0] === 'help' || options.some(arg => arg === '--help' || arg === '-h')
    if (!asksHelp && options.includes('--version')) {
      io.stdout(`factorgate ${version()}\n`)
      return 0
    }
    let args = argv[0] === 'help' ? argv.slice(1) : argv
    while (command.commands !== undefined) {
      const [word = '', ...rest] = args
      if (asksHelp && (word === '' || word.startsWith('-'))) break
      command = await find(command, word)
      args = rest
    }
    if (!asksHelp) return await command.run(args, io)
    io.stdout(helpPage(command))
    return 0
  } catch (error) {
    return reportError(error, command.name, io)
  }
}

async function find({ name, commands = [] }: Command, word: string): Promise<Command> {
  const entry = commands.find(({ name }) => name === word)
  if (entry !== undefined) return (await entry.load()).command
  const names = commands.map(({ name }) => name)
  if (word === '' || word.startsWith('-'))
    throw new UsageError(`${name === '' ? 'say which command' : `'${name}' needs another word`}: ${names.join(', ')}`)
  const close = nearest(word, names)
  const meant = close === null ? `the commands are ${names.join(', ')}` : `did you mean '${close}'?`
  throw new UsageError(`there is no command '${visible(`${name} ${word}`.trim())}'; ${meant}`)
}

/** From package.json, which is one directory higher after the build. */
function version(): string {
  for (let folder = import.meta.dirname; ; folder = path.dirname(folder)) {
    const text = read(path.join(folder, 'package.json'))
    const found = text === null ? null : (JSON.parse(text) as { name?: string; version?: string })
    if (found?.name === 'factorgate') return String(found.version)
    if (folder === path.dirname(folder)) return 'of unknown version'
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
