/**
 * The gateway as a process: it opens what a configuration names, listens, follows changed files, and ends in order. Owns the life;
 * the composition (gateway.ts) owns what a request meets.
 */
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { Config } from '../../config/schema.ts'
import { buildAdmin } from '../../plugins/admin/index.ts'
import { pipelineOf } from '../../plugins/forward.ts'
import type { Clock } from '../clock.ts'
import { buildGateway } from '../gateway.ts'
import type { PasswordHasher } from '../identity/password/password.ts'
import { checkKey } from '../keyring/key-check.ts'
import { readKeyFile } from '../keyring/key-file.ts'
import type { Keyring } from '../keyring/keyring.ts'
import { type Counted, render } from '../metrics/metrics.ts'
import { fixYoungGeneration } from '../platform/gc-tuning.ts'
import { knownStoresFile, limitsOf, storeOf } from '../services/app-options.ts'
import { Services } from '../services/services.ts'
import { openWatched } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { Listener } from './listener.ts'

export interface ServerInput {
  readonly config: Config
  readonly clock: Clock
  readonly log: Logger
  /** Where it is one of several processes: which one, and of how many. Health and metrics are then the crew's business. */
  readonly worker?: { readonly number: number; readonly of: number }
  /** Of passwords; closed with the server. Default: one with processes of its own. */
  readonly hasher?: PasswordHasher | undefined
}

/** What answers visitors: one process, or a crew of them. */
export interface Serving {
  /** Where it listens; `admin` is null where health is switched off. */
  readonly addresses: { readonly gate: AddressInfo; readonly admin: AddressInfo | null }
  /**
   * Swaps a checked configuration in; what is open is judged by it, and ends where it is no longer permitted. Answers the keys that take a restart. Where it
   * rejects, the old one stays. Not to be called again before it has ended.
   */
  reload(config: Config): Promise<string[]>
  /** Reads the key file again, after a rotation. Rejects with KeyFileError and keeps the old keys where it is not this store's. */
  reloadKeys(): Promise<void>
  /** Stops accepting, lets requests end, closes sockets with 1001, then everything it opened. Called twice, ends at once. */
  close(): Promise<void>
}

/** Keys whose change takes a restart, since what they name is open already. */
export const fixed = ['listen', 'admin', 'workers', 'store', 'redis', 'keyFile', 'journal'] as const

export class Server implements Serving {
  readonly runtime: Services
  readonly #log: Logger
  readonly #listener: Listener
  readonly #admin: FastifyInstance | null
  readonly #worker: ServerInput['worker']
  #config: Config
  /** What the open things were opened with; a reload does not change it. */
  readonly #opened: Config
  #gateway: FastifyInstance
  #closing: Promise<void> | undefined

