/** Starts the worker processes, replaces crashed ones, and collects their health and metrics. */
import cluster from 'node:cluster'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance, FastifyListenOptions } from 'fastify'
import type { Logger } from 'pino'
import type { Config } from '../../../config/schema.ts'
import { buildAdmin } from '../../../plugins/admin/index.ts'
import { systemClock } from '../../clock.ts'
import type { UpstreamNews } from '../../forwarding/upstream-states.ts'
import { Metrics, render } from '../../metrics/metrics.ts'
import { readProcess } from '../../metrics/process-metrics.ts'
import { ReloadMetrics } from '../../metrics/reload-metrics.ts'
import { countersOf, emptySnapshot, type MetricsSnapshot, mergeSnapshots } from '../../metrics/snapshot.ts'
import { closeUntaken } from '../../platform/handed-connections.ts'
import type { ConfigurationNote } from '../../services/services.ts'
import type { Health } from '../../watchers/readiness.ts'
import { withOpened } from '../fixed-keys.ts'
import { type InheritedSockets, placeOf } from '../inherited-sockets.ts'
import type { Serving } from '../server.ts'
import { gateStatus } from '../status.ts'
import { TicketKeys } from '../ticket-keys.ts'
import { cutOffMs } from '../time-to-end.ts'
import { endingLookMs, lookMs, StuckWorkers } from './stuck-workers.ts'
import type { WorkerCommand } from './worker.ts'
import { WorkerHandle } from './worker-handle.ts'

/** A worker that ends this soon is replaced after a delay. */
const soonMs = 5_000
const healthMs = 2_500

interface ClusterInput {
  readonly config: Config
  readonly size: number
  readonly log: Logger
  readonly sockets?: InheritedSockets | undefined
}

export class Cluster implements Serving {
  readonly #log: Logger
  readonly #size: number
  readonly #sockets: InheritedSockets
  readonly #handles = new Map<number, WorkerHandle>()
  /** The last snapshot of each worker. Those of ended workers are added to `#ended`, because counters never decrease. */
  readonly #snapshots = new Map<number, MetricsSnapshot>()
  #ended: MetricsSnapshot = emptySnapshot
  readonly #own = new Metrics()
  readonly #reloads = new ReloadMetrics(this.#own, Date.now)
  readonly #admin: FastifyInstance | null
  readonly #stuck: StuckWorkers
  #looking: NodeJS.Timeout
  #config: Config
  /** A new worker must open the same store, keys and journal as the others. */
  readonly #opened: Config
  /** The workers' keys of TLS tickets. They stay in memory, because they open recorded TLS 1.2 (RFC 5077 §5.5). */
  readonly #ticketKeys = new TicketKeys()
  #note: ConfigurationNote = { startedAt: systemClock(), loadedAt: systemClock(), refused: null, waiting: [] }
  #gate: AddressInfo | undefined
  #closing: Promise<void> | undefined

