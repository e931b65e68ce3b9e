/** FIELD A6 and G10: root at the terminal, in a folder that belongs to the gate's user. That user is made up; only root can play this. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { asOwner, asOwnerOf, ownerOf } from '../../src/cli/owner.ts'
import { written } from '../../src/cli/store/unfinished.ts'
import { createKeyFile } from '../../src/keyring/key-file.ts'
import { newTokenText } from '../../src/programs/token-text.ts'
import { commandAt } from '../fixtures/in-process/command.ts'
import { notTried } from '../fixtures/process/not-tried.ts'
import { program } from '../fixtures/process/program.ts'

const uid = 61_234
const gid = 61_235
const isRoot = process.getuid?.() === 0

/** Only root can be led astray: for anybody else there is nothing to try. */
function asRoot(name: string, work: (t: Test) => Promise<void>): void {
  t.test(name, async t => (isRoot ? work(t) : void notTried(t, 'needs root')))
}

/** A folder of root's that everybody may look into; in it `var`, which is the gate's, and `private`, which is root's. */
function fixture(t: Test) {
  const folder = mkdtempSync(path.join(tmpdir(), 'factorgate-root-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  chmodSync(folder, 0o755)
  const at = (...names: string[]) => path.join(folder, ...names)
  mkdirSync(at('var'))
  chownSync(at('var'), uid, gid)
  mkdirSync(at('private'), { mode: 0o700 })
  writeFileSync(at('private', 'victim'), 'root alone\n', { mode: 0o600 })
  const config = at('factorgate.yaml')
  // Only root may read it, as it may hold a password.
  writeFileSync(
    config,
    `portal: { url: "https://gate.lab.example", title: Example Lab }
listen: { port: 8443 }
store: embedded:./var/store
journal: ./var/journal.jsonl
keyFile: ./var/factorgate.key
apps: [{ id: one, url: "https://one.lab.example", upstream: "http://127.0.0.1:9" }]
`,
    { mode: 0o600 }
  )
  return { at, command: commandAt(config), folder }
}

/** Every path below, with its owner. */
function ownersIn(folder: string): Record<string, number> {
  const found: Record<string, number> = {}
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    found[name] = lstatSync(path.join(folder, name)).uid
  return found
}

asRoot('FIELD G10 what root makes before the first start belongs to the owner of the folder', async t => {
  const { at, command } = fixture(t)
  t.equal((await command('user', 'add', 'alice')).code, 0)
  t.equal((await command('key', 'new', at('var', 'factorgate.key'))).code, 2, 'key new takes no --config')
  const owners = ownersIn(at('var'))
  t.ok(Object.keys(owners).includes('store/data.mdb'), Object.keys(owners).join())
  for (const [name, owner] of Object.entries(owners)) t.equal(owner, uid, name)
  t.equal(statSync(at('var', 'store')).mode & 0o777, 0o700)
  t.equal(statSync(at('var', 'store', 'data.mdb')).mode & 0o777, 0o600)
  t.equal(statSync(at('var', 'journal.jsonl')).mode & 0o777, 0o600)
  t.equal(statSync(at('var', 'journal.jsonl')).gid, gid)
  t.equal(process.geteuid?.(), 0, 'and root is root again')
  t.same(process.getgroups?.().includes(gid), false)
})

asRoot('FIELD G10 every command of root’s leaves the gate’s files to the gate', async t => {
  const { at, command, folder } = fixture(t)
  const bare = (...argv: string[]) => commandAt(at('factorgate.yaml'))(...argv)
  await createKeyFile(at('var', 'factorgate.key'))
  chownSync(at('var', 'factorgate.key'), uid, gid)
  await command('user', 'add', 'alice')
  t.equal((await command('user', 'show', 'alice')).code, 0)
  t.match(
    await command('store', 'export', at('private', 'backup')),
    { code: 0, stderr: /bytes/ },
    'a backup where root alone may write'
  )
  t.equal(statSync(at('private', 'backup')).uid, 0)
  t.equal((await command('store', 'export', at('var', 'backup'))).code, 0)
  t.equal((await command('key', 'rotate')).code, 0)
  t.equal((await command('store', 'import', at('private', 'backup'), '--force')).code, 1, 'its key is gone')
  t.equal((await command('store', 'import', at('var', 'backup'), '--force')).code, 1)
  t.equal((await bare('user', 'suspend', 'alice', '--why', 'x')).code, 0)
  for (const [name, owner] of Object.entries(ownersIn(at('var')))) t.equal(owner, uid, name)
  t.ok(existsSync(folder))
})

asRoot('FIELD A6 root follows no link that the gate’s user has laid', async t => {
  const { at } = fixture(t)
  const traps: [string, (at: (...names: string[]) => string) => void][] = []
  const links = ['journal.jsonl', 'store/bell', 'store/data.mdb', 'store/lock.mdb']
  for (const name of links)
    for (const target of ['victim', 'not-there'])
      traps.push([
        `${name} → ${target}`,
        at => {
          mkdirSync(at('var', 'store'), { recursive: true })
          chownSync(at('var', 'store'), uid, gid)
          symlinkSync(at('private', target), at('var', name))
        }
      ])
  traps.push(['the store itself', at => symlinkSync(at('private'), at('var', 'store'))])
  traps.push([
    'a link to a link',
    at => {
      symlinkSync(at('private', 'victim'), at('var', 'two'))
      symlinkSync('two', at('var', 'journal.jsonl'))
    }
  ])
  traps.push(['a hard link', at => linkSync(at('private', 'victim'), at('var', 'journal.jsonl'))])
  traps.push(['a pipe that nobody reads', at => execFileSync('mkfifo', [at('var', 'journal.jsonl')])])
  traps.push(['a folder in its place', at => mkdirSync(at('var', 'journal.jsonl'))])
  t.ok(at)
  for (const [name, lay] of traps)
    t.test(name, async t => {
      const { at, command } = fixture(t)
      lay(at)
      // Everything there is the gate's, links themselves and not what they lead to.
      if (!name.startsWith('a hard link')) execFileSync('chown', ['-RhP', `${uid}:${gid}`, at('var')])
      await command('user', 'add', 'alice', '--group', 'operators')
      await command('session', 'revoke', '--all')
      await command('user', 'suspend', 'alice', '--why', 'x')
      t.equal(readFileSync(at('private', 'victim'), 'utf8'), 'root alone\n')
      t.same(readdirSync(at('private')), ['victim'])
      t.equal(statSync(at('private', 'victim')).uid, 0)
      t.equal(statSync(at('private', 'victim')).mode & 0o777, 0o600)
      t.equal(process.geteuid?.(), 0)
    })
})

asRoot('FIELD A6 whose folder it is', async t => {
  const { at } = fixture(t)
  mkdirSync(at('real'))
  chownSync(at('real'), uid, gid)
  symlinkSync(at('real'), at('link-of-root'))
  mkdirSync(at('shared'))
  chmodSync(at('shared'), 0o777)
  mkdirSync(at('sticky'))
  chmodSync(at('sticky'), 0o1777)
  symlinkSync(at('private'), at('sticky', 'laid'))
  execFileSync('chown', ['-h', `${uid}:${gid}`, at('sticky', 'laid')])
  const cases: [string, string, number | RegExp][] = [
    ['root’s own', at('private', 'x', 'y'), 0],
    ['the gate’s, however deep', at('var', 'a', 'b', 'c'), uid],
    ['a link of root’s to the gate’s', at('link-of-root', 'x'), uid],
    ['a link that another has laid in a folder for all', at('sticky', 'laid', 'x'), uid],
    ['a new name in a folder for all', at('sticky', 'new'), 0],
    ['a folder in which others may exchange everything', at('shared', 'x'), /other users can write there/]
  ]
  for (const [name, file, expected] of cases)
    t.test(name, async t => {
      if (typeof expected === 'number') t.equal(ownerOf(file).uid, expected)
      else t.throws(() => ownerOf(file), { message: expected })
    })
})

asRoot('FIELD G10 init as root gives the data to the owner of its folder', async t => {
  const { at, command } = fixture(t)
  mkdirSync(at('etc'))
  const { run } = await import('../../src/cli/run.ts')
  t.ok(command)
  for (const [folder, owner] of [
    [at('var', 'conf'), uid],
    [at('etc', 'conf'), 0]
  ] as const) {
    const said: string[] = []
    const io = { stdout: () => {}, stderr: (text: string) => void said.push(text), env: {}, cwd: at(), isTTY: false }
    const code = await run(['init', folder], { ...io, clock: Date.now, wait: async () => {} })
    t.equal(code, 0, said.join(''))
    t.equal(statSync(folder).uid, owner)
    for (const [name, found] of Object.entries(ownersIn(folder))) t.equal(found, owner, name)
  }
})

asRoot(
  'FIELD A6 root never works with its own group: an owner of root’s group gets that of the user, or nobody’s',
  async t => {
    const daemon = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map(line => line.split(':'))
      .find(([, , id, group]) => Number(id) > 0 && Number(group) > 0 && group !== '65534' && id !== group)!
    const table: [string, number, number][] = [
      ['a user of the machine', Number(daemon[2]), Number(daemon[3])],
      ['a user whom the machine does not know', uid, 65_534]
    ]
    for (const [title, owner, group] of table) {
      const ids = await asOwner({ uid: owner, gid: 0 }, async () => [process.geteuid?.(), process.getegid?.()])
      t.same(ids, [owner, group], title)
    }
    t.same([process.geteuid?.(), process.getegid?.()], [0, 0], 'and is root again afterwards')
  }
)

asRoot('FIELD A6 root’s backup in a folder of root’s own leaves no half file when a signal ends it', async t => {
  const { at } = fixture(t)
  const half = at('private', 'a.sealed')
  const ended: string[] = []
  await asOwner({ uid, gid }, () =>
    written(half, {
      make: () => asOwnerOf(half, async () => writeFileSync(half, 'x')),
      write: async () => {
        process.emit('SIGTERM', 'SIGTERM')
        t.equal(process.geteuid?.(), uid, 'the command goes on as the gate’s user')
      },
      onLeft: error => t.fail(String(error)),
      end: signal => ended.push(signal)
    })
  )
  t.same(ended, ['SIGTERM'])
  t.notOk(existsSync(half))
})

/** A Node.js that changes no user, as version 20 with a libuv that is not its own. What runs again says its PID. */
function refusing(): string {
  const script = `for (const name of ['seteuid', 'setegid', 'setgroups', 'initgroups']) process[name] = () => { throw Object.assign(new Error(name + '() disabled'), { code: 'ERR_INVALID_STATE' }) }
if (process.getuid() !== 0) process.stderr.write('again ' + process.pid + '\\n')`
  return `--import=data:text/javascript,${encodeURIComponent(script)}`
}

asRoot('where Node.js lets nobody change the user, the whole command runs as the owner', async t => {
  const { at, folder } = fixture(t)
  chmodSync(at('factorgate.yaml'), 0o644)
  const given = (input: string, ...argv: string[]) =>
    spawnSync(process.execPath, [refusing(), ...program(), ...argv], {
      cwd: folder,
      env: { ...process.env, NODE_OPTIONS: '', FACTORGATE_CONFIG: at('factorgate.yaml'), SUDO_USER: undefined },
      encoding: 'utf8',
      input
    })
  const run = (...argv: string[]) => given('', ...argv)
  const made = run('key', 'new', at('var/factorgate.key'))
  if (/Cannot find module|EACCES/.test(made.stderr)) return void notTried(t, 'the made-up user cannot read the program')
  t.equal(made.status, 0, made.stderr)
  t.match(run('user', 'add', 'ada'), { status: 0, stdout: /\/invite\// })
  t.match(readFileSync(at('var/journal.jsonl'), 'utf8'), /"name":"ada".*"operator":"root as uid 61234"/)
  t.match(
    given(`found: ${newTokenText()}`, 'token', 'check'),
    { status: 1, stdout: /not known here/ },
    'with its input'
  )
  t.match(given('a mark', 'watch', 'mark'), { status: 1, stderr: /there is no mark of this gate in it/ })
  t.match(run('user', 'suspend', 'nobody', '--why', 'x'), { status: 1, stderr: /there is no account 'nobody'/ })
  for (const command of ['check', 'status', 'doctor']) {
    const { stdout, stderr } = run(command)
    t.ok(stdout + stderr, command)
    t.notMatch(stdout + stderr, /does not let root|disabled/, command)
  }
  for (const name of readdirSync(at('var'), { recursive: true, encoding: 'utf8' }))
    t.equal(statSync(at('var', name)).uid, uid, name)
})

asRoot('where root’s command is at work and may write nothing as another, it does not run again', async t => {
  const { at, folder } = fixture(t)
  chownSync(at('var'), 0, 0)
  mkdirSync(at('theirs'))
  chownSync(at('theirs'), uid, gid)
  const run = (...argv: string[]) =>
    spawnSync(process.execPath, [refusing(), ...program(), ...argv], {
      cwd: folder,
      env: { ...process.env, NODE_OPTIONS: '', FACTORGATE_CONFIG: at('factorgate.yaml') },
      encoding: 'utf8'
    })
  t.equal(run('key', 'new', at('var/factorgate.key')).status, 0)
  t.equal(run('user', 'add', 'ada').status, 0)
  const { status, stderr } = run('store', 'export', at('theirs/backup'))
  t.equal(status, 1)
  t.match(stderr, /does not let root work as uid 61234; name a folder of root, or install Node\.js 24\n$/)
  t.notMatch(stderr, /again/)
  t.same(readdirSync(at('theirs')), [])
})

asRoot('where the command cannot run again as the owner, a sentence says what to do', async t => {
  const { at, folder } = fixture(t)
  chmodSync(at('factorgate.yaml'), 0o644)
  for (const [title, script] of [
    ['BusyBox has other options', 'echo "setpriv: unrecognized option: $1" >&2; exit 1'],
    ['no right', 'case $1 in --version) echo setpriv from util-linux 2.41 ;; *) exit 127 ;; esac']
  ] as const) {
    writeFileSync(at('setpriv'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    const { status, stderr } = spawnSync(process.execPath, [refusing(), ...program(), 'user', 'add', 'ada'], {
      cwd: folder,
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        FACTORGATE_CONFIG: at('factorgate.yaml'),
        PATH: `${folder}:${process.env.PATH}`
      },
      encoding: 'utf8'
    })
    t.equal(status, 1, title)
    t.match(stderr, /^factorgate: this Node\.js does not let root work as uid 61234; run [^\n]+\n$/, title)
  }
})

asRoot(
  'the command that runs again as the owner ends with the first, and its end by a signal is no question of rights',
  async t => {
    const { at, folder } = fixture(t)
    chmodSync(at('factorgate.yaml'), 0o644)
    const start = (...argv: string[]) =>
      spawn(process.execPath, [refusing(), ...program(), ...argv], {
        cwd: folder,
        env: { ...process.env, NODE_OPTIONS: '', FACTORGATE_CONFIG: at('factorgate.yaml') }
      })
    const [added] = await once(start('user', 'add', 'ada'), 'close')
    if (added !== 0) return void notTried(t, 'the made-up user cannot read the program')
    for (const isFirst of [true, false]) {
      // It waits for a text, and both have the pipe of stderr.
      const first = start('token', 'check')
      t.teardown(() => first.stdin.end())
      let said = ''
      const again = new Promise<number>(resolve => {
        first.stderr.setEncoding('utf8').on('data', (text: string) => {
          said += text
          const pid = /again (\d+)\n/.exec(said)?.[1]
          if (pid !== undefined) resolve(Number(pid))
        })
      })
      const closed = once(first, 'close')
      const pid = await again
      process.kill(isFirst ? first.pid! : pid, 'SIGTERM')
      t.same(await closed, isFirst ? [null, 'SIGTERM'] : [143, null], said)
      t.notMatch(said, /does not let root/)
    }
  }
)
