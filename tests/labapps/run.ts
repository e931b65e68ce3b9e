/**
 * `npm run labapps [-- --tls] [--at=host|path|portal|everywhere] [NAME …]`: real lab apps behind one real gate, each on a host of its own, under a path of one host, or
 * under a path of the portal's host; README.md beside this says how. Each recipe of config/recipes/tested.ts is run exactly as it reads. Each folder of FACTORGATE_LABAPPS (../shared/apps unless it says otherwise) with a `start PORT DATADIR` and a `check BASE` is one app. Ends with 1
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
import type { Recipe } from '../../config/recipes/recipe.ts'
import { testedRecipes } from '../../config/recipes/tested.ts'
import { Person } from '../fixtures/in-process/person.ts'
import { freePort } from '../fixtures/process/free-port.ts'
import { type Gate, startGate } from '../fixtures/process/gate.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = path.resolve(root, process.env.FACTORGATE_LABAPPS ?? '../shared/apps')
const args = process.argv.slice(2)
const isTls = args.includes('--tls')
const at = /^--at=(.*)$/.exec(args.find(arg => arg.startsWith('--at=')) ?? '--at=host')![1]!
const asked = args.filter(arg => !arg.startsWith('--'))
const installMs = 300_000
const checkMs = 300_000

/** Where an app stands: on a host of its own, under a path of a host that apps share, or under a path of the portal's host. */
const places = ['host', 'path', 'portal'] as const
type Place = (typeof places)[number]

/** How an app is run: as its recipe says; one of somebody's own, which has none, with an address and nothing else. */
interface Run {
  readonly name: string
  readonly folder: string
  readonly gate: Readonly<Record<string, unknown>>
  readonly env: Readonly<Record<string, string>>
  /** What the app is told where it stands under a path; `{path}` is that path. */
  readonly underPath: Recipe['underPath']
}