  private constructor({ config, size, log, sockets = {} }: ClusterInput) {
    this.#sockets = sockets
    this.#config = config
    this.#opened = config
    this.#size = size
    this.#log = log
    this.#admin =
      config.admin === false
        ? null
        : buildAdmin({
            checkHealth: () => this.#checkHealth(),
            metrics: async () => render(await this.#snapshotAll()),
            status: async () => {
              const workers = [...this.#handles.values()].filter(handle => handle.hasServed).length
              return gateStatus(
                { file: this.#config.file, workers },
                this.#note,
                mergeSnapshots(await this.#snapshotAll())
              )
            },
            isClosing: () => this.#closing !== undefined,
            host: config.admin.host
          })
    this.#stuck = new StuckWorkers(
      worker => this.#log.error({ worker }, 'a worker process has not answered for a long time and is killed'),
      () => cutOffMs(this.#config)
    )
    this.#looking = setInterval(() => this.#stuck.look(this.#handles), lookMs).unref()
    readProcess(this.#own)
    this.#own.read('factorgate_workers', () => this.#serving.length)
    process.once('exit', () => this.#killAll())
  }

  /** If one cannot start, it ends all and rejects. */
  static async start(input: ClusterInput): Promise<Cluster> {
    const self = new Cluster(input)
    cluster.setupPrimary({ serialization: 'advanced' })
    try {
      // The first starts alone, so that an error common to all is reported once.
      self.#gate = await self.#startWorker(1)
      await Promise.all(Array.from({ length: input.size - 1 }, (_, i) => self.#startWorker(i + 2)))
      const { admin } = input.config
      if (admin !== false)
        await self.#admin?.listen(placeOf(admin.host, admin.port, self.#sockets.admin) as FastifyListenOptions)
      return self
    } catch (error) {
      self.#closing = Promise.resolve()
      clearInterval(self.#looking)
      self.#killAll()
      await self.#admin?.close()
      throw error
    }
  }

  get addresses(): Serving['addresses'] {
    return { gate: this.#gate as AddressInfo, admin: (this.#admin?.server.address() ?? null) as AddressInfo | null }
  }

  async reload(config: Config): Promise<string[]> {
    const before = this.#config
    this.#config = config
    try {
      const waiting = (await this.#broadcast({ ask: 'reload', config })) as string[]
      this.#reloads.applied()
      this.#note = { ...this.#note, loadedAt: systemClock(), refused: null, waiting }
      return waiting
    } catch (error) {
      this.#config = before
      await this.#broadcast({ ask: 'reload', config: before }).catch(messageOf)
      throw error
    }
  }

  async refuse(problems: readonly string[]): Promise<void> {
    this.#reloads.refused()
    this.#note = { ...this.#note, refused: { at: systemClock(), problems } }
    await this.#broadcast({ ask: 'refuse', problems })
  }

  async reloadKeys(): Promise<void> {
    await this.#broadcast({ ask: 'reload keys' })
  }

  /** Returns the first answer. Rejects if a worker that is still running does. */
  async #broadcast(command: WorkerCommand): Promise<unknown> {
    const asked = [...this.#handles.values()].map(handle => ({ handle, answer: handle.ask(command) }))
    const answers = await Promise.allSettled(asked.map(({ answer }) => answer))
    const refusal = answers.find((answer, i) => answer.status === 'rejected' && !asked[i]?.handle.isGone)
    if (refusal?.status === 'rejected') throw refusal.reason
    const first = answers.find(answer => answer.status === 'fulfilled')
    return first?.status === 'fulfilled' ? first.value : []
  }

  close(): Promise<void> {
    if (this.#closing === undefined) this.#closing = this.#end()
    else this.#killAll()
    return this.#closing
  }

  async #end(): Promise<void> {
    this.#stuck.isEnding = true
    clearInterval(this.#looking)
    this.#stuck.look(this.#handles)
    this.#looking = setInterval(() => this.#stuck.look(this.#handles), endingLookMs(cutOffMs(this.#config)))
    const ends = [...this.#handles.values()].map(handle => handle.shutdown())
    await Promise.all(ends)
    clearInterval(this.#looking)
    await this.#admin?.close()
  }

  async #startWorker(number: number): Promise<AddressInfo> {
    const worker = cluster.fork()
    closeUntaken(worker)
    const handle: WorkerHandle = new WorkerHandle(worker, news => this.#passOn(news, handle))
    this.#handles.set(number, handle)
    worker.once('exit', (code, signal) => this.#onExit(number, handle, signal ?? code))
    worker.on('error', error => {
      if (worker.process.pid === undefined) this.#onExit(number, handle, error.message)
    })
    const config = withOpened(this.#config, this.#opened)
    const shared = { of: this.#size, sockets: this.#sockets, ticketKeys: this.#ticketKeys.today }
    return (await handle.ask({ ask: 'start', config, number, ...shared })) as AddressInfo
  }

  /** Otherwise an upstream that is down would cost each worker a wait. */
  #passOn(news: UpstreamNews, from: WorkerHandle): void {
    for (const [, handle] of this.#serving)
      if (handle !== from) handle.ask({ ask: 'hear', news }, healthMs).catch(() => {})
  }

  #onExit(number: number, handle: WorkerHandle, how: string | number): void {
    handle.exited(how)
    if (this.#handles.get(number) === handle) this.#handles.delete(number)
    const snapshot = this.#snapshots.get(number)
    this.#snapshots.delete(number)
    if (snapshot !== undefined) this.#ended = mergeSnapshots([this.#ended, countersOf(snapshot)])
    if (this.#closing !== undefined || !handle.hasServed) return
    this.#log.error({ worker: number, how }, 'a worker process crashed; another one replaces it')
    const pauseMs = Date.now() - handle.since < soonMs ? 1_000 : 0
    setTimeout(() => this.#replace(number), pauseMs)
  }

  #replace(number: number): void {
    if (this.#closing !== undefined) return
    this.#startWorker(number).catch(error => {
      this.#log.error({ worker: number, err: error }, 'a worker process could not be replaced; the gate tries again')
      // The last worker has closed the socket of systemd, which only a new process gets again. So this one fails.
      if (Object.keys(this.#sockets).length > 0 && this.#serving.length === 0)
        setImmediate(() => {
          throw error
        })
      else if (this.#closing === undefined) setTimeout(() => this.#replace(number), soonMs)
    })
  }

  async #checkHealth(): Promise<Health> {
    const handles = [...this.#handles.values()].filter(handle => handle.hasServed)
    if (handles.length === 0) return { problem: 'no worker serves', warnings: [] }
    const unasked = (error: unknown): Health => ({ problem: messageOf(error), warnings: [] })
    const answers = await Promise.all(
      handles.map(handle => handle.ask({ ask: 'check health' }, healthMs).then(answer => answer as Health, unasked))
    )
    const problem = answers.find(answer => answer.problem !== null)?.problem ?? null
    return { problem, warnings: [...new Set(answers.flatMap(({ warnings }) => warnings))] }
  }

  async #snapshotAll(): Promise<MetricsSnapshot[]> {
    await Promise.all(
      this.#serving.map(async ([number, handle]) => {
        const snapshot = await handle.ask({ ask: 'snapshot' }, healthMs).catch(() => null)
        if (snapshot !== null && this.#handles.get(number) === handle)
          this.#snapshots.set(number, snapshot as MetricsSnapshot)
      })
    )
    return [this.#ended, ...this.#snapshots.values(), this.#own.snapshot()]
  }

  get #serving(): [number: number, handle: WorkerHandle][] {
    return [...this.#handles].filter(([, handle]) => handle.hasServed)
  }

  #killAll(): void {
    for (const handle of this.#handles.values()) handle.kill()
  }
}

function messageOf(error: unknown): string {
  return (error as Error).message
}
