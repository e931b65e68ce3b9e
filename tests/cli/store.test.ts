import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { written } from '../../src/cli/store/unfinished.ts'
import { readKeyFile } from '../../src/keyring/key-file.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { startRedis } from '../fixtures/process/redis-server.ts'
import { gateOn, host } from './people.ts'
import { type Terminal, terminal, usualConfig } from './terminal.ts'

/** A store with a person who has everything, and somebody signed in. */
async function furnished(t: Test) {
  const factorgate = terminal(t)
  await factorgate.newKey()
  await factorgate.ok('user', 'add', 'alice', '--group', 'researchers')
  const store = factorgate.store()
  const gate = gateOn(store, factorgate.time)
  const alice = (await gate.accounts.byName('alice'))!
  await gate.enrol(alice, await readKeyFile(path.join(factorgate.folder, 'var/factorgate.key')))
  const { token } = await gate.signIn(alice)
  await store.add('totp-step:x:1', '1', 90)
  await store.put('ceremony:totp:x', '{}', 600)
  await store.increment('attempts:address:192.0.2.1', 600)
  return { factorgate, store, gate, alice, token }
}

/** All that stands in a store, without the moments at which it ends. */
async function contentOf(store: Store): Promise<string[]> {
  const found: string[] = []
  for await (const { key, value, ttlSeconds } of store.scan('')) found.push(`${key} ${value} ${ttlSeconds === null}`)
  for await (const { key, members } of store.scanIndexes(''))
    found.push(`${key} ${members.map(({ member, ttlSeconds }) => `${member} ${ttlSeconds === null}`).join()}`)
  // The mark and the epoch belong to each store itself.
  return found.filter(line => !line.startsWith('meta:store-')).sort()
}

const volatile = /^(session|sessions-of|token|seen|ceremony|attempts|invitation|invitation-of|meta)\b/

/** The store of `factorgate` moved aside, so that the same installation begins anew. */
function moveAside({ folder }: Terminal): void {
  renameSync(path.join(folder, 'var/store'), path.join(folder, 'var/old'))
}

t.test(
  'what is exported comes back whole: accounts, factors, codes, known addresses, with the time they have left',
  async t => {
    const { factorgate, store } = await furnished(t)
    const before = (await contentOf(store)).filter(line => !volatile.test(line))
    t.ok(before.length >= 12, 'there is something to lose')
    const { code, stdout, stderr } = await factorgate('store', 'export', 'backup.sealed')
    t.same([code, stdout], [0, ''])
    t.match(stderr, /backup\.sealed: \d+ bytes. Keep a copy of .*factorgate\.key in another place/)
    t.equal(statSync(path.join(factorgate.folder, 'backup.sealed')).mode & 0o777, 0o600)

    moveAside(factorgate)
    factorgate.time.advance(60)
    t.match(await factorgate('store', 'import', 'backup.sealed'), { code: 0, stderr: /\d+ records are in the store/ })
    const fresh = factorgate.store()
    t.same(await contentOf(fresh), before)
    for await (const { ttlSeconds } of fresh.scan('totp-step:')) t.ok(ttlSeconds! <= 30, 'time has gone on meanwhile')
    t.match(await factorgate.ok('user', 'show', 'alice'), /10 of 10 codes left/)
    factorgate.time.advance(60)
    t.equal(await fresh.get('totp-step:x:1'), null)
    t.match(factorgate.journal().slice(-2), [{ kind: 'store.export' }, { kind: 'store.import', forced: false }])
  }
)

t.test('what is over by the time of the import is not brought back', async t => {
  const { factorgate } = await furnished(t)
  await factorgate.ok('store', 'export', 'backup.sealed')
  moveAside(factorgate)
  factorgate.time.advance(91)
  await factorgate.ok('store', 'import', 'backup.sealed')
  t.equal(await factorgate.store().get('totp-step:x:1'), null)
})

