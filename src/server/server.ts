/** The gate in one process. */
import type { AddressInfo } from 'node:net'
import type { FastifyInstance, FastifyListenOptions } from 'fastify'
import type { Logger } from 'pino'
import type { Config } from '../../config/schema.ts'
import { buildAdmin } from '../../plugins/admin/index.ts'
import { pipelineOf } from '../../plugins/forward.ts'
import type { Certificates } from '../acme/certificates.ts'
import type { Missing } from '../audit/anchor.ts'
import type { Clock } from '../clock.ts'
import type { UpstreamNews } from '../forwarding/upstream-states.ts'
import { buildGateway } from '../gateway.ts'
import type { PasswordHasher } from '../identity/password/password.ts'
import { checkKey } from '../keyring/key-check.ts'
import { readKeyFile } from '../keyring/key-file.ts'
import type { Keyring } from '../keyring/keyring.ts'
import { render } from '../metrics/metrics.ts'
import { ReloadMetrics } from '../metrics/reload-metrics.ts'
import type { MetricsSnapshot } from '../metrics/snapshot.ts'
import { credentialsOf, journalOptionsOf, knownStoresFile, limitsOf, storeOf } from '../services/app-options.ts'
import { warnOfRequired } from '../services/device.ts'
import type { Issuing } from '../services/issuing.ts'
import { Services } from '../services/services.ts'
import { openGuarded } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import type { Health } from '../watchers/readiness.ts'
import { knownAddresses } from './alpn.ts'
import { ExportRuns } from './export-runs.ts'
import { isSameStore, restartKeys } from './fixed-keys.ts'
import { issuingOf, offersHttp2, plainHttpOf, proxyProtocolOf, redirectsFor, renewCertificate, tlsOf } from './front.ts'
import { checkTaken, type InheritedSockets, placeOf } from './inherited-sockets.ts'
import { Listener } from './listener.ts'
import type { PlainHttp } from './plain-http.ts'
import { gateStatus } from './status.ts'
import { TicketKeys, type TicketKeysOfDay } from './ticket-keys.ts'

interface ServerInput {
  readonly config: Config
  readonly clock: Clock
  readonly log: Logger
  /** In a cluster the primary serves health and metrics. */
  readonly worker?: {
    readonly number: number
    readonly of: number
    /** Tells the other workers which upstreams are down. */
    readonly tell: (news: UpstreamNews) => void
    readonly ticketKeys: TicketKeysOfDay
  }
  readonly hasher?: PasswordHasher | undefined
  readonly sockets?: InheritedSockets | undefined
  /** scrypt's N for new recovery codes. */
  readonly recoveryCodeCost?: number | undefined
}

export interface Serving {
  /** `admin` is null when health is off, `http` without `listen.http`. A cluster does not know `http`. */
  readonly addresses: {
    readonly gate: AddressInfo
    readonly admin: AddressInfo | null
    readonly http?: AddressInfo | null
  }
  /**
   * Ends connections that the configuration forbids, and resolves to the keys that need a restart. If it rejects, the old one stays. Calls must not overlap.
   */
  reload(config: Config): Promise<string[]>
  /** `problems` name no secrets. */
  refuse(problems: readonly string[]): Promise<void>
  /** Rejects with KeyFileError, and keeps the old keys, if the file does not fit this store. */
  reloadKeys(): Promise<void>
  /** Closes WebSockets with 1001, lets requests end, then closes all resources. A second call ends them at once. */
  close(): Promise<void>
}

export class Server implements Serving {
  readonly runtime: Services
  readonly #log: Logger
  readonly #listener: Listener
  readonly #plainHttp: PlainHttp | null
  readonly #admin: FastifyInstance | null
  readonly #worker: ServerInput['worker']
  readonly #sockets: InheritedSockets
  /** Null for a worker: the primary counts each reload once. */
  readonly #reloads: ReloadMetrics | null
  #config: Config
  readonly #opened: Config
  #gateway: FastifyInstance
  #closing: Promise<void> | undefined
  readonly #exports: ExportRuns
  readonly #issuing: Issuing | null

