/** `factorgate serve`: runs the gateway until it is told to stop. Owns signals, reload on change, and what is said at start and end. */
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { type Logger, pino } from 'pino'
import { defaultConfig } from '../../config/default.ts'
import { configFilesOf, loadConfig } from '../../config/load.ts'
import { formatProblem } from '../../config/problems.ts'
import type { Config } from '../../config/schema.ts'
import { createKeyFile } from '../keyring/key-file.ts'
import { Server } from '../server.ts'
import { watchFiles } from '../watch/files.ts'
import { type Command, type ExitCode, type Io, PersonError, readArgs, UsageError } from './command.ts'

export const command: Command = {
  name: 'serve',
  summary: 'Run the gateway.',
  usage: ['factorgate serve [--config FILE]', 'factorgate serve --upstream URL [--listen HOST:PORT]'],
  help: `
  --config FILE       the configuration (else FACTORGATE_CONFIG, ./factorgate.yaml, /etc/factorgate/factorgate.yaml)
  --upstream URL      protect this one app, with no file at all; state goes to ./var
  --listen HOST:PORT  with --upstream: where to listen (127.0.0.1:8443)

SIGHUP or a changed file loads the configuration anew; a bad one is refused and the old one stays. SIGTERM ends in order, a second
one at once.

Example:
  factorgate serve --upstream http://127.0.0.1:8888
`,
  async run(args, io) {
    const { values } = readArgs(args, {
      config: { type: 'string' },
      upstream: { type: 'string' },
      listen: { type: 'string' }
    })
    if (values.upstream !== undefined && values.config !== undefined)
      throw new UsageError('--upstream and --config exclude each other: the file names the apps')
    if (values.listen !== undefined && values.upstream === undefined)
      throw new UsageError('--listen goes with --upstream; in a configuration it is the key `listen`')
    const config =
      values.upstream === undefined
        ? await load(values.config, io)
        : await withoutFile(values.upstream, values.listen, io)
    const log = pino({ level: config.log.level, base: null })
    const server = await Server.start({ config, clock: io.clock, log })
    const { gate, admin } = server.addresses
    log.info(
      { address: gate.address, port: gate.port, admin: admin?.port ?? null, apps: config.apps.map(app => app.id) },
      `serving ${config.portal.url.origin}`
    )
    if (values.upstream !== undefined) await welcome(server, config, io)
    return live(server, config, io, log)
  }
}

/** The checked configuration; every problem on stderr, and exit 1, where there are some. */
async function load(file: string | undefined, io: Io): Promise<Config> {
  const loaded = await loadConfig({ ...(file === undefined ? {} : { file }), env: io.env, cwd: io.cwd })
  if (loaded.kind === 'bad') {
    for (const problem of loaded.problems) io.stderr(`${formatProblem(problem)}\n`)
    throw new PersonError(
      loaded.file === null ? 'there is no configuration' : `${loaded.file} cannot be used; nothing was started`
    )
  }
  for (const warning of loaded.warnings) io.stderr(`${formatProblem(warning)}\n`)
  return loaded.config
}

/** One app, everything else default. A key is made only where no data stands that another key has sealed. */
async function withoutFile(upstream: string, listen: string | undefined, io: Io): Promise<Config> {
  const [, host, port] = /^(?:(.+):)?(\d{1,5})$/.exec(listen ?? '') ?? []
  if (listen !== undefined && port === undefined)
    throw new UsageError(`--listen must be HOST:PORT such as 127.0.0.1:8443, got '${listen}'`)
  const config = defaultConfig({
    upstream,
    ...(host === undefined ? {} : { listenHost: host }),
    ...(port === undefined ? {} : { listenPort: Number(port) }),
    cwd: io.cwd
  })
  await ensureKey(config)
  if (!/^(?:localhost|127\..*|::1)$/.test(config.listen.host))
    io.stderr(
      `${config.listen.host} is reached from other machines, but without a configuration people sign in at ${config.portal.url.origin}, which is theirs, over plain http. For others write a configuration: factorgate init\n`
    )
  return config
}

