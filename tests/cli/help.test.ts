import t from 'tap'
import type { Command } from '../../src/cli/command.ts'
import { program } from '../../src/cli/run.ts'
import { shown } from '../fixtures/in-process/shown.ts'
import { terminal } from './terminal.ts'

/** Every command there is, with the words it is called by. */
async function everyCommand(
  of: Command = program,
  words: string[] = []
): Promise<{ words: string[]; command: Command }[]> {
  const found = []
  for (const entry of of.commands ?? []) {
    const { command } = await entry.load()
    found.push({ words: [...words, entry.name], command, summary: entry.summary })
    found.push(...(await everyCommand(command, [...words, entry.name])))
  }
  return found
}

t.test('every command is there', async t => {
  const names = (await everyCommand()).map(({ words }) => words.join(' '))
  for (const name of [
    ...['serve', 'demo', 'init', 'check', 'explain', 'schema', 'key new', 'key rotate', 'store export', 'store import'],
    ...[
      'add',
      'list',
      'show',
      'set',
      'invite',
      'suspend',
      'resume',
      'reset-factors',
      'forget-name',
      'forget-login',
      'remove'
    ].map(word => `user ${word}`),
    ...['session list', 'session revoke']
  ])
    t.ok(names.includes(name), name)
})

t.test('every command has a help page with an example, and is called what the list calls it', async t => {
  const factorgate = terminal(t, { config: null })
  for (const { words, command } of await everyCommand()) {
    const name = words.join(' ')
    t.equal(command.name, name)
    const { code, stdout, stderr } = await factorgate(...words, '--help')
    t.equal(code, 0, `${name} --help ends with 0`)
    t.equal(stderr, '', `${name} --help is a result, not talk`)
    t.ok(stdout.startsWith(`Usage: factorgate ${name}`), `${name}: usage first`)
    t.match(stdout, /\n\n(Example:|.*\n(.*\n)*Example:)\n {2}factorgate /, `${name}: an example`)
    t.ok(stdout.includes(command.summary), `${name}: its summary`)
    for (const line of stdout.split('\n'))
      t.ok(line.length <= 80 || / {2}factorgate /.test(line), `${name}: fits a terminal: ${line}`)
    t.equal((await factorgate(...words, '-h')).stdout, stdout)
    t.equal((await factorgate('help', ...words)).stdout, stdout)
    t.equal((await factorgate(...words, '--version')).stdout, 'factorgate 0.1.0\n')
  }
})

t.test('help alone is the list of commands', async t => {
  const factorgate = terminal(t, { config: null })
  t.same(await factorgate('help'), await factorgate('--help'))
  t.match(await factorgate('help'), { code: 0, stderr: '', stdout: /^Usage: factorgate COMMAND/ })
  t.match(await factorgate('help', 'usr'), { code: 2, stderr: /no command 'usr'; did you mean 'user'/ })
})

t.test('the lists of commands tell the same summaries as the commands', async t => {
  const lists: Command[] = [program, ...(await everyCommand()).map(({ command }) => command)]
  for (const { commands = [] } of lists)
    for (const entry of commands) t.equal((await entry.load()).command.summary, entry.summary)
})