  private constructor(
    runtime: Services,
    gateway: FastifyInstance,
    { config, log, worker, sockets = {} }: ServerInput,
    issuing: Issuing | null
  ) {
    this.runtime = runtime
    this.#issuing = issuing
    this.#exports = new ExportRuns(runtime)
    this.#config = config
    this.#opened = config
    this.#gateway = gateway
    this.#redirects = redirectsFor(config)
    this.#log = log
    this.#sockets = sockets
    this.#worker = worker
    runtime.postures.onChange(() => {
      this.#reviewLive()
      // A connection that was permitted just before may be open only now.
      setTimeout(() => this.#reviewLive(), lateMs).unref()
    })
    this.#reloads = worker === undefined ? new ReloadMetrics(runtime.metrics, runtime.clock) : null
    if (worker === undefined) runtime.metrics.read('factorgate_workers', () => 1)
    // The gateway in use is asked, because a refused configuration names other files.
    runtime.metrics.read('factorgate_certificate_end_timestamp_seconds', () => this.#gateway.certificateEnds())
    const proxyProtocol = proxyProtocolOf(config, log)
    this.#listener = new Listener(pipelineOf(gateway), {
      maxHeaderSize: config.listen.maxHeaderSize,
      tls: tlsOf(config, issuing),
      proxyProtocol,
      ticketKeys: new TicketKeys(runtime.clock, worker?.ticketKeys),
      http2: offersHttp2(config) && knownAddresses(() => this.#config.trustedProxies)
    })
    this.#plainHttp =
      config.listen.http === null ? null : plainHttpOf(config, issuing, () => this.#redirects, proxyProtocol)
    this.#admin =
      config.admin !== false && worker === undefined
        ? buildAdmin({
            checkHealth: () => this.checkHealth(),
            metrics: async () => render([await this.snapshot()]),
            status: async () =>
              gateStatus({ file: this.#config.file, workers: 1 }, this.runtime.configuration, await this.snapshot()),
            isClosing: () => this.#closing !== undefined,
            host: config.admin.host
          })
        : null
  }

  /** If it rejects (KeyFileError, StoreUnreachable, Node's address error), nothing stays open. */
  static async start(input: ServerInput): Promise<Server> {
    const { config, clock, log, worker, hasher, recoveryCodeCost } = input
    const keyring = await readKeyFile(config.keyFile, process.env)
    const { url, options } = storeOf(config, clock)
    const store = await openGuarded(url, options, knownStoresFile(config), sentence => log.warn(sentence))
    let runtime: Services | undefined
    let issuing: Issuing | null = null
    try {
      await checkKey(store, keyring, config.keyFile)
      runtime = await Services.start({
        store,
        keyring,
        journalFile: config.journal.file,
        journal: journalOptionsOf(config.journal),
        limits: limitsOf(config),
        clock,
        log,
        workers: worker?.of,
        tellWorkers: worker?.tell,
        isStoreShared: config.store.kind !== 'embedded' || worker !== undefined,
        isStoreOfMachines: config.store.kind !== 'embedded',
        hasher,
        recoveryCodeCost
      })
      const isFirst = worker === undefined || worker.number === 1
      const missing = isFirst ? await runtime.compareJournal() : null
      issuing = await issuingOf(config, runtime, isFirst)
      const gateway = await buildGateway(config, runtime, () => issuing?.certificates.served ?? [])
      runtime.sessions.setTerms(gateway.terms)
      const server = new Server(runtime, gateway, input, issuing)
      try {
        await rememberPortal(store, config.portal.url.origin)
        await server.#listen()
      } catch (error) {
        await gateway.close()
        throw error
      }
      runtime.tracing?.use(config.traces)
      if (missing !== null) server.#warnOfMissing(missing)
      server.#record('gate.start')
      server.#warnOfReports()
      await server.#warnIfEmpty()
      await server.#exports.use(config.journal)
      issuing?.begin()
      return server
    } catch (error) {
      await issuing?.stop()
      await (runtime === undefined ? store.close() : runtime.close())
      throw error
    }
  }

  async #warnIfEmpty(): Promise<void> {
    const { file, store, portal, identity } = this.#config
    // Without a configuration file (the demo) accounts are created after the start.
    if (file === null || (this.#worker !== undefined && this.#worker.number !== 1)) return
    // Institutions make the accounts of their people at the first sign-in.
    if (identity.some(({ kind }) => kind !== 'local') || !(await this.runtime.accounts.isEmpty())) return
    const place = store.kind === 'embedded' ? store.path : 'the configured Redis'
    this.#log.warn(
      { store: store.kind },
      `nobody has an account in ${place}, so nobody can sign in at ${portal.url.origin}. In a new installation, add the first operator with: factorgate user add NAME --group operators --config ${file}. In an older installation, this is not the store that the gate used before: stop the gate and check the key 'store', or restore a backup with factorgate store import`
    )
  }

  #warnOfMissing(missing: Missing): void {
    const { seq, at } = missing.anchor
    const what =
      missing.kind === 'cut'
        ? `the lines ${missing.fromSeq} to ${seq} of the journal are missing`
        : `the journal was replaced: its lines 1 to ${seq} are missing`
    this.#log.error(
      { file: this.#config.journal.file, signedAt: new Date(at).toISOString() },
      `${what}. The store remembers the signature of line ${seq}. Somebody has cut or replaced the files, or an older copy was put back: look for the lines in a backup or in an export (docs/journal.md)`
    )
    this.runtime.recordMissing(missing)
  }

  #warnOfReports(): void {
    if (this.#worker !== undefined && this.#worker.number !== 1) return
    warnOfRequired(this.#config, this.#log)
    const apps = this.#config.apps.filter(({ enforce }) => enforce === 'report').map(({ id }) => id)
    if (apps.length > 0)
      this.#log.warn(
        { apps },
        `these apps are not protected, because they say enforce: report: ${apps.join(', ')}. The gate forwards everybody to them and only records whom the rules would stop; see factorgate report`
      )
  }

  get addresses(): Serving['addresses'] {
    const admin = (this.#admin?.server.address() ?? null) as AddressInfo | null
    return { gate: this.#gate as AddressInfo, admin, http: this.#http }
  }

  /** Null with certificates from files or another program. */
  get certificates(): Certificates | null {
    return this.#issuing?.certificates ?? null
  }

  /** Never rejects. */
  async checkHealth(): Promise<Health> {
    const problem = (await this.runtime.readiness.check()) ?? (await this.#issuing?.problem()) ?? null
    if (problem !== null) return { problem, warnings: [] }
    return { problem, warnings: [...((await this.#issuing?.warnings()) ?? []), ...this.#gateway.institutionTroubles()] }
  }

  async snapshot(): Promise<MetricsSnapshot> {
    await this.runtime.readiness.check()
    return this.runtime.metrics.snapshot()
  }

  #gate: AddressInfo | undefined
  #http: AddressInfo | null = null
  #redirects: ReadonlyMap<string, string>

  async #listen(): Promise<void> {
    const { listen, admin } = this.#config
    const { https, http, admin: adminFd } = this.#sockets
    checkTaken(this.#sockets, this.#config)
    if (admin !== false) await this.#admin?.listen(placeOf(admin.host, admin.port, adminFd) as FastifyListenOptions)
    try {
      if (listen.http !== null && this.#plainHttp !== null)
        this.#http = await this.#plainHttp.listen(listen.http.host ?? listen.host, listen.http.port, http)
      this.#gate = await this.#listener.listen(listen.host, listen.port, https)
    } catch (error) {
      if (this.#http !== null) await this.#plainHttp?.close()
      await this.#admin?.close()
      throw error
    }
  }

  async reload(config: Config): Promise<string[]> {
    const gateway = await buildGateway(config, this.runtime, () => this.certificates?.served ?? [])
    try {
      if (this.#closing !== undefined) throw new Error('the gate is ending')
      const tls = tlsOf(config, this.#issuing)
      if (tls !== null) this.#listener.reloadTls(tls)
      if (isSameStore(config, this.#opened)) this.runtime.store.renew?.(credentialsOf(config, this.runtime.clock))
    } catch (error) {
      await gateway.close()
      throw error
    }
    const waiting = restartKeys(config, this.#opened)
    const old = this.#gateway
    this.#listener.swap(pipelineOf(gateway))
    this.#gateway = gateway
    this.#config = config
    this.#redirects = redirectsFor(config)
    this.runtime.tracing?.use(config.traces)
    this.runtime.useJournal(journalOptionsOf(config.journal))
    void this.#exports.use(config.journal)
    void this.#issuing?.use(config).catch(error => this.#log.warn({ err: error }, 'new hosts have no certificate yet'))
    this.runtime.sessions.setLimits(limitsOf(config))
    this.runtime.sessions.setTerms(gateway.terms)
    Object.assign(this.runtime.configuration, { loadedAt: this.runtime.clock(), refused: null, waiting })
    this.#record('gate.reload')
    this.#reloads?.applied()
    this.#warnOfReports()
    this.#reviewLive()
    this.runtime.sweep()
    old.close().catch(error => this.#log.warn({ err: error }, 'the old configuration did not end cleanly'))
    return waiting
  }

  /** Not awaited, because thousands of connections may be open. */
  #reviewLive(): void {
    this.runtime.live
      .review(this.#gateway.review)
      .catch(error => this.#log.error({ err: error }, 'could not judge what is open'))
  }

  async refuse(problems: readonly string[]): Promise<void> {
    this.#reloads?.refused()
    const { configuration, journal, clock } = this.runtime
    configuration.refused = { at: clock(), problems }
    const isFirst = this.#worker === undefined || this.#worker.number === 1
    renewCertificate(this.#listener, this.#config, isFirst ? this.#log : null)
    if (!isFirst) return
    const why = problems[0]?.slice(0, 500)
    journal.record({ kind: 'gate.reload', at: clock(), outcome: 'refused', problems: problems.length, why })
  }

  async reloadKeys(): Promise<void> {
    const { keyFile } = this.#opened
    const keyring = await readKeyFile(keyFile, process.env)
    // A rotation keeps the key in use. Any other file must fit the store, otherwise no factor would work.
    if (!opens(keyring, this.runtime.keyring)) await checkKey(this.runtime.store, keyring, keyFile)
    this.runtime.keyring = keyring
  }

  hear(news: UpstreamNews): void {
    this.runtime.upstreams.hear(news, performance.now())
  }

  close(): Promise<void> {
    if (this.#closing !== undefined) return this.#close(0)
    this.#closing = this.#close(this.#config.shutdownTimeout * 1000)
    return this.#closing
  }

  async #close(graceMs: number): Promise<void> {
    const endsAt = performance.now() + graceMs
    this.runtime.live.drain()
    await Promise.all([this.#listener.close(graceMs), this.#plainHttp?.close()])
    await this.#gateway.close()
    await this.#issuing?.stop()
    this.#record('gate.stop')
    await this.#admin?.close()
    await this.runtime.journal.flush()
    const graceLeft = endsAt - performance.now()
    await Promise.all([this.#exports.stop(), this.runtime.tracing?.close(flushTimeOf(graceLeft))])
    await this.runtime.close()
  }

  #record(kind: 'gate.start' | 'gate.reload' | 'gate.stop'): void {
    const { journal, clock } = this.runtime
    journal.record({ kind, at: clock(), worker: this.#worker?.number })
  }
}

/** Open connections are judged again this long after a change of the posture. */
const lateMs = 500

/** The last spans get what is left of the grace, within bounds. */
function flushTimeOf(graceLeft: number): number {
  return Math.min(Math.max(graceLeft, 250), 3000)
}

/** A gate also starts on a full disk, so only a change is written. */
async function rememberPortal(store: Store, origin: string): Promise<void> {
  if ((await store.get('meta:portal-url')) !== origin) await store.put('meta:portal-url', origin)
}

function opens(ring: Keyring, other: Keyring): boolean {
  try {
    ring.open(other.seal('', 'reload'), 'reload')
    return true
  } catch {
    return false
  }
}
