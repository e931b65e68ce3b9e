/** `factorgate serve`: runs the gate until it is stopped, with signals and reload on change. */
import cluster from 'node:cluster'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { Logger } from 'pino'
import { type DefaultOptions, defaultConfig, loadConfig } from '../../config/load.ts'
import { ConfigError, formatProblem } from '../../config/reading/diagnostics.ts'
import type { Config } from '../../config/schema.ts'
import { sharedStoreWarning } from '../files/shared-file-system.ts'
import { createKeyFile, keyFileWarning } from '../keyring/key-file.ts'
import { Cluster } from '../server/cluster/primary.ts'
import { runWorker } from '../server/cluster/worker.ts'
import { type InheritedSockets, inheritedSockets } from '../server/inherited-sockets.ts'
import { Server, type Serving } from '../server/server.ts'
import { cutOffMs } from '../server/time-to-end.ts'
import { watchFiles } from '../watchers/files.ts'
import { oneAtATime } from '../watchers/one-at-a-time.ts'
import { wrongJournal } from './check/service-user.ts'
import { type Command, type ExitCode, type Io, PersonError, readArgs, UsageError } from './command.ts'
import { takeEarlyReload } from './early-reload.ts'
import { reportError } from './error-report.ts'
import { existingPath } from './existing-path.ts'
import { isHalfOf, settled } from './half-written.ts'
import { logWritten, newLog } from './log.ts'
import { nodeReleaseWarning } from './node-release.ts'
import { isPortTaken } from './probes/ports.ts'

export const command: Command = {
  name: 'serve',
  summary: 'Run the gate.',
  usage: ['factorgate serve [--config FILE]', 'factorgate serve --upstream URL [--listen HOST:PORT]'],
  help: `
  --config FILE       the configuration (default: FACTORGATE_CONFIG, ./factorgate.yaml or /etc/factorgate/factorgate.yaml)
  --upstream URL      protect this one app without a configuration file; the data goes to ./var
  --listen HOST:PORT  with --upstream: where to listen (default: 127.0.0.1:8443)

The gate loads the configuration again on SIGHUP and when the file changes. It refuses a file with problems and keeps the old
configuration. SIGTERM finishes the running requests and ends the gate. A second SIGTERM ends it at once.

Example:
  factorgate serve --upstream http://127.0.0.1:8888
`,
  async run(args, io) {
    if (cluster.isWorker) return serveAsWorker(io)
    const { values } = readArgs(args, {
      config: { type: 'string' },
      upstream: { type: 'string' },
      listen: { type: 'string' }
    })
    if (values.upstream !== undefined && values.config !== undefined)
      throw new UsageError('--upstream and --config cannot be used together: the file names the apps')
    if (values.listen !== undefined && values.upstream === undefined)
      throw new UsageError('--listen needs --upstream; in a configuration file use the key `listen`')
    const { config, files, text } =
      values.upstream === undefined
        ? await load(values.config, io)
        : { config: await withoutFile(values.upstream, values.listen, io), files: [], text: '' }
    const log = newLog(config.log.level, null)
    const size = config.workers === 'auto' ? availableParallelism() : config.workers
    const warning = await keyFileWarning(config.keyFile, io.env)
    if (warning !== null) log.warn(warning)
    const shared = config.store.kind === 'embedded' ? sharedStoreWarning(existingPath(config.store.path)) : null
    if (shared !== null) log.warn(shared)
    const nodeWarning = nodeReleaseWarning(process.versions.node, io.clock())
    if (nodeWarning !== null) log.warn(nodeWarning)
    const sockets = inheritedSockets(io.env, process.pid)
    for (const [name, fd] of Object.entries(sockets)) log.info({ fd }, `systemd has opened the listener ${name}`)
    const loaded = { config, files, text, io, log }
    if (size > 1) return live({ server: await startCluster(config, size, log, sockets), ...loaded })
    const server = await Server.start({ config, clock: io.clock, log, sockets })
    const ended = live({ server, ...loaded })
    if (values.upstream !== undefined) await welcome(server, config, io)
    return ended
  }
}

function logStart(serving: Serving, config: Config, log: Logger): void {
  const { gate, admin } = serving.addresses
  log.info(
    { address: gate.address, port: gate.port, admin: admin?.port ?? null, apps: config.apps.map(app => app.id) },
    `serving ${config.portal.url.origin}`
  )
}

async function startCluster(config: Config, size: number, log: Logger, sockets: InheritedSockets): Promise<Cluster> {
  try {
    return await Cluster.start({ config, size, log, sockets })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== undefined) throw error
    throw new PersonError('a worker process could not start; its message above says why. Nothing was started')
  }
}

async function serveAsWorker(io: Io): Promise<ExitCode> {
  const code = await runWorker({
    clock: io.clock,
    logFor: (config, worker) => newLog(config.log.level, { worker }),
    cannotStart: error => reportError(error, 'serve', io)
  })
  await logWritten()
  return code
}

