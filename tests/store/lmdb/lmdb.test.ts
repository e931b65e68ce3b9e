import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { open } from 'lmdb'
import t, { type Test } from 'tap'
import { prepareDirectory } from '../../../src/store/lmdb/directory.ts'
import { openLmdb } from '../../../src/store/lmdb/lmdb.ts'
import { StoreMisconfigured } from '../../../src/store/misconfigured.ts'
import { openStore } from '../../../src/store/open.ts'
import { StoreUnreachable } from '../../../src/store/store.ts'
import { endsWithin } from '../../fixtures/in-process/in-time.ts'
import { readsTypeScript } from '../../fixtures/process/program.ts'
import { temporaryDirectory } from '../../fixtures/process/redis-server.ts'
import { smallDisk } from '../../fixtures/process/small-disk.ts'
import { collect, holdToContract } from '../contract.ts'

const begin = 1_790_000_000_000

holdToContract(t, async t => {
  const disk = smallDisk(t, '24m')
  const directory = disk?.directory ?? temporaryDirectory(t)
  let now = begin
  const open = async () => {
    const store = await openStore(`embedded:${directory}/store`, { clock: () => now })
    t.teardown(() => store.close())
    return store
  }
  return {
    store: await open(),
    other: await open(),
    fill: disk && (async () => disk.fill()),
    advance: async ms => {
      now += ms
    }
  }
})

const childFile = fileURLToPath(new URL('child.ts', import.meta.url))

function childArgs(task: string, path: string, count = 0): string[] {
  return [readsTypeScript, childFile, task, path, String(count)]
}