t.test('a backup tells nothing to whoever has not the key, and is never written over', async t => {
  const { factorgate, alice } = await furnished(t)
  await factorgate.ok('store', 'export', 'backup.sealed')
  const file = path.join(factorgate.folder, 'backup.sealed')
  const bytes = readFileSync(file)
  for (const word of ['alice', alice.id, 'argon2', 'credential', 'researchers'])
    t.notOk(bytes.includes(word), `no '${word}' in it`)
  t.match(await factorgate('store', 'export', 'backup.sealed'), {
    code: 1,
    stderr: /exists already, and the command never overwrites a file/
  })
  t.ok(readFileSync(file).equals(bytes))
  t.match(await factorgate('store', 'export', 'no/such/folder/x'), {
    code: 1,
    stderr: `there is no folder ${path.join(factorgate.folder, 'no/such/folder')}; make it`
  })
})

t.test('a store with something in it takes nothing; --force empties it first and signs everybody out', async t => {
  const { factorgate, store, gate, alice, token } = await furnished(t)
  await factorgate.ok('store', 'export', 'backup.sealed')
  await factorgate.ok('user', 'add', 'mallory')
  const before = await contentOf(store)
  t.match(await factorgate('store', 'import', 'backup.sealed'), {
    code: 1,
    stderr: /the store is not empty; .* add --force/
  })
  t.same(await contentOf(store), before, 'nothing was touched')
  const heard: string[] = []
  await store.subscribe('session:', notice => notice.kind === 'changed' && heard.push(notice.key))
  await factorgate.ok('store', 'import', 'backup.sealed', '--force')
  t.equal(await gate.accounts.byName('mallory'), null)
  t.match(await gate.accounts.byName('alice'), { id: alice.id })
  t.equal(await gate.sessions.find(host, token), null)
  while (heard.length === 0) await new Promise(setImmediate)
  t.notOk(
    (await contentOf(store)).some(line => volatile.test(line)),
    'no sign-in and no mark is left'
  )
})

/** The arguments of a line as a shell reads them. */
function argumentsOf(line: string): string[] {
  const { stdout } = spawnSync('bash', ['-c', `set -- ${line}; printf '%s\\0' "$@"`], { encoding: 'utf8' })
  return stdout.split('\0').slice(1, -1)
}

t.test('what was ended since the backup is said, with the commands that end it again', async t => {
  const factorgate = terminal(t, { config: usualConfig.replace('upstream: http', 'tokens: true\n    upstream: http') })
  const keyring = await factorgate.newKey().then(() => readKeyFile(path.join(factorgate.folder, 'var/factorgate.key')))
  const store = factorgate.store()
  const gate = gateOn(store, factorgate.time)
  const names = ['lost', 'left', 'moved', 'reset', 'single', 'back', 'same']
  const totps = new Map<string, string>()
  for (const name of names) {
    await factorgate.ok('user', 'add', name, '--group', 'researchers', '--group', 'staff')
    totps.set(name, (await gate.enrol((await gate.accounts.byName(name))!, keyring)).totp)
  }
  const issue = () => factorgate.ok('token', 'add', '--user', 'same', '--app', 'notebooks')
  await issue()
  await factorgate.ok('user', 'suspend', 'back', '--why', 'holidays')
  factorgate.time.advance(60)
  await factorgate.ok('store', 'export', 'backup.sealed')
  factorgate.time.advance(60)
  await issue()
  const tokens: { id: string }[] = JSON.parse(await factorgate.ok('token', 'list', '--json'))
  for (const { id } of tokens) await factorgate.ok('token', 'revoke', id)
  await factorgate.ok('user', 'suspend', 'lost', '--why', "it's in a train")
  await factorgate.ok('user', 'remove', 'left')
  await factorgate.ok('user', 'set', 'moved', '--remove-group', 'staff')
  await factorgate.ok('user', 'reset-factors', 'reset')
  await factorgate.ok('user', 'reset-factors', 'single', '--factor', totps.get('single')!)
  for (const step of ['suspend', 'resume']) await factorgate.ok('user', step, 'same', '--why', 'a mistake')
  await factorgate.ok('user', 'add', 'later', '--group', 'staff')
  await factorgate.ok('user', 'suspend', 'later', '--why', 'the backup does not know them')
  const state = async () => {
    const people = (await gate.accounts.list()).filter(({ name }) => name !== 'later')
    return Promise.all(
      people.map(async ({ id, name, groups, suspended }) => {
        const factors = await gate.credentials.list(id)
        return `${name} ${groups} ${suspended?.why} ${factors.map(factor => factor.id)}`
      })
    )
  }
  const before = (await state()).sort()

  const { stderr } = await factorgate('store', 'import', 'backup.sealed', '--force')
  t.match(
    stderr,
    /The backup was made at 20\d\d-\d\d-\d\d \d\d:\d\d UTC\. What was ended after that is valid again\. The journal .* has this:/
  )
  t.notSame((await state()).sort(), before)
  const lines = stderr.split('\n').filter(line => line.startsWith('  factorgate '))
  t.equal(lines.length, 6, lines.join('\n'))
  for (const line of lines) await factorgate.ok(...argumentsOf(line))
  t.same((await state()).sort(), before)
  const ended = JSON.parse(await factorgate.ok('token', 'list', '--json'))
  t.same(ended, [], 'no token is valid again')
  t.match(await factorgate('store', 'export', 'newer.sealed'), { code: 0 })
  factorgate.time.advance(1)
  t.match(await factorgate('store', 'import', 'newer.sealed', '--force'), {
    stderr: /; the journal .* has nothing of that\./
  })
})

