/** A process that stands still in the middle of a write to the embedded store: the gate answers 503, and commands end with a sentence. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { startGate } from '../fixtures/process/gate.ts'
import { notTried } from '../fixtures/process/not-tried.ts'
import { readsTypeScript } from '../fixtures/process/program.ts'

const childFile = fileURLToPath(new URL('../store/lmdb/child.ts', import.meta.url))

t.test('commands and the gate name the process, and all goes on when it ends', async t => {
  if (process.platform !== 'linux') return notTried(t, 'only Linux shows the lock')
  const app = { id: 'one', url: 'http://one.localhost:HOST', upstream: 'http://127.0.0.1:9' }
  const gate = await startGate(t, { apps: [app] })
  await gate.invite('alice')
  const holder = spawn(process.execPath, [readsTypeScript, childFile, 'hold', path.join(gate.folder, 'store')], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  t.teardown(() => holder.kill('SIGKILL'))
  await createInterface({ input: holder.stdout })[Symbol.asyncIterator]().next()
  holder.kill('SIGSTOP')
  while (!/^State:\tT/m.test(readFileSync(`/proc/${holder.pid}/status`, 'utf8'))) await new Promise(setImmediate)

  const says = new RegExp(`process ${holder.pid} stands still .*kill -CONT ${holder.pid}.*kill -KILL ${holder.pid}`)
  for (const command of [
    ['user', 'list'],
    ['user', 'suspend', 'alice', '--why', 'x'],
    ['session', 'list']
  ]) {
    const { code, stderr } = await gate.run(...command)
    t.equal(code, 1, command.join(' '))
    t.match(stderr, says, command.join(' '))
    t.notMatch(stderr, /\n\s+at /)
  }
  while ((await gate.admin('/readyz')) !== 503);
  t.equal(await gate.admin('/livez'), 200, 'it stands by')
  const ended = once(holder, 'exit')
  holder.kill('SIGKILL')
  await ended
  while ((await gate.admin('/readyz')) !== 200);
  t.match(await gate.run('user', 'list'), { code: 0, stdout: /alice/ })
  t.equal(await gate.stop(), 0)
})

t.test('a gate that ends meanwhile does not wait for it', async t => {
  if (process.platform !== 'linux') return notTried(t, 'only Linux shows the lock')
  const app = { id: 'one', url: 'http://one.localhost:HOST', upstream: 'http://127.0.0.1:9' }
  const gate = await startGate(t, { apps: [app] })
  const holder = spawn(process.execPath, [readsTypeScript, childFile, 'hold', path.join(gate.folder, 'store')], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  t.teardown(() => holder.kill('SIGKILL'))
  await createInterface({ input: holder.stdout })[Symbol.asyncIterator]().next()
  holder.kill('SIGSTOP')
  await gate.stop()
  t.notOk(gate.isRunning)
  t.match(gate.output, 'stopping')
})