interface LoadedFile {
  readonly config: Config
  readonly files: readonly string[]
  readonly text: string
}

/** Problems go to stderr, with exit 1. */
async function load(file: string | undefined, io: Io): Promise<LoadedFile> {
  const loaded = await loadConfig({ ...(file === undefined ? {} : { file }), env: io.env, cwd: io.cwd })
  if (loaded.kind === 'bad') {
    for (const problem of loaded.problems) io.stderr(`${formatProblem(problem)}\n`)
    throw new PersonError(
      loaded.file === null
        ? 'there is no configuration'
        : `${loaded.file} has problems (see above); nothing was started`
    )
  }
  for (const warning of loaded.warnings) io.stderr(`${formatProblem(warning)}\n`)
  // The gate would answer nobody. Other commands go on, because access can be taken away without a journal.
  const wrong = wrongJournal(loaded.config.journal.file)
  if (wrong !== null) throw new PersonError(`journal  ${wrong}; nothing was started`)
  return loaded
}

/** One app with defaults. A key is created only if there is no data of another key. */
async function withoutFile(upstream: string, listen: string | undefined, io: Io): Promise<Config> {
  const [, host, port] = /^(?:(.+):)?(\d{1,5})$/.exec(listen ?? '') ?? []
  if (listen !== undefined && port === undefined)
    throw new UsageError(`--listen must be HOST:PORT such as 127.0.0.1:8443, got '${listen}'`)
  if (Number(port) > 65_535) throw new UsageError(`--listen must have a port from 0 to 65535, got '${listen}'`)
  const config = fromOptions({
    upstream,
    ...(host === undefined ? {} : { listenHost: host }),
    ...(port === undefined ? {} : { listenPort: Number(port) }),
    cwd: io.cwd
  })
  await ensureKey(config)
  if (!/^(?:localhost|127\..*|::1)$/.test(config.listen.host))
    io.stderr(
      `warning: other machines can reach ${config.listen.host}, but people can sign in only at ${config.portal.url.origin}, on this machine. To let others sign in, write a configuration: factorgate init\n`
    )
  return withFreeAdmin(config)
}

/** No option names the admin listener's port, so the gate takes another one, which the line "serving" has. */
export async function withFreeAdmin<Part extends Pick<Config, 'admin'>>(config: Part): Promise<Part> {
  const { admin } = config
  if (admin === false || !(await isPortTaken(admin.host, admin.port))) return config
  return { ...config, admin: { ...admin, port: 0 } }
}

/** There is no file, so problems are wrong usage. */
function fromOptions(options: DefaultOptions): Config {
  try {
    return defaultConfig(options)
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(error.message) : error
  }
}

/** Makes the key file of a new installation. Refuses if a store exists, because its secrets need the lost key. */
export async function ensureKey(config: Config): Promise<void> {
  if (existsSync(config.keyFile)) return
  if (config.store.kind === 'embedded' && existsSync(config.store.path)) {
    throw new PersonError(
      `${config.store.path} holds data, but its key file ${config.keyFile} is missing. Put the key file back; a new key cannot open what the old one sealed.`
    )
  }
  await createKeyFile(config.keyFile)
}

const firstName = 'admin'

/** If there are no accounts, creates the first operator, journaled as by `user add`, and prints the invitation. */
export async function welcome(server: Server, config: Config, io: Io): Promise<void> {
  const { accounts, invitations, credentials, journal, clock } = server.runtime
  const [first, ...others] = await accounts.list()
  if (first !== undefined) {
    // A new invitation would invalidate the first.
    if (others.length === 0 && (await credentials.list(first.id)).length === 0)
      io.stderr(
        `\n'${first.name}' has no second factor yet. For a new invitation: factorgate user invite ${first.name}\n\n`
      )
    return
  }
  if (!journal.writable)
    return io.stderr(
      `\nThe journal ${config.journal.file} cannot be written, so the first operator was not added. Solve that, then run: factorgate user add ${firstName} --group operators\n\n`
    )
  const account = await accounts.create({ name: firstName, displayName: 'Administrator', groups: ['operators'] })
  const who = { at: clock(), account: account.id, name: account.name, by: 'serve' }
  await journal.commit({ ...who, kind: 'user.change', outcome: 'added', groups: 'operators' })
  const token = await invitations.issue(account.id, { by: 'factorgate serve' })
  await journal.commit({ ...who, kind: 'invitation.issue' })
  io.stderr(
    `\nNobody has an account yet. To become the operator '${firstName}', open this invitation within 24 hours:\n\n  ${config.portal.url.origin}/.factorgate/invite/${token}\n\n`
  )
}