t.test('an import that broke off is recognised, and done again with --force', async t => {
  const { factorgate } = await furnished(t)
  await factorgate.ok('store', 'export', 'backup.sealed')
  moveAside(factorgate)
  const store = factorgate.store()
  await store.put('meta:import', '2026-11-22T12:00:00.000Z')
  t.match(await factorgate('store', 'import', 'backup.sealed'), {
    code: 1,
    stderr: /an import that began at 2026-11-22T12:00:00.000Z was interrupted/
  })
  await factorgate.ok('store', 'import', 'backup.sealed', '--force')
  t.equal(await store.get('meta:import'), null)
})

t.test('another key file opens nothing, and says which copy is needed', async t => {
  const { factorgate } = await furnished(t)
  await factorgate.ok('store', 'export', 'backup.sealed')
  moveAside(factorgate)
  const key = path.join(factorgate.folder, 'var/factorgate.key')
  copyFileSync(key, `${key}.old`)
  writeFileSync(key, '', { flag: 'w' })
  await factorgate.ok('key', 'new', 'other.key')
  copyFileSync(path.join(factorgate.folder, 'other.key'), key)
  t.match(await factorgate('store', 'import', 'backup.sealed'), {
    code: 1,
    stderr:
      /sealed with the key .*Replace .*factorgate\.key with the copy of the key file that belongs to this backup; nothing was changed/
  })
  t.same(await contentOf(factorgate.store()), [])
})

t.test('a backup made before a rotation opens with the key file of that time', async t => {
  const { factorgate } = await furnished(t)
  const key = path.join(factorgate.folder, 'var/factorgate.key')
  await factorgate.ok('store', 'export', 'backup.sealed')
  copyFileSync(key, `${key}.before`)
  await factorgate.ok('key', 'rotate')
  moveAside(factorgate)
  t.match(await factorgate('store', 'import', 'backup.sealed'), {
    code: 1,
    stderr: /with the copy of the key file that belongs to this backup/
  })
  copyFileSync(`${key}.before`, key)
  await factorgate.ok('store', 'import', 'backup.sealed')
  t.match(await factorgate.ok('user', 'show', 'alice'), /10 of 10 codes left/)
})

t.test('what is no backup is refused before anything is written', async t => {
  const { factorgate } = await furnished(t)
  await factorgate.ok('store', 'export', 'backup.sealed')
  moveAside(factorgate)
  const file = path.join(factorgate.folder, 'x')
  for (const [name, bytes] of [
    ['nothing', ''],
    ['text', 'hello\n'],
    ['a header alone', 'factorgate backup 1\n{"key":"v1.x"}\n'],
    ['a header that is no JSON', 'factorgate backup 1\nhello\n'],
    ['an endless header', `factorgate backup 1\n${'x'.repeat(10_000)}`]
  ] as const) {
    writeFileSync(file, bytes)
    const ran = await factorgate('store', 'import', 'x')
    t.equal(ran.code, 1, name)
    t.match(ran.stderr, /^factorgate: .*(not a backup|damaged|not a sealed)[^\n]*\n$/, name)
  }
  t.match(await factorgate('store', 'import', 'nowhere'), { code: 1, stderr: /nowhere: there is no such file/ })
  t.same(await contentOf(factorgate.store()), [])
})

