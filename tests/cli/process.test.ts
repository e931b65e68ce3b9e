/** The program as people start it: argv, exit codes, pipes. What commands do is tested in-process elsewhere. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import net, { type AddressInfo } from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { parseConfig } from '../../config/load.ts'
import { startGate } from '../fixtures/process/gate.ts'
import { notTried } from '../fixtures/process/not-tried.ts'
import { program } from '../fixtures/process/program.ts'
import { startRedis, until } from '../fixtures/process/redis-server.ts'
import { usualConfig } from './terminal.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

function start(t: Test, folder: string, ...argv: string[]) {
  const child = spawn(process.execPath, [...program(), ...argv], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: '', FACTORGATE_CONFIG: undefined }
  })
  t.teardown(() => child.kill('SIGKILL'))
  return child
}

async function run(t: Test, folder: string, ...argv: string[]) {
  const child = start(t, folder, ...argv)
  const out = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', part => {
      out[name] += part
    })
  const code = await new Promise<number | null>(resolve => child.once('close', resolve))
  return { code, ...out }
}

t.test('exit codes 0, 1 and 2; the result on stdout, talk on stderr, no stack trace', async t => {
  const folder = t.testdir({ 'factorgate.yaml': usualConfig, 'bad.yaml': 'listen: { prot: 1 }\n' })
  const [wrong, bad, added] = await Promise.all([
    run(t, folder, 'user', 'add'),
    run(t, folder, 'check', '--config', 'bad.yaml'),
    run(t, folder, 'user', 'add', 'alice')
  ])
  t.match(wrong, { code: 2, stdout: '', stderr: /NAME is missing\nTry: factorgate user add --help\n$/ })
  t.match(bad, { code: 1, stdout: /bad\.yaml:1:\d+ {2}listen\.prot/ })
  t.match(added, { code: 0, stdout: /^https:\/\/gate\.lab\.example\/\.factorgate\/invite\/[\w-]{43}\n$/ })
  for (const { stdout, stderr } of [wrong, bad, added]) t.notMatch(stdout + stderr, /\n\s+at /)
})

t.test('a long result comes whole through a pipe; a reader that goes away breaks nothing', async t => {
  const folder = t.testdir({})
  const schema = await run(t, folder, 'schema')
  t.match(JSON.parse(schema.stdout), { type: 'object' })
  const child = start(t, folder, 'schema')
  child.stdout.destroy()
  let stderr = ''
  child.stderr.on('data', part => {
    stderr += part
  })
  t.equal(await new Promise(resolve => child.once('close', resolve)), 0)
  t.equal(stderr, '')
})

t.test('a reload that is asked for while the gate starts is done when it serves', async t => {
  const redis = await startRedis(t)
  const listeners = `listen: { port: 0 }\nadmin: { port: 0 }\n`
  let child: ReturnType<typeof start> | null = null
  let said = ''
  let saidBefore: string | null = null
  // The gate cannot serve before its store answers, and that answers after the signal.
  const relay = net.createServer(socket => {
    if (child !== null && saidBefore === null) {
      saidBefore = said
      child.kill('SIGHUP')
    }
    const store = net.connect(redis.port, '127.0.0.1')
    for (const [from, to] of [
      [socket, store],
      [store, socket]
    ] as const) {
      from.on('error', () => to.destroy()).pipe(to)
      t.teardown(() => from.destroy())
    }
  })
  relay.listen(0, '127.0.0.1')
  await once(relay, 'listening')
  t.teardown(() => relay.close())
  const store = `store: "redis://127.0.0.1:${(relay.address() as AddressInfo).port}"\n`
  const folder = t.testdir({ 'factorgate.yaml': usualConfig.replace('listen: { port: 8443 }\n', listeners + store) })
  mkdirSync(path.join(folder, 'var'))
  await run(t, folder, 'key', 'new', 'var/factorgate.key')
  child = start(t, folder, 'serve')
  const { stdout, stderr } = child
  stderr.resume()
  const isReloaded = new Promise<boolean>(resolve => {
    stdout.on('data', part => {
      said += part
      if (said.includes('configuration reloaded')) resolve(true)
    })
    child?.once('close', () => resolve(false))
  })
  const ended = once(child, 'close')
  t.ok(await isReloaded, said)
  t.notMatch(saidBefore, /"serving /, 'the signal came first')
  child.kill('SIGTERM')
  t.same(await ended, [0, null])
})

t.test('the built program can be called by its name', async t => {
  const source = readFileSync(main, 'utf8')
  t.ok(source.startsWith('#!/usr/bin/env node\n'))
  const { bin } = JSON.parse(readFileSync(path.join(path.dirname(main), '../package.json'), 'utf8'))
  t.equal(bin.factorgate, 'dist/src/main.js')
})

t.test('a low limit of open files is no bug of the program', async t => {
  if (process.platform !== 'linux') return notTried(t, 'ulimit -n may do nothing here')
  const folder = t.testdir({ 'empty.mjs': '' })
  const at = async (limit: number, ...argv: readonly string[]) => {
    const call = [`ulimit -n ${limit}; exec "$@"`, 'sh', process.execPath, ...argv]
    const child = spawn('sh', ['-c', ...call], { cwd: folder, env: { ...process.env, NODE_OPTIONS: '' } })
    let stderr = ''
    child.stderr.on('data', part => {
      stderr += part
    })
    return { code: await new Promise(resolve => child.once('close', resolve)), stderr }
  }
  // Below this, Node.js itself does not start.
  let least = 10
  while ((await at(least, 'empty.mjs')).code !== 0) least++
  for (const limit of [least, least + 1, least + 3, least + 6, least + 10, least + 15, 40, 56, 72, 96]) {
    const { code, stderr } = await at(limit, ...program(), 'serve', '--config', 'none.yaml')
    t.equal(code, 1)
    t.match(stderr, /ulimit -n|none\.yaml/, `with ${limit}`)
    t.notMatch(stderr, /is a bug|\n\s+at /, `with ${limit}`)
  }
})

t.test('a half-written configuration is not loaded, although it can be read', async t => {
  const rules = [{ path: '/open/**', access: 'public' }]
  const gate = await startGate(t, {
    apps: [{ id: 'wiki', url: 'http://wiki.localhost:HOST', upstream: 'http://127.0.0.1:9', rules }]
  })
  const { apps, ...others } = JSON.parse(readFileSync(gate.configFile, 'utf8'))
  const whole = stringify({ ...others, apps })
  const half = whole.slice(0, whole.indexOf('\n    rules:'))
  const write = async (text: string, said: RegExp) => {
    const before = gate.output.length
    writeFileSync(gate.configFile, text)
    await until(`the gate says ${said}`, async () => said.test(gate.output.slice(before)))
  }
  await write(whole, /configuration reloaded/)
  await write(half, /seems to be half written.*is refused because it has problems/)
  t.equal(parseConfig(half, gate.configFile).kind, 'ok', 'it would be a configuration')
  await write(`${half}\n`, /configuration reloaded/)
  await write(whole, /configuration reloaded/)
})

t.test('the first process of a container ends by a signal, as any other', async t => {
  const folder = t.testdir({ 'factorgate.yaml': usualConfig })
  const unshare = ['--map-root-user', '--pid', '--fork', '--kill-child', '--']
  const ran = spawnSync('unshare', [...unshare, 'true'])
  if (ran.status !== 0) return notTried(t, 'this user cannot make a name space of processes')
  for (const [signal, status, command] of [
    ['SIGINT', 130, 'user list'],
    ['SIGTERM', 143, 'serve']
  ] as const) {
    // The signal comes when somebody first listens to it, before the command does anything.
    const early = `process.on('newListener', name => { if (name === '${signal}') setImmediate(() => process.kill(1, '${signal}')) })`
    const { status: ended, stderr } = spawnSync(
      'unshare',
      [
        ...unshare,
        process.execPath,
        `--import=data:text/javascript,${encodeURIComponent(early)}`,
        ...program(),
        ...command.split(' ')
      ],
      { cwd: folder, env: { ...process.env, NODE_OPTIONS: '', FACTORGATE_CONFIG: undefined }, encoding: 'utf8' }
    )
    t.equal(ended, status, `${command}: ${stderr}`)
  }
})