/** Runs until a signal or an uncaught error. Resolves with the exit code. */
function live(input: Omit<RunningGateInput, 'onEnd'>): Promise<ExitCode> {
  return new Promise(resolve => new RunningGate({ ...input, onEnd: resolve }).start())
}

interface RunningGateInput {
  readonly server: Serving
  readonly config: Config
  /** A change of one loads the configuration again. */
  readonly files: readonly string[]
  /** The text of the configuration. */
  readonly text: string
  readonly io: Io
  readonly log: Logger
  readonly onEnd: (code: ExitCode) => void
}

class RunningGate {
  readonly #input: RunningGateInput
  #config: Config
  #files: readonly string[]
  #text: string
  #watched = ''
  #unwatch = () => {}
  #late: NodeJS.Timeout | undefined
  #signals = 0

  constructor(input: RunningGateInput) {
    this.#input = input
    this.#config = input.config
    this.#files = input.files
    this.#text = input.text
  }

  start(): void {
    process.on('SIGTERM', this.#onTerm).on('SIGINT', this.#onTerm).on('SIGHUP', this.#reload)
    process.on('unhandledRejection', this.#onRejection).on('uncaughtException', this.#onException)
    this.#watch()
    if (takeEarlyReload()) this.#reload()
    // This comes last, because a supervisor may end the process on hearing that it serves.
    logStart(this.#input.server, this.#config, this.#input.log)
  }

  readonly #onTerm = (signal: string) => {
    this.#signals++
    if (this.#signals > 1) process.exit(1)
    this.#stop(signal, 0)
  }

  readonly #onRejection = (error: unknown) => this.#input.log.error({ err: error }, 'unhandled promise rejection')

  readonly #onException = (error: unknown) => {
    this.#input.log.fatal({ err: error }, 'uncaught error; the gate stops')
    this.#stop('uncaughtException', 1)
  }

  readonly #failed = (error: unknown) =>
    this.#input.log.error({ err: error }, 'the reload failed; the old configuration stays')

  readonly #reload = oneAtATime(
    () => this.#loadAgain(),
    error => {
      this.#failed(error)
      this.#input.server.refuse(['the reload failed; the log says why']).catch(this.#failed)
    }
  )

  readonly #reloadKeys = oneAtATime(() => this.#input.server.reloadKeys(), this.#failed)

  async #loadAgain(): Promise<void> {
    const { server, io, log } = this.#input
    if (this.#config.file === null) return
    const { file } = this.#config
    const loaded = await settled(() => loadConfig({ file, env: io.env, cwd: io.cwd }), this.#text)
    if (loaded.kind === 'bad') return this.#refuse(loaded.problems.map(problem => formatProblem(problem)))
    if (isHalfOf(this.#text, loaded.text))
      return this.#refuse([
        `${loaded.name}: the file is the beginning of the configuration that is in use, and ends in the middle of a line, so it seems to be half written. Write the rest; if it is meant so, end its last line with a line feed`
      ])
    const waiting = await server.reload(loaded.config)
    this.#config = loaded.config
    this.#files = loaded.files
    this.#text = loaded.text
    log.info(waiting.length === 0 ? {} : { restartNeededFor: waiting }, 'configuration reloaded')
    this.#watch()
  }

  async #refuse(problems: readonly string[]): Promise<void> {
    const { server, log } = this.#input
    log.error({ problems }, 'the changed configuration is refused because it has problems; the old one stays')
    await server.refuse(problems)
  }

  #watch(): void {
    // Unchanged files keep their watch, so that changes during the load are noticed.
    if (this.#watched === this.#files.join('\n')) return
    this.#watched = this.#files.join('\n')
    this.#unwatch()
    this.#unwatch = watchFiles([this.#config.keyFile, ...this.#files], changed => {
      if (changed.includes(this.#config.keyFile)) this.#reloadKeys()
      if (changed.some(file => file !== this.#config.keyFile)) this.#reload()
    })
  }

  /** A supervisor restarts after any exit code but 0. */
  #stop(reason: string, code: ExitCode): void {
    const { server, log } = this.#input
    log.info({ reason }, 'stopping')
    this.#late ??= setTimeout(() => {
      log.error('the gate could not end in order and is cut off: a disk, a store or another process does not answer')
      this.#end(1)
    }, cutOffMs(this.#config))
    server.close().then(
      () => this.#end(code),
      error => {
        log.error({ err: error }, 'an error happened while stopping')
        this.#end(1)
      }
    )
  }

  #end(code: ExitCode): void {
    clearTimeout(this.#late)
    this.#unwatch()
    void logWritten().then(() => {
      process.off('SIGTERM', this.#onTerm).off('SIGINT', this.#onTerm).off('SIGHUP', this.#reload)
      process.off('unhandledRejection', this.#onRejection).off('uncaughtException', this.#onException)
      this.#input.onEnd(code)
    })
  }
}