/** Makes the key file of a fresh installation. Refuses where a store lies already: its secrets were sealed with a key that is gone. */
export async function ensureKey(config: Config): Promise<void> {
  if (existsSync(config.keyFile)) return
  if (config.store.kind === 'embedded' && existsSync(config.store.path)) {
    throw new PersonError(
      `${config.store.path} holds data, but its key ${config.keyFile} is missing. Put the key back; a new one cannot open what the old one sealed.`
    )
  }
  await mkdir(path.dirname(config.keyFile), { recursive: true, mode: 0o700 })
  await createKeyFile(config.keyFile)
}

/** Where nobody has an account yet: makes the first operator and says how to enter. */
export async function welcome(server: Pick<Server, 'runtime'>, config: Config, io: Pick<Io, 'stderr'>): Promise<void> {
  const { accounts, invitations, credentials } = server.runtime
  if ((await accounts.list()).length > 0) {
    const first = await accounts.byName('admin')
    if (first !== null && (await credentials.list(first.id)).length === 0)
      io.stderr(`\n'admin' has not enrolled yet. For a new invitation: factorgate user invite admin\n\n`)
    return
  }
  const account = await accounts.create({ name: 'admin', displayName: 'Administrator', groups: ['operators'] })
  const token = await invitations.issue(account.id)
  io.stderr(
    `\nNobody has an account yet. Open this once, within 24 hours, to become 'admin':\n\n  ${config.portal.url.origin}/.factorgate/invite/${token}\n\n`
  )
}

/** Follows signals and files until the end. */
function live(server: Server, first: Config, io: Io, log: Logger): Promise<ExitCode> {
  let config = first
  return new Promise(resolve => {
    const stop = (signal: string) => {
      log.info({ signal }, 'stopping')
      server.close().then(
        () => end(0),
        error => {
          log.error({ err: error }, 'did not end in order')
          end(1)
        }
      )
    }
    let signals = 0
    const onTerm = (signal: string) => {
      signals++
      if (signals > 1) process.exit(1)
      stop(signal)
    }
    const reload = async () => {
      if (config.file === null) return
      const loaded = await loadConfig({ file: config.file, env: io.env, cwd: io.cwd })
      if (loaded.kind === 'bad') {
        log.error(
          { problems: loaded.problems.map(problem => formatProblem(problem)) },
          'the changed configuration is refused; the old one stays'
        )
        return
      }
      const waiting = await server.reload(loaded.config)
      config = loaded.config
      log.info(waiting.length === 0 ? {} : { restartNeededFor: waiting }, 'configuration reloaded')
      rewatch()
    }
    const safely = (work: () => Promise<void>) => {
      work().catch(error => log.error({ err: error }, 'the reload failed; the old state stays'))
    }
    let unwatch = () => {}
    const rewatch = () => {
      unwatch()
      unwatch = watchFiles([config.keyFile, ...configFilesOf(config)], changed => {
        if (changed.includes(config.keyFile)) safely(() => server.reloadKeys())
        if (changed.some(file => file !== config.keyFile)) safely(reload)
      })
    }
    const onHup = () => safely(reload)
    const onRejection = (error: unknown) => log.error({ err: error }, 'a promise was rejected and nobody listened')
    const onException = (error: unknown) => {
      log.fatal({ err: error }, 'an error nobody caught; ending')
      stop('uncaughtException')
    }
    const end = (code: ExitCode) => {
      unwatch()
      process.off('SIGTERM', onTerm).off('SIGINT', onTerm).off('SIGHUP', onHup)
      process.off('unhandledRejection', onRejection).off('uncaughtException', onException)
      resolve(code)
    }
    process.on('SIGTERM', onTerm).on('SIGINT', onTerm).on('SIGHUP', onHup)
    process.on('unhandledRejection', onRejection).on('uncaughtException', onException)
    rewatch()
  })
}