  private constructor(runtime: Services, gateway: FastifyInstance, { config, log, worker }: ServerInput) {
    this.runtime = runtime
    this.#config = config
    this.#opened = config
    this.#gateway = gateway
    this.#log = log
    this.#worker = worker
    this.#listener = new Listener(pipelineOf(gateway), {
      maxHeaderSize: config.listen.maxHeaderSize,
      tls: config.listen.tls
    })
    this.#admin =
      config.admin !== false && worker === undefined
        ? buildAdmin({
            look: () => this.look(),
            metrics: async () => render([await this.counted()]),
            isClosing: () => this.#closing !== undefined,
            host: config.admin.host
          })
        : null
  }

  /** Opens everything and listens. Rejects with KeyFileError, StoreUnreachable, or Node's error for the address; nothing stays open then. */
  static async start(input: ServerInput): Promise<Server> {
    const { config, clock, log, worker, hasher } = input
    const keyring = await readKeyFile(config.keyFile, process.env)
    const { url, options } = storeOf(config, clock)
    const store = await openWatched(url, options, knownStoresFile(config), sentence => log.warn(sentence))
    let runtime: Services | undefined
    try {
      await checkKey(store, keyring, config.keyFile)
      runtime = await Services.start({
        store,
        keyring,
        journalFile: config.journal,
        limits: limitsOf(config),
        clock,
        log,
        workers: worker?.of,
        isStoreShared: config.store.kind !== 'embedded' || worker !== undefined,
        hasher
      })
      const gateway = await buildGateway(config, runtime)
      const server = new Server(runtime, gateway, input)
      try {
        await rememberPortal(store, config.portal.url.origin)
        await server.#listen()
      } catch (error) {
        await gateway.close()
        throw error
      }
      server.#record('gate.start')
      await server.#sayWhenEmpty()
      fixYoungGeneration()
      return server
    } catch (error) {
      await (runtime === undefined ? store.close() : runtime.close())
      throw error
    }
  }

  /** A store without people is a new one, or the wrong one; either way nobody can sign in, and somebody should know. */
  async #sayWhenEmpty(): Promise<void> {
    const { file, store, portal } = this.#config
    // Without a file the first operator is made right after the start.
    if (file === null || (this.#worker !== undefined && this.#worker.number !== 1)) return
    if (!(await this.runtime.accounts.isEmpty())) return
    const place = store.kind === 'embedded' ? store.path : 'the configured Redis'
    this.#log.warn(
      { store: store.kind },
      `nobody has an account in ${place}, so nobody can sign in at ${portal.url.origin}. A new installation: make the first operator with factorgate user add NAME --group operators --config ${file}. An older one: the store is not the one it was; stop the gate and look at the key store, or put a backup back with factorgate store import`
    )
  }

  get addresses(): Serving['addresses'] {
    return { gate: this.#gate as AddressInfo, admin: (this.#admin?.server.address() ?? null) as AddressInfo | null }
  }

  /** Whether it can do its work: what is wrong, in words without secrets, or null. Never rejects. */
  look(): Promise<string | null> {
    return this.runtime.readiness.look()
  }

  /** What was counted up to now; the gauges tell of now. */
  async counted(): Promise<Counted> {
    await this.look()
    return this.runtime.meters.counted()
  }

  #gate: AddressInfo | undefined

  async #listen(): Promise<void> {
    const { listen, admin } = this.#config
    if (admin !== false) await this.#admin?.listen({ host: admin.host, port: admin.port })
    try {
      this.#gate = await this.#listener.listen(listen.host, listen.port)
    } catch (error) {
      await this.#admin?.close()
      throw error
    }
  }

  async reload(config: Config): Promise<string[]> {
    const gateway = await buildGateway(config, this.runtime)
    try {
      if (this.#closing !== undefined) throw new Error('the gate is ending')
      if (config.listen.tls) this.#listener.reloadTls(config.listen.tls)
    } catch (error) {
      await gateway.close()
      throw error
    }
    const waiting = fixed.filter(key => JSON.stringify(config[key]) !== JSON.stringify(this.#opened[key]))
    const old = this.#gateway
    this.#listener.swap(pipelineOf(gateway))
    this.#gateway = gateway
    this.#config = config
    this.runtime.sessions.setLimits(limitsOf(config))
    this.#record('gate.reload')
    // Not waited for: thousands may be open, and what is no longer permitted ends within a second all the same.
    this.runtime.live
      .review(gateway.review)
      .catch(error => this.#log.error({ err: error }, 'could not judge what is open'))
    this.runtime.sweep()
    // Its pools close once what they carry has ended.
    old.close().catch(error => this.#log.warn({ err: error }, 'the old configuration did not end cleanly'))
    return waiting
  }

  async reloadKeys(): Promise<void> {
    const { keyFile } = this.#opened
    const keyring = await readKeyFile(keyFile, process.env)
    // Each step of a rotation keeps the key in use; anything else must open the store, otherwise nobody's factors would work any more.
    if (!opens(keyring, this.runtime.keyring)) await checkKey(this.runtime.store, keyring, keyFile)
    this.runtime.keyring = keyring
  }

  close(): Promise<void> {
    if (this.#closing !== undefined) return this.#close(0)
    this.#closing = this.#close(this.#config.shutdownTimeout * 1000)
    return this.#closing
  }

  async #close(graceMs: number): Promise<void> {
    this.runtime.live.drain()
    await this.#listener.close(graceMs)
    await this.#gateway.close()
    this.#record('gate.stop')
    await this.#admin?.close()
    await this.runtime.close()
  }

  #record(kind: 'gate.start' | 'gate.reload' | 'gate.stop'): void {
    const { journal, clock } = this.runtime
    journal.record({ kind, at: clock(), worker: this.#worker?.number })
  }
}

/** For the terminal, which may know no configuration. Written only where it changes: a gate starts on a full disk, too. */
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