t.test('from the embedded store to Redis and back', async t => {
  const { factorgate, store } = await furnished(t)
  const before = (await contentOf(store)).filter(line => !volatile.test(line))
  await factorgate.ok('store', 'export', 'embedded.sealed')
  const redis = await startRedis(t)
  const config = path.join(factorgate.folder, 'redis.yaml')
  writeFileSync(config, `store: ${redis.url}\n${usualConfig}`)
  await factorgate.ok('store', 'import', 'embedded.sealed', '--config', config)
  const moved = await openStore(redis.url, { keyPrefix: 'factorgate:' })
  t.teardown(() => moved.close())
  t.same(await contentOf(moved), before)
  t.match(await factorgate.ok('user', 'show', 'alice', '--config', config), /10 of 10 codes left/)
  await factorgate.ok('store', 'export', 'redis.sealed', '--config', config)
  moveAside(factorgate)
  await factorgate.ok('store', 'import', 'redis.sealed')
  t.same(await contentOf(factorgate.store()), before)
})

t.test('an export that a signal ends leaves no file, and one that was there stays', async t => {
  const folder = t.testdir({ whole: 'x' })
  const ended: string[] = []
  const end = (signal: string) => void ended.push(signal)
  const onLeft = (error: unknown) => t.fail(String(error))
  const half = path.join(folder, 'half')
  const whole = path.join(folder, 'whole')
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    const before = process.listenerCount(signal)
    const sent = () => void process.emit(signal, signal)
    const make = async () => writeFileSync(half, 'x', { flag: 'wx' })
    const gone = async () => void t.notOk(existsSync(half), signal)
    const first = <T>(work: () => Promise<T>) => {
      sent()
      return work()
    }
    await written(half, { make, write: () => first(gone), onLeft, end })
    await written(half, { make: () => first(make), write: gone, onLeft, end })
    await written(half, { make: () => make().then(sent), write: gone, onLeft, end })
    t.same(ended.splice(0), [signal, signal, signal], 'it ends the process as always')

    const taken = () => first(async () => writeFileSync(whole, 'y', { flag: 'wx' }))
    await t.rejects(written(whole, { make: taken, write: gone, onLeft, end }), { code: 'EEXIST' })
    t.same(ended.splice(0), [signal])
    t.equal(readFileSync(whole, 'utf8'), 'x', 'it belongs to somebody else')
    t.equal(process.listenerCount(signal), before)
  }
  await t.rejects(
    written(half, {
      make: async () => writeFileSync(half, 'x'),
      write: async () => Promise.reject(new Error('told')),
      onLeft,
      end
    }),
    /told/
  )
  t.notOk(existsSync(half))
  await written(half, { make: async () => writeFileSync(half, 'x'), write: async () => {}, onLeft, end })
  t.ok(existsSync(half))
  t.same(ended, [])
})

t.test('a half file that cannot be removed is named, and the signal ends the process all the same', async t => {
  const half = path.join(t.testdir({ half: { file: 'x' } }), 'half')
  const said: unknown[] = []
  const end = (signal: string) => void said.push(signal)
  const write = async () => void process.emit('SIGTERM', 'SIGTERM')
  await written(half, { make: async () => {}, write, onLeft: error => void said.push(error), end })
  t.match(said, [{ code: 'ERR_FS_EISDIR' }, 'SIGTERM'])
})

t.test('an export that cannot be finished leaves no file', async t => {
  const { factorgate } = await furnished(t)
  const key = path.join(factorgate.folder, 'var/factorgate.key')
  renameSync(key, `${key}.away`)
  t.match(await factorgate('store', 'export', 'x.sealed'), { code: 1, stderr: /key file .* is missing/ })
  t.notOk(existsSync(path.join(factorgate.folder, 'x.sealed')))
})
