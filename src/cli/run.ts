/** The command line's entry. Commands are loaded on demand, so that short ones start fast. */
import { nearest } from '../../config/values/invalid.ts'
import { visible } from '../messages/visible.ts'
import { release } from '../metrics/release.ts'
import { type Command, type Entry, type ExitCode, type Io, UsageError, withBelt } from './command.ts'
import { reportError } from './error-report.ts'
import { helpPage } from './help.ts'
import { CannotChangeUser, runAgainAs } from './owner.ts'

const entries: readonly Entry[] = [
  { name: 'serve', summary: 'Run the gate.', load: () => import('./serve.ts') },
  {
    name: 'demo',
    summary: 'Run the gate in front of a sample lab. It keeps no data.',
    load: () => import('./demo.ts')
  },
  {
    name: 'init',
    summary: 'Write a first configuration and a key file, and invite the first operator.',
    load: () => import('./init.ts')
  },
  { name: 'check', summary: 'List all problems of a configuration.', load: () => import('./check.ts') },
  {
    name: 'doctor',
    summary: 'Find what is wrong with this installation, and how to mend it.',
    load: () => import('./doctor.ts')
  },
  {
    name: 'status',
    summary: 'Show what runs here, who is signed in, and what needs attention.',
    load: () => import('./status.ts')
  },
  {
    name: 'explain',
    summary: 'Show what the gate would decide about a request, and why.',
    load: () => import('./explain.ts')
  },
  { name: 'user', summary: 'Add, list and change the people who may sign in.', load: () => import('./user.ts') },
  { name: 'session', summary: 'List who is signed in, and end sessions.', load: () => import('./session.ts') },
  {
    name: 'token',
    summary: 'Make, list and revoke tokens of programs.',
    load: () => import('./token.ts')
  },
  {
    name: 'journal',
    summary: 'Search and prove the journal: who did what, when and from where.',
    load: () => import('./journal.ts')
  },
  {
    name: 'watch',
    summary: 'Show who fetches how much, what is new in apps, and whose decoy has leaked.',
    load: () => import('./watch.ts')
  },
  {
    name: 'posture',
    summary: 'Show and set how careful the gate is: normal, elevated or lockdown.',
    load: () => import('./posture.ts')
  },
  {
    name: 'report',
    summary: 'Show who has which factors, who uses what, and whom rules would stop.',
    load: () => import('./report.ts')
  },
  {
    name: 'evidence',
    summary: 'Write a signed folder of evidence for a security officer.',
    load: () => import('./evidence.ts')
  },
  { name: 'notify', summary: 'Try the mail server and the webhooks.', load: () => import('./notify.ts') },
  { name: 'key', summary: 'Make a key file, or replace its key.', load: () => import('./key.ts') },
  { name: 'store', summary: 'Back up, restore or move the store.', load: () => import('./store.ts') },
  {
    name: 'completion',
    summary: 'Print a script that completes commands in bash, zsh or fish.',
    load: () => import('./completion.ts')
  },
  { name: 'schema', summary: 'Print the JSON Schema of the configuration.', load: () => import('./schema.ts') }
]

export const program: Command = {
  name: '',
  summary: 'Factorgate puts a second factor in front of web apps.',
  usage: ['factorgate COMMAND …', 'factorgate COMMAND --help', 'factorgate --version'],
  help: `
Results go to standard output. Messages go to standard error. Exit code 0: done; 1: it failed, or the answer is no; 2: wrong usage.
The configuration file is the first of these that is given or exists: --config FILE, FACTORGATE_CONFIG, ./factorgate.yaml,
/etc/factorgate/factorgate.yaml.

Example:
  factorgate serve --upstream http://127.0.0.1:8888
`,
  commands: entries,
  run: () => Promise.reject(new UsageError('a command is missing'))
}

/** `argv` has no node and no script. Never rejects: errors become a message and an exit code. */
export async function run(argv: readonly string[], terminal: Io): Promise<ExitCode> {
  const io = withBelt(terminal)
  let command = program
  try {
    const options = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined)
    const asksHelp = argv[0] === 'help' || options.some(arg => arg === '--help' || arg === '-h')
    if (!asksHelp && options.includes('--version')) {
      io.stdout(`factorgate ${release()}\n`)
      return 0
    }
    let args = argv[0] === 'help' ? argv.slice(1) : argv
    while (command.commands !== undefined) {
      const [word = '', ...rest] = args
      if (asksHelp && (word === '' || word.startsWith('-'))) break
      command = await find(command, word)
      args = rest
    }
    if (!asksHelp) return await command.run(args, io, program)
    io.stdout(helpPage(command))
    return 0
  } catch (error) {
    const again = error instanceof CannotChangeUser && error.mayRunAgain ? runAgainAs(error.owner) : null
    if (again !== null) return again as ExitCode
    return reportError(error, command.name, io)
  }
}

async function find({ name, commands = [] }: Command, word: string): Promise<Command> {
  const entry = commands.find(({ name }) => name === word)
  if (entry !== undefined) return (await entry.load()).command
  const names = commands.map(({ name }) => name)
  if (word === '' || word.startsWith('-')) {
    const after = name === '' ? '' : ` after '${name}'`
    const before = word === '' ? '' : ` before the option '${visible(word)}'`
    throw new UsageError(`a command is missing${after}${before}; the commands are ${names.join(', ')}`)
  }
  const close = nearest(word, names)
  const meant = close === null ? `the commands are ${names.join(', ')}` : `did you mean '${close}'?`
  throw new UsageError(`there is no command '${visible(`${name} ${word}`.trim())}'; ${meant}`)
}
