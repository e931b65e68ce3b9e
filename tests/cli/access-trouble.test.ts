/** What a command says to a user who may not reach the gate's files, and about files that are not there. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { run } from '../../src/cli/run.ts'
import { TestClock } from '../fixtures/in-process/memory-store.ts'
import { notTried } from '../fixtures/process/not-tried.ts'
import { program } from '../fixtures/process/program.ts'
import { terminal, usualConfig } from './terminal.ts'

const nobody = 65_534

t.test('FIELD N8 another user hears which folder is closed, and whose it is', async t => {
  if (process.getuid?.() !== 0) return notTried(t, 'needs root')
  const folder = mkdtempSync(path.join(tmpdir(), 'factorgate-way-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  chmodSync(folder, 0o755)
  mkdirSync(path.join(folder, 'var', 'store'), { recursive: true })
  writeFileSync(path.join(folder, 'factorgate.yaml'), usualConfig)
  chmodSync(path.join(folder, 'var'), 0o700)
  for (const argv of [
    ['user', 'list'],
    ['user', 'add', 'alice'],
    ['session', 'revoke', '--all'],
    ['journal', 'search']
  ]) {
    const { status, stderr } = spawnSync(process.execPath, [...program(), ...argv], {
      cwd: folder,
      uid: nobody,
      gid: nobody,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: folder }
    })
    t.equal(status, 1, argv.join(' '))
    t.match(
      stderr,
      `this user (uid ${nobody}) has no access to ${path.join(folder, 'var')}; run the command as the owner: sudo factorgate …`,
      argv.join(' ')
    )
  }
})

t.test('FIELD N8 a file that is not there, is a folder or is no text is named with the way out', async t => {
  const factorgate = terminal(t)
  await factorgate.newKey()
  await factorgate.ok('user', 'add', 'alice')
  mkdirSync(path.join(factorgate.folder, 'folder'))
  for (const [argv, code, said] of [
    [['check', '--config', 'none.yaml'], 1, /none\.yaml {2}there is no such file/],
    [['check', 'none.yaml'], 2, /one argument too many: 'none\.yaml'; did you mean --config none\.yaml\?/],
    [['doctor', 'lab.yml'], 2, /did you mean --config lab\.yml\?/],
    [['user', 'list', '--config', 'folder'], 1, /folder {2}is a folder; give the path of a file in it/],
    [['journal', 'verify', 'none.jsonl'], 1, /none\.jsonl: there is no such file or folder/],
    [['journal', 'search', 'none.jsonl'], 1, /none\.jsonl: there is no such file or folder/],
    [['store', 'import', 'none', '--force'], 1, /none: there is no such file or folder/],
    [['store', 'export', 'nowhere/backup'], 1, /nowhere/],
    [['key', 'new', 'nowhere/key'], 1, /the folder .*nowhere does not exist; make it first: mkdir/],
    [['user', 'add', '--from', 'none.csv'], 1, /none\.csv: there is no such file or folder/]
  ] as const) {
    const ran = await factorgate(...argv)
    t.equal(ran.code, code, argv.join(' '))
    // `check` prints what it finds as its result.
    t.match(ran.stdout + ran.stderr, said, argv.join(' '))
    t.notMatch(ran.stderr, /ENOENT|EISDIR|at .*\.ts:|bug in Factorgate/, `${argv.join(' ')}: no words of Node.js`)
  }
})

t.test('FIELD N8 an option where a command must stand is named', async t => {
  const factorgate = terminal(t, { config: null })
  t.match(await factorgate('--bogus'), {
    code: 2,
    stderr: /a command is missing before the option '--bogus'; the commands are serve/
  })
  t.match(await factorgate('user', '--json'), {
    code: 2,
    stderr: /a command is missing after 'user' before the option '--json'; the commands are add/
  })
})

t.test('a terminal gets colours, and none where NO_COLOR or a simple terminal says so', async t => {
  const { folder } = terminal(t)
  for (const [env, isTTY, isColoured] of [
    [{}, true, true],
    [{ NO_COLOR: '1' }, true, false],
    [{ TERM: 'dumb' }, true, false],
    [{}, false, false]
  ] as const) {
    let out = ''
    await run(['doctor'], {
      stdout: text => {
        out += text
      },
      stderr: () => {},
      env,
      cwd: folder,
      isTTY,
      columns: isTTY ? 60 : undefined,
      clock: new TestClock().read,
      wait: async () => {}
    })
    t.equal(out.includes('\u001b['), isColoured, JSON.stringify(env))
    if (isTTY)
      for (const line of out.replace(/\u001b\[[\d;]*m/g, '').split('\n'))
        t.ok(line.length <= 60 || !line.slice(11).includes(' '), line)
  }
})
