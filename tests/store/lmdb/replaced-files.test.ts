/** A directory that is moved away, removed or replaced while its store is open. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { openLmdb } from '../../../src/store/lmdb/lmdb.ts'
import { type StoreNotice, StoreUnreachable } from '../../../src/store/store.ts'
import { notTried } from '../../fixtures/process/not-tried.ts'
import { readsTypeScript } from '../../fixtures/process/program.ts'
import { temporaryDirectory } from '../../fixtures/process/redis-server.ts'

async function listening(t: Test, path: string) {
  const store = openLmdb(path)
  t.teardown(() => store.close())
  // A store that only listens does not keep the process alive.
  const alive = setInterval(() => {}, 60_000)
  t.teardown(() => clearInterval(alive))
  let waiting: { kind: StoreNotice['kind']; heard: () => void } | null = null
  await store.subscribe('session:', ({ kind }) => {
    if (waiting?.kind === kind) waiting.heard()
  })
  const next = (kind: StoreNotice['kind']) =>
    new Promise<void>(heard => {
      waiting = { kind, heard }
    })
  return { store, next }
}

const childFile = fileURLToPath(new URL('child.ts', import.meta.url))

function runChild(t: Test, task: string, path: string) {
  const child = spawn(process.execPath, [readsTypeScript, childFile, task, path], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  t.teardown(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const exit = once(child, 'exit')
  const says = async (expected: string | RegExp) => {
    const { value } = await lines.next()
    t.match(value, expected, `what ${task} says`)
  }
  const endsWell = async () => t.same(await exit, [0, null], `${task} ends well`)
  return { says, endsWell }
}

t.test('moved away: nothing is answered or written, until it is back', async t => {
  const path = `${temporaryDirectory(t)}/store`
  const { store, next } = await listening(t, path)
  await store.put('session:a', 'x')
  const lost = next('lost')
  renameSync(path, `${path}.away`)
  await t.rejects(store.put('session:b', 'x'), StoreUnreachable, 'a write would be acknowledged and lost')
  await t.rejects(store.delete('session:a'), StoreUnreachable)
  await lost
  await t.rejects(store.get('session:a'), {
    name: 'StoreUnreachable',
    message: /moved away or removed .*put them back/
  })
  await t.rejects(store.ping(), { message: /moved away or removed/ })
  t.notOk(existsSync(path), 'no new store is made in its place')
  const ready = next('ready')
  renameSync(`${path}.away`, path)
  await ready
  t.equal(await store.get('session:a'), 'x')
  t.equal(await store.get('session:b'), null)
  await store.put('session:b', 'y')
})

const kinds: Record<string, { replace: (path: string) => void; says: RegExp }> = {
  'its folder by a copy': {
    replace(path) {
      cpSync(path, `${path}.copy`, { recursive: true })
      renameSync(path, `${path}.away`)
      renameSync(`${path}.copy`, path)
    },
    says: /its files were replaced while it was open; start the gate again/
  },
  'data.mdb alone, as rsync does': {
    replace(path) {
      cpSync(`${path}/data.mdb`, `${path}/new`)
      renameSync(`${path}/new`, `${path}/data.mdb`)
    },
    says: /its files were replaced while it was open; start the gate again/
  },
  'lock.mdb, which is removed': {
    replace: path => rmSync(`${path}/lock.mdb`),
    says: /its file lock\.mdb was removed or replaced while it was open; start the gate again/
  },
  'lock.mdb by another one': {
    replace(path) {
      cpSync(`${path}/lock.mdb`, `${path}/new`)
      renameSync(`${path}/new`, `${path}/lock.mdb`)
    },
    says: /its file lock\.mdb was removed or replaced while it was open; start the gate again/
  }
}

for (const [name, { replace, says }] of Object.entries(kinds))
  t.test(`replaced: ${name}: every process refuses, and commands use what is there`, async t => {
    const path = `${temporaryDirectory(t)}/store`
    const { store, next } = await listening(t, path)
    await store.put('session:a', 'x')
    const worker = runChild(t, 'listen', path)
    await worker.says('up')
    const lost = next('lost')
    replace(path)
    await t.rejects(store.put('session:b', 'gate'), { name: 'StoreUnreachable', message: says })
    await t.rejects(store.delete('session:a'), { name: 'StoreUnreachable', message: says })
    await lost
    await worker.says(says)
    await t.rejects(store.get('session:a'), { name: 'StoreUnreachable', message: says })
    await t.rejects(store.ping(), { name: 'StoreUnreachable', message: says })

    const command = runChild(t, 'add', path)
    await command.says('added')
    await command.endsWell()
    await t.rejects(store.get('session:a'), { message: says }, 'it stays so: only a new process opens other files')
    await t.rejects(store.increment('counter'), { message: says })
    const read = runChild(t, 'read', path)
    await read.says('session:a=x session:b=command')
    await read.endsWell()
  })

for (const name of ['data.mdb', 'lock.mdb'])
  t.test(
    `${name} was away alone: nothing is answered any more, since commands paired the other file with a new one`,
    async t => {
      const path = `${temporaryDirectory(t)}/store`
      const { store, next } = await listening(t, path)
      await store.put('session:a', 'x')
      const lost = next('lost')
      renameSync(`${path}/${name}`, `${path}/away`)
      await lost
      await t.rejects(store.get('session:a'), StoreUnreachable)
      const command = runChild(t, 'add', path)
      await command.says('added')
      await command.endsWell()
      renameSync(`${path}/away`, `${path}/${name}`)
      const says = { message: /one of its files was away for a while when it was open; start the gate again/ }
      await t.rejects(store.put('session:a', 'y'), says)
      await t.rejects(store.get('session:a'), says)
      await t.rejects(store.ping(), says)
      await store.close()
      const read = runChild(t, 'read', path)
      await read.says(name === 'data.mdb' ? 'session:a=x session:b=null' : 'session:a=x session:b=command')
      await read.endsWell()
    }
  )

t.test('a write waits while the files are moved away: it is not done', async t => {
  const path = `${temporaryDirectory(t)}/store`
  const store = openLmdb(path)
  t.teardown(() => store.close())
  await store.put('account:a', 'x')
  const writing = store.put('account:a', 'suspended')
  renameSync(path, `${path}.away`)
  await t.rejects(writing, { name: 'StoreUnreachable', message: /moved away or removed/ })
  renameSync(`${path}.away`, path)
  t.equal(await store.get('account:a'), 'x')
})

t.test('the files are moved away while a write is committed: it is not acknowledged', async t => {
  const path = `${temporaryDirectory(t)}/store`
  let onClock = () => {}
  const clock = () => {
    onClock()
    return Date.now()
  }
  const store = openLmdb(path, { clock, sweepEveryMs: 3_600_000 })
  t.teardown(() => store.close())
  await store.put('account:a', 'x')
  onClock = () => {
    onClock = () => {}
    renameSync(path, `${path}.away`)
  }
  // The transaction of `add` asks the clock.
  await t.rejects(store.add('account:b', 'x'), { name: 'StoreUnreachable', message: /moved away or removed/ })
  t.notOk(existsSync(path))
})

t.test('a process that does not listen goes on too when its files are back', async t => {
  const path = `${temporaryDirectory(t)}/store`
  const store = openLmdb(path)
  t.teardown(() => store.close())
  await store.put('account:a', 'x')
  renameSync(path, `${path}.away`)
  await t.rejects(store.put('account:a', 'y'), StoreUnreachable)
  await t.rejects(store.get('account:a'), StoreUnreachable)
  renameSync(`${path}.away`, path)
  t.equal(await store.get('account:a'), 'x')
})

t.test('replaced by something that is no store', async t => {
  const path = `${temporaryDirectory(t)}/store`
  const { store, next } = await listening(t, path)
  await store.put('session:a', 'x')
  const lost = next('lost')
  renameSync(path, `${path}.away`)
  cpSync(new URL(import.meta.url).pathname, `${path}/data.mdb`)
  await lost
  await t.rejects(store.get('session:a'), { message: /were replaced while it was open/ })
  await t.rejects(store.put('session:a', 'y'), StoreUnreachable)
  const ready = next('ready')
  rmSync(path, { recursive: true })
  renameSync(`${path}.away`, path)
  await ready
  t.equal(await store.get('session:a'), 'x')
})

t.test('a store that cannot be opened is refused with a sentence, and leaves nothing open', async t => {
  const path = `${temporaryDirectory(t)}/store`
  await openLmdb(path).close()
  const before = readdirSync('/proc/self/fd').length
  const trials: [string, () => void, () => void, RegExp][] = [
    [
      'lock.mdb is a folder',
      () => {
        renameSync(`${path}/lock.mdb`, `${path}/away`)
        mkdirSync(`${path}/lock.mdb`)
      },
      () => {
        rmSync(`${path}/lock.mdb`, { recursive: true })
        renameSync(`${path}/away`, `${path}/lock.mdb`)
      },
      /lock\.mdb is not a file/
    ],
    [
      'bell is a folder',
      () => {
        rmSync(`${path}/bell`)
        mkdirSync(`${path}/bell`)
      },
      () => rmSync(`${path}/bell`, { recursive: true }),
      /cannot be opened/
    ]
  ]
  if (process.getuid?.() === 0)
    trials.push([
      'lock.mdb is root’s, and root acts as the owner of the folder',
      () => {
        for (const name of ['', 'data.mdb']) chownSync(join(path, name), 65534, 65534)
        chmodSync(dirname(path), 0o755)
        process.seteuid?.(65534)
      },
      () => process.seteuid?.(0),
      /may not write there/
    ])
  for (const [name, lay, mend, message] of trials) {
    lay()
    try {
      t.throws(() => openLmdb(path), { name: 'StoreMisconfigured', message }, name)
    } finally {
      mend()
    }
    t.equal(readdirSync('/proc/self/fd').length, before, `${name}: no file stays open`)
  }
})

t.test(
  'permissions: files that this user may not look at are the same ones in the same folder, and none in another',
  async t => {
    if (process.getuid?.() !== 0) return notTried(t, 'only root can become another user')
    const path = `${temporaryDirectory(t)}/store`
    const { store, next } = await listening(t, path)
    await store.put('session:a', 'x')
    cpSync(path, `${path}.copy`, { recursive: true })
    const folders = [path, `${path}.copy`]
    for (const folder of folders) chmodSync(folder, 0o700)
    chmodSync(dirname(path), 0o755)
    process.seteuid?.(65534)
    t.teardown(() => process.seteuid?.(0))
    await store.put('session:a', 'y')
    t.equal(await store.get('session:a'), 'y', 'a backup tool that changes permissions stops nobody')
    const lost = next('lost')
    process.seteuid?.(0)
    renameSync(path, `${path}.away`)
    renameSync(`${path}.copy`, path)
    process.seteuid?.(65534)
    await t.rejects(store.put('session:a', 'z'), { message: /were replaced while it was open/ })
    await lost
    await t.rejects(store.get('session:a'), { message: /were replaced while it was open/ })
    process.seteuid?.(0)
  }
)
