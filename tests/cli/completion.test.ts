import { execFileSync } from 'node:child_process'
import t from 'tap'
import { terminal } from './terminal.ts'

t.test('an unfinished line gets commands, options, names and ids', async t => {
  const factorgate = terminal(t)
  await factorgate.newKey()
  await factorgate.ok('user', 'add', 'alice')
  await factorgate.ok('user', 'add', 'albert')
  for (const [words, expected] of [
    [['us'], ['user']],
    [
      ['user', 're'],
      ['rename', 'resume', 'reset-factors', 'remove']
    ],
    [
      ['user', 'show', 'al'],
      ['albert', 'alice']
    ],
    [['session', 'list', '--user', 'ali'], ['alice']],
    [['session', 'list', '--u'], ['--user']],
    [
      ['user', 'remove', 'alice', '--'],
      ['--yes', '--config']
    ],
    [['report', '--app', ''], ['notebooks']],
    [['report', '--app', 'x'], []],
    [['user', 'add', 'al'], []],
    [['completion', 'f'], ['fish']],
    [['nonsense', 'x'], []],
    [['check', '--config', ''], []]
  ] as const) {
    const said = await factorgate.ok('completion', 'suggest', '--', ...words)
    const values = said
      .split('\n')
      .filter(Boolean)
      .map(line => line.split('\t')[0])
    t.same(values.sort(), [...expected].sort(), words.join(' '))
  }
})

t.test('without a configuration there are no names, and no error', async t => {
  const factorgate = terminal(t, { config: null })
  t.match(await factorgate('completion', 'suggest', '--', 'user', 'show', ''), { code: 0, stdout: '', stderr: '' })
})

t.test('the script for bash is read by bash; another shell is wrong usage', async t => {
  const factorgate = terminal(t)
  const script = await factorgate.ok('completion', 'bash')
  // In place of the program: a function that says what it is asked.
  const ask = `factorgate() { printf 'one\\tfirst\\n'; printf '%s\\tasked\\n' "$*"; }\n${script}
COMP_WORDS=(factorgate user sh); COMP_CWORD=2; _factorgate; printf '%s\\n' "\${COMPREPLY[@]}"`
  t.equal(execFileSync('bash', ['-c', ask], { encoding: 'utf8' }), 'one\ncompletion suggest -- user sh\n')
  for (const shell of ['zsh', 'fish']) t.match(await factorgate.ok('completion', shell), /completion suggest -- /)
  t.match(await factorgate('completion', 'tcsh'), { code: 2, stderr: /give bash, zsh or fish/ })
})