function runsOf(folders: readonly string[]): Run[] {
  return folders.flatMap(name => {
    const own = testedRecipes.filter(recipe => recipe.folder === name)
    if (own.length === 0) return [{ name, folder: name, gate: {}, env: {}, underPath: undefined }]
    return own.map(({ id, env, gate, underPath }) => ({ name: id, folder: name, gate: parse(gate)[0], env, underPath }))
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
async function startApp(
  run: Run,
  env: NodeJS.ProcessEnv,
  port: number,
  data: string,
  ends: (() => Promise<void>)[]
): Promise<void> {
  const log = createWriteStream(path.join(data, 'app.log'))
  await once(log, 'open')
  const child = spawn(path.join(folder, run.folder, 'start'), [String(port), path.join(data, 'app')], {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...env }
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

const hostOf = (run: Run, place: Place) => ({ host: run.name, path: 'lab', portal: 'gate' })[place]
const pathOf = (run: Run, place: Place) => (place === 'host' ? '' : `/${run.name}`)

/** The app's environment at this place. */
function envAt(run: Run, place: Place): Record<string, string> {
  const told = Object.entries(place === 'host' ? {} : (run.underPath?.env ?? {}))
  return {
    ...run.env,
    ...Object.fromEntries(told.map(([key, value]) => [key, value.replaceAll('{path}', pathOf(run, place))]))
  }
}

/** Its entry in the gate's configuration. */
function entryAt(run: Run, place: Place, port: number | undefined) {
  const path = pathOf(run, place)
  return {
    title: run.name,
    ...run.gate,
    id: run.name,
    url: `http${isTls ? 's' : ''}://${hostOf(run, place)}.localhost:HOST${path}`,
    upstream: `http://127.0.0.1:${port}${run.underPath?.isKept === true ? path : ''}`
  }
}

/** What nobody gets who is not signed in: a page, a script's answer, a socket, a change. */
async function checkStrangers(base: string, gate: Gate): Promise<Count> {
  const stranger = new Person(gate.port)
  const socket = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA=='
  }
  const rows: [string, string, Record<string, string>, number][] = [
    [
      'a page leads to the sign-in',
      'GET',
      { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
      302
    ],
    ["a script's request", 'GET', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }, 401],
    ['a DAV client', 'PROPFIND', { depth: '0' }, 401],
    ['an upload', 'PUT', { 'content-type': 'text/plain' }, 401],
    ['a socket', 'GET', socket, 401]
  ]
  const count = { passed: 0, failed: 0 }
  for (const [who, method, headers, status] of rows) {
    const answer = await stranger.request(method, `${base}/`, { headers })
    const isOk = answer.status === status && answer.headers['factorgate-error'] === 'sign_in_required'
    console.log(`    ${isOk ? 'ok' : 'not ok'} - refused signed out: ${who}${isOk ? '' : ` (${answer.status})`}`)
    isOk ? count.passed++ : count.failed++
  }
  return count
}

/** Runs the app's own check through the gate, as a person who is signed in. */
async function check(run: Run, place: Place, gate: Gate, person: Person): Promise<Count> {
  const base = gate.origin(hostOf(run, place)) + pathOf(run, place)
  const refused = await checkStrangers(base, gate)
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
      ...envAt(run, place),
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
  const excepted = place === 'host' ? [] : (run.underPath?.fails ?? [])
  const bad = text.match(/^not ok - .*/gm) ?? []
  const known = bad.filter(line => excepted.some(name => line.startsWith(`not ok - ${name}`)))
  for (const line of known) console.log(`    # known: ${line.slice(9)}`)
  const failed = bad.length - known.length
  if (signal !== null) console.log(`    not ok - the check took longer than ${checkMs / 1000} s`)
  const isOver = code === 0 || bad.length > 0
  return { passed: refused.passed + count(/^ok/gm), failed: refused.failed + failed + (isOver ? 0 : 1) }
}

/** One app, from its start to its end. */
async function drive(run: Run, place: Place, port: number, gate: Gate, person: Person): Promise<Count> {
  const data = await mkdtemp(path.join(tmpdir(), `factorgate-${run.name}-`))
  // Apps that give up root read their files as somebody else.
  await chmod(data, 0o755)
  const ends: (() => Promise<void>)[] = [() => rm(data, { recursive: true, force: true })]
  try {
    await startApp(run, envAt(run, place), port, data, ends)
    return await check(run, place, gate, person)
  } catch (error) {
    console.log(`    not ok - ${error instanceof Error ? error.message : error}`)
    return { passed: 0, failed: 1 }
  } finally {
    for (const end of ends) await end()
  }
}

/** All of them behind one gate at one place, one after the other. */
async function behindTheGate(runs: readonly Run[], place: Place): Promise<Count> {
  const ends: (() => unknown)[] = []
  const total = { passed: 0, failed: 0 }
  try {
    const ports = new Map<string, number>()
    for (const { name } of runs) ports.set(name, await freePort())
    const gate = await startGate(
      { teardown: fn => ends.unshift(fn) },
      {
        tls: isTls,
        apps: runs.map(run => entryAt(run, place, ports.get(run.name)))
      }
    )
    const alice = new Person(gate.port)
    await alice.accept(await gate.invite('alice', '--group', 'researchers'), 'a lab of one’s own')
    for (const run of runs) {
      console.log(`# ${run.name}, ${place}`)
      const { passed, failed } = await drive(run, place, ports.get(run.name)!, gate, alice)
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
  const chosen = places.filter(place => at === place || at === 'everywhere')
  if (chosen.length === 0) {
    console.error(`no such place: ${at} (there are ${places.join(', ')}, everywhere)`)
    process.exit(2)
  }
  const total = { passed: 0, failed: 0 }
  for (const place of chosen) {
    const those = asked.length > 0 ? runs.filter(({ name }) => asked.includes(name)) : runs
    const { passed, failed } = await behindTheGate(those, place)
    total.passed += passed
    total.failed += failed
  }
  console.log(`${total.passed} passed, ${total.failed} failed`)
  process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1
}
