/** Commands on a full disk: what must be recorded is refused before it is done, ends of access go on, and every message names the file. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { Accounts } from '../../src/identity/accounts.ts'
import { openLmdb } from '../../src/store/lmdb/lmdb.ts'
import { notTried } from '../fixtures/process/not-tried.ts'
import { program } from '../fixtures/process/program.ts'
import { smallDisk } from '../fixtures/process/small-disk.ts'
import { terminal, usualConfig } from './terminal.ts'

/** Store, journal and key lie on a disk of their own. */
async function onSmallDisk(t: Test) {
  const disk = smallDisk(t, '8m')
  if (disk === null) return null
  const at = (name: string) => path.join(disk.directory, name)
  const config = `store: embedded:${at('store')}\nkeyFile: ${at('factorgate.key')}\njournal: ${at('journal.jsonl')}\n${usualConfig}`
  const factorgate = terminal(t, { config })
  await factorgate.ok('key', 'new', at('factorgate.key'))
  await factorgate.ok('user', 'add', 'alice')
  return { disk, at, factorgate }
}

t.test('nobody is added without a record, and nothing stays behind', async t => {
  const place = await onSmallDisk(t)
  if (place === null) return notTried(t, 'this user cannot mount a disk')
  const { disk, at, factorgate } = place
  const free = disk.fill()
  const before = readdirSync(disk.directory).sort()
  for (const argv of [
    ['user', 'add', 'bob'],
    ['user', 'invite', 'alice'],
    ['user', 'set', 'alice', '--group', 'operators'],
    ['store', 'export', 'backup.sealed']
  ])
    t.match(
      await factorgate(...argv),
      {
        code: 1,
        stdout: '',
        stderr: /journal \S+ cannot be written: the disk is full \(ENOSPC\); nothing was changed\n$/
      },
      argv.join(' ')
    )
  // The last page of the journal has room for some lines.
  let suspended = await factorgate('user', 'suspend', 'alice', '--why', 'lost laptop')
  for (let tries = 0; tries < 50 && suspended.code === 0; tries++)
    suspended = await factorgate('user', 'suspend', 'alice', '--why', `lost laptop ${tries}`)
  t.equal(suspended.code, 1)
  t.match(
    suspended.stderr,
    /^factorgate: done, but not recorded: [^\n]*: the disk is full \(ENOSPC\)\n[^\n]*alice (?:is|was) suspended/
  )
  t.equal(suspended.stderr.split('not recorded').length, 2, 'it is said once')
  t.same(readdirSync(disk.directory).sort(), before, 'no command leaves a file')
  await free()
  const store = openLmdb(at('store'))
  t.teardown(() => store.close())
  const accounts = new Accounts({ store, clock: factorgate.time.read })
  t.equal(await accounts.byName('bob'), null)
  t.ok((await accounts.byName('alice'))?.suspended)
  await factorgate.ok('user', 'add', 'bob')
  await factorgate.ok('journal', 'verify')
})

t.test('a backup and a new configuration that do not fit: the file is named, and is not left', async t => {
  const disk = smallDisk(t, '1m')
  if (disk === null) return notTried(t, 'this user cannot mount a disk')
  const folder = path.join(disk.directory, 'etc')
  mkdirSync(folder)
  disk.fill()
  const factorgate = terminal(t)
  await factorgate.newKey()
  await factorgate.ok('user', 'add', 'alice')
  const backup = path.join(disk.directory, 'backup.sealed')
  t.match(await factorgate('store', 'export', backup), { code: 1, stderr: `factorgate: ${backup}: the disk is full\n` })
  t.notOk(existsSync(backup))
  const init = await factorgate('init', folder)
  t.match(init, { code: 1, stdout: '', stderr: `factorgate: ${folder}/factorgate.yaml: the disk is full\n` })
  t.same(readdirSync(folder), [], 'the next attempt does not meet half a configuration')
})

t.test('a store that was there and is gone is not called new', async t => {
  const factorgate = terminal(t)
  await factorgate.newKey()
  await factorgate.ok('user', 'add', 'alice')
  const store = path.join(factorgate.folder, 'var/store')
  renameSync(store, `${store}.away`)
  t.match(await factorgate('user', 'list'), {
    code: 1,
    stdout: '',
    stderr: /the store at \S+ is gone; put the folder back, .*store import/
  })
  const { stdout } = await factorgate('doctor')
  t.match(stdout, /problem {2}store: store: the store at \S+ is gone\n.*Put the folder back, or fill a new one/)
})

t.test('a read-only disk is no question of rights', async t => {
  const place = await onSmallDisk(t)
  if (place === null) return notTried(t, 'this user cannot mount a disk')
  const { disk, at, factorgate } = place
  execFileSync('mount', ['-o', 'remount,ro', disk.directory])
  const { code, stdout } = await factorgate('check')
  t.equal(code, 1)
  const said = stdout.split('\n').filter(line => line.includes('read-only'))
  t.match(said, [/journal {2}\S+journal\.jsonl is on a read-only file system: .*ReadWritePaths=/, /store {2}/], stdout)
  t.equal(said.length, 2, 'once for each')
  t.notMatch(stdout, /chown/)
  t.match(await factorgate('user', 'add', 'bob'), { code: 1, stdout: '', stderr: /read-only.*ReadWritePaths=/ })
  t.ok(existsSync(at('store')))
})

t.test('a place that systemd hides from the service is no question of rights', async t => {
  const factorgate = terminal(t)
  await factorgate.newKey()
  await factorgate.ok('user', 'add', 'alice')
  const at = (name: string) => path.join(factorgate.folder, name)
  mkdirSync(at('inaccessible/dir'), { recursive: true, mode: 0 })
  // As the unit does it: an empty folder over the one with the data.
  const hide = `mount --bind ${at('inaccessible/dir')} ${at('var')}`
  const inSandbox = (script: string) =>
    spawnSync('unshare', ['--map-root-user', '--mount', '--', 'sh', '-c', script, 'sh', ...program(), 'check'], {
      cwd: factorgate.folder,
      env: { ...process.env, NODE_OPTIONS: '', FACTORGATE_CONFIG: undefined },
      encoding: 'utf8'
    })
  if (inSandbox(hide).status !== 0) return notTried(t, 'this user cannot mount')
  const { status, stdout } = inSandbox(`${hide} && exec ${process.execPath} "$@"`)
  t.equal(status, 1)
  const said = stdout.split('\n').filter(line => line.includes('out of reach'))
  t.match(said, [/keyFile {2}\S+factorgate\.key /, /journal {2}/, /store {2}/], stdout)
  t.notMatch(stdout, /chown|key new/)
})
