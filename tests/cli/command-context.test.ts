import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { Accounts } from '../../src/identity/accounts.ts'
import { openLmdb } from '../../src/store/lmdb/lmdb.ts'
import { gateOn } from './people.ts'
import { terminal, usualConfig } from './terminal.ts'

t.test('without a file, commands work on what `serve --upstream` uses, at the address it last served', async t => {
  const factorgate = terminal(t, { config: null })
  t.match(await factorgate('user', 'add', 'alice'), {
    code: 1,
    stderr: /there is no configuration: neither factorgate\.yaml/
  })
  mkdirSync(path.join(factorgate.folder, 'var'))
  const store = openLmdb(path.join(factorgate.folder, 'var/store'))
  t.teardown(() => store.close())
  t.match(await factorgate.ok('user', 'add', 'alice'), /^http:\/\/localhost:8443\/\.factorgate\/invite\//)
  await store.put('meta:portal-url', 'http://localhost:9999')
  t.match(await factorgate.ok('user', 'invite', 'alice'), /^http:\/\/localhost:9999\/\.factorgate\/invite\//)
  t.match(await new Accounts({ store, clock: Date.now }).byName('alice'), { name: 'alice' })
})

t.test('a file has the last word on the address', async t => {
  const factorgate = terminal(t)
  await factorgate.ok('user', 'add', 'alice')
  await factorgate.store().put('meta:portal-url', 'http://localhost:9999')
  t.match(await factorgate.ok('user', 'invite', 'alice'), /^https:\/\/gate\.lab\.example\//)
})

t.test('looking invents no store', async t => {
  const factorgate = terminal(t)
  for (const argv of [
    ['user', 'list'],
    ['session', 'list'],
    ['session', 'revoke', '--all'],
    ['user', 'set', 'a', '--no-email'],
    ['store', 'export', 'x']
  ])
    t.match(await factorgate(...argv), { code: 1, stdout: '', stderr: /there is no store at .* yet/ }, argv.join(' '))
})

t.test('a configuration with problems: all of them, one sentence, nothing done', async t => {
  const factorgate = terminal(t, { config: `${usualConfig}lsiten: 1\nstore: nonsense\n` })
  const { code, stdout, stderr } = await factorgate('user', 'add', 'alice')
  t.same([code, stdout], [1, ''])
  t.match(stderr, /lsiten {2}.*listen[\s\S]*store {2}[\s\S]*has problems \(see above\); nothing was done\n$/)
})

t.test('while the journal cannot be written, nothing is given away; taking away goes on, and it is said', async t => {
  const factorgate = terminal(t)
  await factorgate.ok('user', 'add', 'alice')
  const gate = gateOn(factorgate.store(), factorgate.time)
  const alice = (await gate.accounts.byName('alice'))!
  await gate.signIn(alice)
  const journal = path.join(factorgate.folder, 'var/journal.jsonl')
  rmSync(journal)
  mkdirSync(journal)
  for (const argv of [
    ['user', 'add', 'bob'],
    ['user', 'invite', 'alice'],
    ['user', 'set', 'alice', '--group', 'operators'],
    ['store', 'export', 'x']
  ])
    t.match(
      await factorgate(...argv),
      {
        code: 1,
        stdout: '',
        stderr: /journal .* cannot be written: this is a folder, not a file \(EISDIR\); nothing was changed/
      },
      argv.join(' ')
    )
  t.equal(await gate.accounts.byName('bob'), null)
  t.same((await gate.accounts.byName('alice'))?.groups, [])
  const revoked = await factorgate('session', 'revoke', '--user', 'alice')
  t.match(revoked, { code: 1, stdout: '1\n', stderr: /done, but not recorded: the journal .* cannot be written/ })
  t.match(await factorgate('user', 'suspend', 'alice', '--why', 'x'), { code: 1, stderr: /alice is suspended/ })
  t.ok((await gate.accounts.byName('alice'))?.suspended)
})

t.test('with a key file that others may read nobody is let in, and access ends with a warning', async t => {
  const factorgate = terminal(t)
  await factorgate.newKey()
  await factorgate.ok('user', 'add', 'alice')
  const key = path.join(factorgate.folder, 'var/factorgate.key')
  chmodSync(key, 0o644)
  const closes = /key file .* is open to other users .*chmod 600/
  for (const argv of [
    ['user', 'add', 'bob'],
    ['user', 'invite', 'alice'],
    ['user', 'set', 'alice', '--group', 'operators']
  ])
    t.match(await factorgate(...argv), { code: 1, stdout: '', stderr: closes }, argv.join(' '))
  t.match(await factorgate('user', 'list'), { code: 0, stdout: /alice/, stderr: '' })
  t.match(await factorgate('user', 'suspend', 'alice', '--why', 'x'), { code: 0, stderr: closes })
  chmodSync(key, 0o600)
  t.notMatch(await factorgate.ok('user', 'list'), /bob|operators/)
})

t.test('a store that cannot be used is one sentence', async t => {
  const factorgate = terminal(t)
  mkdirSync(path.join(factorgate.folder, 'var'))
  writeFileSync(path.join(factorgate.folder, 'var/store'), 'a file')
  t.match(await factorgate('user', 'list'), { code: 1, stdout: '', stderr: /^factorgate: [^\n]*var\/store[^\n]*\n$/ })
  const away = terminal(t, { config: `store: redis://:geheim@127.0.0.1:1\n${usualConfig}` })
  const { code, stderr } = await away('user', 'list')
  t.equal(code, 1)
  t.match(stderr, /^factorgate: [^\n]*127\.0\.0\.1:1[^\n]*\n$/)
  t.notMatch(stderr, /geheim/)
})
