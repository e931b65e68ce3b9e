/**
 * `npm run labapps [-- --tls] [NAME …]`: real lab apps behind one real gate, each on a host of its own; README.md beside this says how. Each
 * recipe of config/recipes.ts is run exactly as it reads. Each folder of FACTORGATE_LABAPPS (../shared/apps unless it says otherwise) with a `start PORT DATADIR` and a `check BASE` is one app. Ends with 1
 * where any check is not ok; says so and ends with 0 where there is no such folder.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, createWriteStream, existsSync, readdirSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { recipes } from '../../config/recipes.ts'
import { Person } from '../fixtures/in-process/person.ts'
import { freePort } from '../fixtures/process/free-port.ts'
import { type Gate, startGate } from '../fixtures/process/gate.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = path.resolve(root, process.env.FACTORGATE_LABAPPS ?? '../shared/apps')
const isTls = process.argv.includes('--tls')
const asked = process.argv.slice(2).filter(name => name !== '--tls')
const installMs = 300_000
const checkMs = 300_000

/** How an app is run: as its recipe says; one of somebody's own, which has none, with an address and nothing else. */
interface Run {
  readonly name: string
  readonly folder: string
  readonly gate: Readonly<Record<string, unknown>>
  readonly env: Readonly<Record<string, string>>
}

function runsOf(folders: readonly string[]): Run[] {
  return folders.flatMap(name => {
    const own = recipes.filter(recipe => recipe.folder === name)
    if (own.length === 0) return [{ name, folder: name, gate: {}, env: {} }]
    return own.map(({ id, env, gate }) => ({ name: id, folder: name, gate: parse(gate)[0], env }))
  })
}

function isRunnable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function appsIn(directory: string): string[] {
  return readdirSync(directory).filter(name =>
    ['start', 'check'].every(script => isRunnable(path.join(directory, name, script)))
  )
}

/** Starts an app in a process group of its own, so that whatever it starts ends with it, and waits until it listens. */
async function startApp(run: Run, port: number, data: string, ends: (() => Promise<void>)[]): Promise<void> {
  const log = createWriteStream(path.join(data, 'app.log'))
  await once(log, 'open')
  const child = spawn(path.join(folder, run.folder, 'start'), [String(port), path.join(data, 'app')], {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...run.env }
  })
  ends.unshift(() => endGroup(child))
  const until = Date.now() + installMs
  while (Date.now() < until && child.exitCode === null) {
    if (await listens(port)) return
    await new Promise(resolve => setTimeout(resolve, 250))
  }
  throw new Error(`it never listened:\n${(await readFile(path.join(data, 'app.log'), 'utf8')).slice(-2000)}`)
}

function listens(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = net.connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

async function endGroup(child: ChildProcess): Promise<void> {
  const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : null
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    try {
      process.kill(-child.pid!, signal)
    } catch {
      return
    }
    await Promise.race([gone, new Promise(resolve => setTimeout(resolve, 5_000).unref())])
  }
}

interface Count {
  readonly passed: number
  readonly failed: number
}

/** Runs the app's own check through the gate, as a person who is signed in. */
async function check(run: Run, gate: Gate, person: Person): Promise<Count> {
  const base = gate.origin(run.name)
  // Signed in at the portal: the gate hands that over to this host, and sets its cookie here. The app's own are the check's business.
  await person.open(`${base}/`)
  const cookie = person
    .cookies(new URL(base).host)
    .split('; ')
    .find(pair => /^(__Host-)?factorgate(-\d+)?=/.test(pair))
  if (cookie === undefined) throw new Error(`no cookie of the gate on ${base}`)
  const child = spawn(path.join(folder, run.folder, 'check'), [base], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      ...run.env,
      GWCOOKIE: cookie,
      USERHDR: '',
      NODE_OPTIONS: `--require=${JSON.stringify(path.join(root, 'tests/labapps/localhost.cjs'))}`,
      ...(isTls ? { CURLX: '-k', WSX: JSON.stringify({ rejectUnauthorized: false }) } : {})
    },
    timeout: checkMs
  })
  const ended = once(child, 'close')
  let text = ''
  for await (const part of child.stdout) {
    text += part
    process.stdout.write(String(part).replace(/^/gm, '    ').replace(/ +$/, ''))
  }
  const [code, signal] = await ended
  const count = (pattern: RegExp) => text.match(pattern)?.length ?? 0
  const failed = count(/^not ok/gm)
  if (signal !== null) console.log(`    not ok - the check took longer than ${checkMs / 1000} s`)
  return { passed: count(/^ok/gm), failed: failed === 0 && code !== 0 ? 1 : failed }
}

/** One app, from its start to its end. */
async function drive(run: Run, port: number, gate: Gate, person: Person): Promise<Count> {
  const data = await mkdtemp(path.join(tmpdir(), `factorgate-${run.name}-`))
  // Apps that give up root read their files as somebody else.
  await chmod(data, 0o755)
  const ends: (() => Promise<void>)[] = [() => rm(data, { recursive: true, force: true })]
  try {
    await startApp(run, port, data, ends)
    return await check(run, gate, person)
  } catch (error) {
    console.log(`    not ok - ${error instanceof Error ? error.message : error}`)
    return { passed: 0, failed: 1 }
  } finally {
    for (const end of ends) await end()
  }
}

/** All of them behind one gate, one after the other. */
async function behindTheGate(runs: readonly Run[]): Promise<Count> {
  const ends: (() => unknown)[] = []
  const total = { passed: 0, failed: 0 }
  try {
    const ports = new Map<string, number>()
    for (const { name } of runs) ports.set(name, await freePort())
    const gate = await startGate(
      { teardown: fn => ends.unshift(fn) },
      {
        tls: isTls,
        apps: runs.map(({ name, gate }) => ({
          title: name,
          ...gate,
          id: name,
          url: `http${isTls ? 's' : ''}://${name}.localhost:HOST`,
          upstream: `http://127.0.0.1:${ports.get(name)}`
        }))
      }
    )
    const alice = new Person(gate.port)
    await alice.accept(await gate.invite('alice', '--group', 'researchers'), 'a lab of one’s own')
    for (const run of runs) {
      console.log(`# ${run.name}`)
      const { passed, failed } = await drive(run, ports.get(run.name)!, gate, alice)
      total.passed += passed
      total.failed += failed
    }
    if (!gate.isRunning) {
      console.log(`not ok - the gate has ended:\n${gate.output.slice(-2000)}`)
      total.failed++
    }
  } finally {
    for (const end of ends) await end()
  }
  return total
}

if (!existsSync(folder)) {
  console.log(`No lab apps: there is no ${path.relative(root, folder)}. FACTORGATE_LABAPPS=FOLDER names another place.`)
} else {
  const runs = runsOf(appsIn(folder))
  const known = runs.map(({ name }) => name)
  const unknown = asked.filter(name => !known.includes(name))
  if (unknown.length > 0) {
    console.error(`no such app: ${unknown.join(', ')} (there are ${known.join(', ')})`)
    process.exit(2)
  }
  const { passed, failed } = await behindTheGate(
    asked.length > 0 ? runs.filter(({ name }) => asked.includes(name)) : runs
  )
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1
}
