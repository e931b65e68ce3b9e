/**
 * The gate as a process of its own, with everything it keeps in a temporary folder: `startGate(t, …)`. Owns its life and its log; what
 * it is asked, and by whom, is person.ts's and the test's business.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import http from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { program } from '../fixtures/process/program.ts'
import { freePort } from './free-port.ts'

export interface GateOptions {
  /** Apps as the configuration file has them. `HOST` in a `url` becomes the gate's port: `http://one.localhost:HOST`. */
  readonly apps: readonly Readonly<Record<string, unknown>>[]
  /** Keys that replace those of the usual file. */
  readonly config?: Readonly<Record<string, unknown>>
  /** Serve https, with a certificate that nobody has signed. Default: plain http. */
  readonly tls?: boolean
  readonly env?: NodeJS.ProcessEnv
}

/** Whoever ends what was started: a tap test, or a script. */
export interface Ender {
  teardown(fn: () => unknown): unknown
}

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const readyWithinMs = 30_000

export class Gate {
  readonly folder: string
  readonly configFile: string
  readonly port: number
  readonly adminPort: number
  readonly #scheme: 'http' | 'https'
  readonly #call: readonly string[]
  readonly #env: NodeJS.ProcessEnv
  #child: ChildProcess | null = null
  #output = ''

  constructor(input: {
    folder: string
    port: number
    adminPort: number
    scheme: 'http' | 'https'
    call: readonly string[]
    env: NodeJS.ProcessEnv
  }) {
    this.#scheme = input.scheme
    this.folder = input.folder
    this.configFile = path.join(input.folder, 'factorgate.yaml')
    this.port = input.port
    this.adminPort = input.adminPort
    this.#call = input.call
    this.#env = input.env
  }

  /** `http://gate.localhost:PORT` */
  get portal(): string {
    return this.origin('gate')
  }

  /** The origin of a host that the gate serves. */
  origin(name: string): string {
    return `${this.#scheme}://${name}.localhost:${this.port}`
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error('the gate does not run')
    return this.#child.pid
  }

  /** False before its start, and once it has ended for whatever reason. */
  get isRunning(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** All it has said on stdout and stderr so far. */
  get output(): string {
    return this.#output
  }

  async journal(): Promise<Record<string, unknown>[]> {
    const text = await readFile(path.join(this.folder, 'journal.jsonl'), 'utf8')
    return text
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line))
  }

  /** One command of the terminal, with the gate's configuration. */
  run(...args: string[]): Promise<Ran> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [...this.#call, ...args], { env: this.#env, cwd: this.folder })
      let stdout = ''
      let stderr = ''
      child.stdout.on('data', part => {
        stdout += part
      })
      child.stderr.on('data', part => {
        stderr += part
      })
      child.on('error', reject)
      child.on('close', code => resolve({ code, stdout, stderr }))
    })
  }

  /** The invitation of a new local user. */
  async invite(name: string, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run('user', 'add', name, ...args)
    if (code !== 0) throw new Error(`user add ended with ${code}: ${stderr}`)
    return stdout.trim()
  }

  /** Starts it, and waits until it says that it serves. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [...this.#call, 'serve', '--config', this.configFile], {
      env: this.#env,
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe']
    })
    this.#child = child
    // What an earlier life has said is no sign of this one.
    const before = this.#output.length
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`not serving after ${readyWithinMs} ms: ${this.#output}`)),
        readyWithinMs
      )
      const hear = (part: Buffer) => {
        this.#output += part
        if (!/"msg":"serving /.test(this.#output.slice(before))) return
        clearTimeout(timer)
        resolve()
      }
      child.stdout.on('data', hear)
      child.stderr.on('data', hear)
      child.once('exit', code => {
        clearTimeout(timer)
        reject(new Error(`ended with ${code}: ${this.#output}`))
      })
    })
  }

  /** Ends it and resolves to its exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const child = this.#child
    if (child === null || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null
    const ended = new Promise<number | null>(resolve => child.once('exit', resolve))
    child.kill(signal)
    return ended
  }

  /** The status of a path of the admin listener. */
  admin(asked: string): Promise<number> {
    return new Promise((resolve, reject) => {
      http
        .get({ host: '127.0.0.1', port: this.adminPort, path: asked, agent: false }, response => {
          response.resume()
          resolve(response.statusCode!)
        })
        .on('error', reject)
    })
  }
}

/** The environment without what the test runner puts into it. */
function surroundings(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...rest } = process.env
  return rest
}

/** Writes a configuration and a key, and starts the gate with them. Ended, and its folder gone, at `t`'s teardown. */
export async function startGate(t: Ender, options: GateOptions): Promise<Gate> {
  const gate = await prepareGate(t, options)
  await gate.start()
  return gate
}

/** The same, not started yet. */
export async function prepareGate(t: Ender, options: GateOptions): Promise<Gate> {
  const folder = await mkdtemp(path.join(tmpdir(), 'factorgate-'))
  const [port, adminPort] = [await freePort(), await freePort()]
  const gate = new Gate({
    folder,
    port,
    adminPort,
    scheme: options.tls ? 'https' : 'http',
    call: program(),
    env: { ...surroundings(), FACTORGATE_CONFIG: path.join(folder, 'factorgate.yaml'), ...options.env }
  })
  t.teardown(async () => {
    await gate.stop('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })
  const tls = options.tls ? { tls: await certificate(folder) } : {}
  const config = {
    listen: { host: '127.0.0.1', port, ...tls },
    admin: { host: '127.0.0.1', port: adminPort },
    portal: { url: gate.portal, title: 'Test Lab' },
    store: 'embedded:store',
    keyFile: 'factorgate.key',
    journal: 'journal.jsonl',
    apps: options.apps,
    ...options.config
  }
  // JSON is YAML.
  await writeFile(gate.configFile, JSON.stringify(config, null, 1).replaceAll(':HOST', `:${port}`))
  const { code, stderr } = await gate.run('key', 'new', path.join(folder, 'factorgate.key'))
  if (code !== 0) throw new Error(`key new ended with ${code}: ${stderr}`)
  return gate
}

/** A self-signed certificate and its key, in `folder`. */
async function certificate(folder: string): Promise<{ cert: string; key: string }> {
  const files = { cert: path.join(folder, 'tls.crt'), key: path.join(folder, 'tls.key') }
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
  const asked = ['-x509', ...curve, '-nodes', '-days', '2', '-subj', '/CN=gate.localhost']
  await promisify(execFile)('openssl', ['req', ...asked, '-keyout', files.key, '-out', files.cert])
  return files
}