function startChild(t: Test, task: string, path: string): { child: ChildProcess; lines: Interface } {
  const child = spawn(process.execPath, childArgs(task, path), { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  return { child, lines: createInterface({ input: child.stdout }) }
}

t.test('a value ends to the millisecond, before any sweep', async t => {
  let now = begin
  const store = openLmdb(temporaryDirectory(t), { clock: () => now })
  t.teardown(() => store.close())
  await store.put('session:a', 'x', 1)
  await store.link('sessions-of:a', 'a', 1)
  now = begin + 999
  t.equal(await store.get('session:a'), 'x')
  t.same(await store.members('sessions-of:a'), ['a'])
  now = begin + 1000
  t.equal(await store.get('session:a'), null)
  t.same(await store.members('sessions-of:a'), [])
})

t.test('what has ended leaves the file, and subscribers hear of it', async t => {
  let now = begin
  const directory = temporaryDirectory(t)
  const store = openLmdb(directory, { clock: () => now, sweepEveryMs: 5 })
  t.teardown(() => store.close())
  await store.put('session:a', 'x', 1)
  await store.put('session:b', 'x', 1)
  await store.put('session:b', 'prolonged', 10)
  await store.link('sessions-of:a', 'a', 1)
  const { listener, heard, notices } = collect()
  await store.subscribe('session:', listener)
  now = begin + 2000
  await heard('session:a')
  t.same(notices, [{ kind: 'changed', key: 'session:a' }])
  t.equal(await store.get('session:b'), 'prolonged')
  await store.close()
  const root = open({ path: directory, noSubdir: false })
  t.teardown(() => root.close())
  t.same([...root.openDB({ name: 'values', encoding: 'string', useVersions: true }).getKeys()], ['session:b'])
  t.same([...root.openDB({ name: 'indexes', encoding: 'string', useVersions: true }).getKeys()], [])
  t.same([...root.openDB({ name: 'endings', encoding: 'string' }).getKeys()], [[begin + 10_000, 'session:b']])
})

t.test('what was acknowledged is there after kill -9', async t => {
  const path = temporaryDirectory(t)
  for (const kills of [50, 333]) {
    const { child, lines } = startChild(t, 'write', path)
    let acknowledged = 0
    for await (const line of lines) {
      acknowledged = Number(line)
      if (acknowledged === kills) child.kill('SIGKILL')
    }
    t.ok(acknowledged >= kills)
    const store = openLmdb(path)
    for (let number = 1; number <= acknowledged; number++)
      if ((await store.get(`number:${number}`)) !== `value ${number}`) t.fail(`number ${number} is gone`)
    await store.put('after', 'writable')
    t.equal(await store.take('after'), 'writable')
    await store.close()
  }
})

t.test('hears by its watch what another process changes, and reads it', async t => {
  const path = temporaryDirectory(t)
  // The poll that replaces a failed watch never comes.
  t.intercept(globalThis, 'setInterval', { value: () => ({ unref: () => undefined }) })
  const store = openLmdb(path)
  t.teardown(() => store.close())
  await store.put('session:revoked', 'x')
  const { listener, heard } = collect()
  await store.subscribe('session:', listener)
  startChild(t, 'revoke', path)
  await heard('session:revoked')
  t.equal(await store.get('session:revoked'), null)
})

t.test('hears it a little later when the watch is deaf', async t => {
  const path = temporaryDirectory(t)
  const store = openLmdb(path)
  t.teardown(() => store.close())
  const { listener, heard } = collect()
  await store.subscribe('session:', listener)
  rmSync(join(path, 'bell'))
  const other = openLmdb(path) // this process makes a new signal file, which nobody watches
  t.teardown(() => other.close())
  await other.put('session:a', 'x')
  await heard('session:a')
})

t.test('what was changed while this process stood still is heard before distrust returns', async t => {
  const path = temporaryDirectory(t)
  const store = openLmdb(path)
  t.teardown(() => store.close())
  const { listener, notices } = collect()
  await store.put('session:revoked', 'x')
  await store.subscribe('session:', listener)
  // The process is synchronous, so that this one stands still meanwhile.
  t.equal(spawnSync(process.execPath, childArgs('revoke', path), { stdio: 'inherit' }).status, 0)
  t.same(notices, [])
  store.distrust?.()
  t.same(notices, [{ kind: 'changed', key: 'session:revoked' }])
  store.distrust?.()
  t.equal(notices.length, 1)
  t.equal(spawnSync(process.execPath, childArgs('burst', path, 11_500), { stdio: 'inherit' }).status, 0)
  store.distrust?.()
  t.same(notices.slice(1), [{ kind: 'lost' }, { kind: 'ready' }], 'the log does not go back so far')
})

t.test('forgets everything when it has fallen too far behind, and keeps the log of changes short', async t => {
  const path = temporaryDirectory(t)
  const store = openLmdb(path)
  t.teardown(() => store.close())
  const { listener, notices, heard, told } = collect()
  await store.subscribe('burst:', listener)
  // The write is synchronous, so that this process hears nothing meanwhile.
  t.equal(spawnSync(process.execPath, childArgs('burst', path, 11_500), { stdio: 'inherit' }).status, 0)
  await told('ready')
  await store.put('burst:next', 'x')
  await heard('burst:next')
  t.same(notices, [{ kind: 'lost' }, { kind: 'ready' }, { kind: 'changed', key: 'burst:next' }])
  await store.close()
  const root = open({ path, noSubdir: false })
  t.teardown(() => root.close())
  const kept = root.openDB({ name: 'changes', encoding: 'string' }).getCount()
  t.ok(kept >= 10_000 && kept <= 10_500, String(kept))
})

t.test(
  'rejects in time while another process stands still within a transaction, and goes on when that is gone',
  async t => {
    const path = temporaryDirectory(t)
    const store = openLmdb(path)
    t.teardown(() => store.close())
    await store.put('kept', 'x')
    const { child, lines } = startChild(t, 'hold', path)
    await once(lines, 'line')
    const writes: Promise<unknown>[] = [
      store.put('new', 'x'),
      store.increment('tries'),
      store.take('kept'),
      store.ping()
    ]
    const all = Promise.all(writes.map(write => t.rejects(write, StoreUnreachable)))
    t.ok(await endsWithin(2000, all), 'inside two seconds')
    await all
    t.equal(await store.get('kept'), 'x', 'reads go on')
    child.kill('SIGKILL')
    await once(child, 'exit')
    await store.ping()
  }
)

t.test('a full disk rejects, loses nothing that was kept, and does not end the process', async t => {
  const path = temporaryDirectory(t)
  // Without NODE_OPTIONS the test runner's hooks are absent. They would end the process at SIGXFSZ, which Node ignores.
  const command = `unset NODE_OPTIONS; ulimit -f 4000; exec "$0" "$@"`
  const { status, signal, stdout, stderr } = spawnSync(
    'bash',
    ['-c', command, process.execPath, ...childArgs('fill', path)],
    {
      encoding: 'utf8',
      env: { ...process.env, TSX_DISABLE_CACHE: '1' }
    }
  )
  t.equal(status, 0, `${signal} ${stderr}`)
  const [failure, first, removed] = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  t.equal(failure.name, 'StoreUnreachable')
  t.match(failure.message, /disk cannot save the data|file is too low/)
  t.equal(first, 'still here')
  t.equal(removed, true, 'room can be made')
})

t.test('says what to mend when it cannot be opened', async t => {
  const directory = temporaryDirectory(t)
  const at = (name: string) => join(directory, name)
  writeFileSync(at('file'), '')
  for (const [name, content] of [
    ['foreign', 'x'.repeat(20_000)],
    ['short', 'abc']
  ] as const) {
    mkdirSync(at(name))
    writeFileSync(join(at(name), 'data.mdb'), content)
  }
  mkdirSync(at('locked'), { mode: 0o500 })
  openLmdb(at('newer')).close()
  const root = open({ path: at('newer'), noSubdir: false })
  await root.openDB<string, string>({ name: 'meta', encoding: 'string' }).put('layout', '2')
  await root.close()

  const cases: [string, string, RegExp][] = [
    ['a file', at('file'), /is a file and not a directory/],
    ['a path through a file', at('file/store'), /is a file and not a directory/],
    ['files of another program', at('foreign'), /data\.mdb is not a store of Factorgate/],
    ['a torn file', at('short'), /data\.mdb is not a store of Factorgate/],
    ['a store of a newer version', at('newer'), /has layout 2, but this release of Factorgate reads layout 1/],
    ['no path', '', /write embedded:PATH/]
  ]
  for (const [name, path, message] of cases)
    t.test(name, async t => {
      const error = await openStore(`embedded:${path}`).then(
        () => null,
        error => error
      )
      t.ok(error instanceof StoreMisconfigured)
      t.match(error.message, message)
    })

  t.test('a directory without rights', async t => {
    // Root may write everywhere, so this test becomes another user for a moment.
    const isRoot = process.getuid?.() === 0
    if (isRoot) process.seteuid?.(65_534)
    try {
      t.throws(
        () => prepareDirectory(at('locked')),
        /this user \(\d+\) may not write there; give it the directory \(chown\)/
      )
    } finally {
      if (isRoot) process.seteuid?.(0)
    }
  })
})

t.test('what it makes is for its owner alone', async t => {
  const path = join(temporaryDirectory(t), 'deep', 'store.d')
  const store = await openStore(`embedded:${path}`)
  t.teardown(() => store.close())
  await store.put('secret', 'x')
  t.equal(statSync(path).mode & 0o777, 0o700)
  for (const file of ['data.mdb', 'lock.mdb', 'bell']) t.equal(statSync(join(path, file)).mode & 0o777, 0o600, file)
})

t.test('close waits for what is being written', async t => {
  const path = temporaryDirectory(t)
  const store = openLmdb(path)
  const written = store.put('last', 'word')
  await Promise.all([written, store.close()])
  const again = openLmdb(path)
  t.teardown(() => again.close())
  t.equal(await again.get('last'), 'word')
})
