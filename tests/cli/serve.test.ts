/** `factorgate serve` as a process: how it ends, and what a supervisor learns from that. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import path from 'node:path'
import t, { type Test } from 'tap'
import type { Io } from '../../src/cli/command.ts'
import { welcome, withFreeAdmin } from '../../src/cli/serve.ts'
import { startGateway } from '../fixtures/in-process/gateway.ts'
import { sampleTotp } from '../fixtures/in-process/sample-credential.ts'
import { prepareGate } from '../fixtures/process/gate.ts'
import { root } from '../fixtures/process/program.ts'

/** Holds the write lock of a store until it is killed. */
const holds = `
import { open } from 'lmdb'
open({ path: process.argv[1], noSubdir: false, maxDbs: 6 }).transactionSync(() => {
  process.stdout.write('held')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
})`

const apps = [{ id: 'one', url: 'http://one.localhost:HOST', upstream: 'http://127.0.0.1:9' }]

t.test('told to end it exits 0; after an error nobody caught 1, so that it is started again', async t => {
  const crash = `process.on('SIGUSR2', () => { throw new Error('a crash') })`
  const gate = await prepareGate(t, {
    apps,
    env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(crash)}` }
  })
  await gate.start()
  t.equal(await gate.stop('SIGUSR2'), 1)
  t.match(gate.output, /"level":60.*a crash/)
  // On a machine under load the journal may also say that the store is slow.
  const own = (await gate.journal()).filter(({ kind }) => String(kind).startsWith('gate.'))
  t.match(own, [{ kind: 'gate.start' }, { kind: 'gate.stop' }], 'in order all the same')
  await gate.start()
  t.equal(await gate.stop('SIGTERM'), 0)
})

/** A gate whose store another process holds, as a command does that is stopped in the middle of a write. */
async function startHeld(t: Test, config: { workers?: number }) {
  const gate = await prepareGate(t, { apps, config: { ...config, shutdownTimeout: '1s' } })
  await gate.start()
  const holder = spawn(process.execPath, ['--input-type=module', '-e', holds, path.join(gate.folder, 'store')], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit']
  })
  t.teardown(() => holder.kill('SIGKILL'))
  await once(holder.stdout, 'data')
  // A write is under way when the gate notices.
  while ((await gate.admin('/readyz')) === 200) await new Promise(resolve => setTimeout(resolve, 100))
  return gate
}

t.test('a store that another process never lets go does not keep it from ending', async t => {
  const gate = await startHeld(t, {})
  // LMDB may end the process by a signal there.
  t.not(await gate.stop('SIGTERM'), 0)
  t.match(gate.output, /the gate could not end in order and is cut off/)
})

t.test('nor does it keep workers whose primary was killed', async t => {
  const gate = await startHeld(t, { workers: 2 })
  const workers = readFileSync(`/proc/${gate.pid}/task/${gate.pid}/children`, 'utf8').trim().split(' ')
  t.equal(workers.length, 2)
  const runs = (pid: string) => {
    try {
      return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    } catch {
      return false
    }
  }
  t.teardown(() => {
    for (const pid of workers) if (runs(pid)) process.kill(Number(pid), 'SIGKILL')
  })
  process.kill(gate.pid, 'SIGKILL')
  while (workers.some(runs)) await new Promise(resolve => setTimeout(resolve, 100))
})

t.test(
  'the first operator is journaled as any other; until they have enrolled, each start says how to invite them',
  async t => {
    const gate = await startGateway(t, {
      apps: '  - { id: one, url: "http://one.localhost:PORT", upstream: "http://127.0.0.1:9" }'
    })
    const config = await gate.load()
    const start = async () => {
      const said: string[] = []
      await welcome(gate.server, config, { stderr: (text: string) => said.push(text) } as unknown as Io)
      return said.join('')
    }
    t.match(
      await start(),
      /To become the operator 'admin', open this invitation within 24 hours:\n\n {2}http:\/\/gate\.localhost:\d+\/\.factorgate\/invite\/[\w-]{43}\n/
    )
    const lines = readFileSync(path.join(gate.folder, 'journal.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
      .filter(({ kind }) => kind !== 'journal.checkpoint')
    t.match(lines.slice(-2), [
      { kind: 'user.change', name: 'admin', outcome: 'added', groups: 'operators' },
      { kind: 'invitation.issue', name: 'admin' }
    ])
    t.match(await start(), /'admin' has no second factor yet\. .*factorgate user invite admin\n/)
    const { accounts, credentials } = gate.server.runtime
    const admin = (await accounts.byName('admin'))!
    await credentials.add(sampleTotp({ accountId: admin.id }))
    t.equal(await start(), '')
  }
)

t.test('without a configuration file, a taken port of the admin listener gives way', async t => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => other.close())
  const { port } = other.address() as AddressInfo
  const admin = { host: '127.0.0.1', port }
  t.same(await withFreeAdmin({ admin }), { admin: { ...admin, port: 0 } })
  t.same(await withFreeAdmin({ admin: { ...admin, port: 0 } }), { admin: { ...admin, port: 0 } })
  t.same(await withFreeAdmin({ admin: false }), { admin: false })
})

t.test('a journal at /dev/stdout is called a socket, as under systemd', async t => {
  const gate = await prepareGate(t, { apps, config: { journal: '/dev/stdout' } })
  await gate.start()
  t.match(
    gate.output,
    /"problem":"ENXIO".*it is a socket, as \/dev\/stdout is under systemd.*name a file under journal/
  )
  t.equal(await gate.admin('/readyz'), 503)
  t.equal(await gate.stop('SIGTERM'), 0)
})

t.test('while the journal cannot be written nobody is made an operator', async t => {
  const gate = await startGateway(t, {
    apps: '  - { id: one, url: "http://one.localhost:PORT", upstream: "http://127.0.0.1:9" }'
  })
  const config = await gate.load()
  Object.defineProperty(gate.server.runtime.journal, 'writable', { value: false })
  const said: string[] = []
  await welcome(gate.server, config, { stderr: (text: string) => said.push(text) } as unknown as Io)
  t.match(said.join(''), /cannot be written, so the first operator was not added/)
  t.same(await gate.server.runtime.accounts.list(), [])
})