t.test('called wrongly: exit 2, one sentence, and where to read on', async t => {
  const factorgate = terminal(t)
  for (const [argv, sentence, help] of [
    [[], /a command is missing; the commands are serve, demo/, 'factorgate --help'],
    [['user'], /a command is missing after 'user'; the commands are add, list/, 'factorgate user --help'],
    [['usr', 'list'], /no command 'usr'; did you mean 'user'\?/, 'factorgate --help'],
    [['user', 'susped'], /no command 'user susped'; did you mean 'suspend'\?/, 'factorgate user --help'],
    [['zzzzzzzz'], /no command 'zzzzzzzz'; the commands are serve/, 'factorgate --help'],
    [['\u001b[2J'], /'\\u\{001b\}\[2J'/, 'factorgate --help'],
    [['--what'], /a command is missing/, 'factorgate --help'],
    [['user', 'add'], /NAME is missing/, 'factorgate user add --help'],
    [['user', 'add', 'a', 'b'], /there is one argument too many: 'b'/, 'factorgate user add --help'],
    [['user', 'list', '--jsn'], /Unknown option '--jsn'; did you mean --json\?/, 'factorgate user list --help'],
    [['user', 'list', '--qqqqqqqq'], /Unknown option '--qqqqqqqq'$/m, 'factorgate user list --help'],
    [['user', 'add', 'a', '--email', '-x'], /--email needs a value; .*--email=-VALUE/, 'factorgate user add --help'],
    [['user', 'add', 'a', '--email'], /'--email <value>' argument missing/, 'factorgate user add --help'],
    [['user', 'add', 'a', '--email', 'x'], /--email must be an address/, 'factorgate user add --help'],
    [
      ['user', 'add', 'a', '--group', 'a,operators'],
      /--group must have 1 to 64 characters, without/,
      'factorgate user add --help'
    ],
    [
      ['user', 'add', 'a', '--display', 'a\nb'],
      /--display must have .* got 'a\\u\{000a\}b'/,
      'factorgate user add --help'
    ],
    [
      ['session', 'revoke', '--user', 'ada', '--user', 'bob'],
      /^factorgate: --user is given twice; give it once$/m,
      'factorgate session revoke --help'
    ],
    [
      ['posture', 'set', 'lockdown', '--app=a', '--app=b', '--why=x'],
      /--app is given twice/,
      'factorgate posture set --help'
    ],
    [['check', '--config', ''], /--config is empty/, 'factorgate check --help'],
    [['init', ''], /DIR is empty/, 'factorgate init --help'],
    [['key', 'new', ''], /FILE is empty/, 'factorgate key new --help'],
    [['session', 'revoke', 'x', ''], /ID is empty/, 'factorgate session revoke --help'],
    [['user', 'set', 'a'], /there is nothing to change; give --group/, 'factorgate user set --help'],
    [['user', 'set', 'a', '--group', 'b', '--no-groups'], /cannot be used together/, 'factorgate user set --help'],
    [['user', 'suspend', 'a'], /--why is missing/, 'factorgate user suspend --help'],
    [['session', 'revoke'], /session ids, --user NAME or --all/, 'factorgate session revoke --help'],
    [
      ['session', 'revoke', '--all', '--user', 'a'],
      /session ids, --user NAME or --all/,
      'factorgate session revoke --help'
    ],
    [['explain'], /--url is missing/, 'factorgate explain --help'],
    [['key', 'new'], /FILE is missing/, 'factorgate key new --help'],
    [
      ['serve', '--upstream', 'http://127.0.0.1:1', '--listen', '127.0.0.1:99999'],
      /^factorgate: --listen must have a port from 0 to 65535, got '127\.0\.0\.1:99999'$/m,
      'factorgate serve --help'
    ],
    [['serve', '--upstream', 'foo'], /--upstream must be an http\(s\) or unix URL/, 'factorgate serve --help'],
    [
      ['serve', '--upstream', 'http://127.0.0.1:1', '--listen', 'gaet:80'],
      /--listen must be an address of this machine/,
      'factorgate serve --help'
    ],
    [
      ['serve', '--upstream', 'http://127.0.0.1:1', '--config', 'x'],
      /cannot be used together/,
      'factorgate serve --help'
    ]
  ] as const) {
    const { code, stdout, stderr } = await factorgate(...argv)
    const name = shown(argv.join(' ')) || '(nothing)'
    t.equal(code, 2, `${name}: exit 2`)
    t.equal(stdout, '', `${name}: no result`)
    t.match(stderr, sentence, name)
    t.equal(stderr.split('\n').at(-2), `Try: ${help}`, `${name}: where to read on`)
    t.equal(stderr.split('\n').length, 3, `${name}: one sentence`)
  }
})

t.test('what stands behind -- is no option', async t => {
  const factorgate = terminal(t)
  const { code, stderr } = await factorgate('user', 'show', '--', '--help')
  t.equal(code, 1)
  t.match(stderr, /no store|no account '--help'/)
})

t.test('the schema is printed as JSON', async t => {
  const schema = JSON.parse(await terminal(t, { config: null }).ok('schema'))
  t.match(schema, { type: 'object', properties: { portal: {}, apps: {} } })
})
