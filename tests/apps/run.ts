/**
 * `npm run labapps [-- NAME …]`: real lab apps behind the real gate. Each folder of FACTORGATE_LABAPPS (../shared/apps unless it says otherwise)
 * with a `start PORT DATADIR` and a `check BASE` is one app: it is started, a person signs in, and its check drives it through the gate with
 * the cookie in GWCOOKIE. Ends with 1 where any check is not ok; says so and ends with 0 where there is no such folder.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, createWriteStream, existsSync, readdirSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, type Gate, startGate } from '../helpers/gate.ts'
import { Person } from '../helpers/person.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = path.resolve(root, process.env.FACTORGATE_LABAPPS ?? '../shared/apps')
const installMs = 300_000
const checkMs = 300_000

/** What an app needs of its gate besides an address, by name; the rest is what every app gets. */
const wishes: Readonly<Record<string, { app?: Record<string, unknown>; env?: NodeJS.ProcessEnv }>> = {
  radicale: { app: { identityHeaders: { user: 'X-Remote-User' } } },
  jupyter: { env: { ALLOW_REMOTE: 'True' } }
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
async function startApp(name: string, data: string, ends: (() => Promise<void>)[]): Promise<number> {
  const port = await freePort()
  const log = createWriteStream(path.join(data, 'app.log'))
  await once(log, 'open')
  const child = spawn(path.join(folder, name, 'start'), [String(port), path.join(data, 'app')], {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...wishes[name]?.env }
  })
  ends.unshift(() => endGroup(child))
  const until = Date.now() + installMs
  while (Date.now() < until && child.exitCode === null) {
    if (await listens(port)) return port
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

/** Runs the app's own check through the gate; resolves to how many of its lines were ok and not ok. */
async function check(name: string, gate: Gate): Promise<{ passed: number; failed: number }> {
  // The app stands on 127.0.0.1 itself: a name below localhost is not resolved by every client that a check uses.
  const base = `http://127.0.0.1:${gate.port}`
  const alice = new Person(gate.port)
  await alice.accept(await gate.invite('alice', '--group', 'researchers'), 'a lab of one’s own')
  await alice.open(`${base}/`)
  // Ours alone: the app's own cookies are the check's business.
  const cookie = alice
    .cookies(new URL(base).host)
    .split('; ')
    .filter(pair => pair.startsWith('factorgate'))
    .join('; ')
  const child = spawn(path.join(folder, name, 'check'), [base], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...wishes[name]?.env, GWCOOKIE: cookie, USERHDR: '' },
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

async function behindTheGate(name: string): Promise<{ passed: number; failed: number }> {
  const data = await mkdtemp(path.join(tmpdir(), `factorgate-${name}-`))
  // Apps that give up root read their files as somebody else.
  await chmod(data, 0o755)
  const ends: (() => Promise<void>)[] = [() => rm(data, { recursive: true, force: true })]
  try {
    const port = await startApp(name, data, ends)
    const gate = await startGate(
      { teardown: fn => ends.unshift(async () => void (await fn())) },
      {
        from: 'built',
        apps: [
          {
            id: name,
            title: name,
            url: 'http://127.0.0.1:HOST',
            upstream: `http://127.0.0.1:${port}`,
            ...wishes[name]?.app
          }
        ]
      }
    )
    return await check(name, gate)
  } catch (error) {
    console.log(`    not ok - ${error instanceof Error ? error.message : error}`)
    return { passed: 0, failed: 1 }
  } finally {
    for (const end of ends) await end()
  }
}

if (!existsSync(folder)) {
  console.log(`No lab apps: there is no ${path.relative(root, folder)}. FACTORGATE_LABAPPS=FOLDER names another place.`)
} else {
  const asked = process.argv.slice(2)
  const known = appsIn(folder)
  const unknown = asked.filter(name => !known.includes(name))
  if (unknown.length > 0) {
    console.error(`no such app: ${unknown.join(', ')} (there are ${known.join(', ')})`)
    process.exit(2)
  }
  let passed = 0
  let failed = 0
  for (const name of asked.length > 0 ? asked : known) {
    console.log(`# ${name}`)
    const result = await behindTheGate(name)
    passed += result.passed
    failed += result.failed
  }
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1
}
