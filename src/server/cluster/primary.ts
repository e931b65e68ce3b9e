/** The cluster primary: starts the worker processes, replaces crashed ones, and collects their health and metrics. */
import cluster from 'node:cluster'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { Config } from '../../../config/schema.ts'
import { buildAdmin } from '../../../plugins/admin/index.ts'
import { type Counted, mergeSnapshots, render } from '../../metrics/metrics.ts'
import { fixed, type Serving } from '../server.ts'
import type { WorkerCommand } from './worker.ts'
import { WorkerHandle } from './worker-handle.ts'

/** Delay before restarting a worker that crashed this early, in milliseconds. */
const soonMs = 5_000
/** Health-check timeout, in milliseconds. */
const healthMs = 2_500

export interface ClusterInput {
  readonly config: Config
  /** Number of workers, at least two. */
  readonly size: number
  readonly log: Logger
}

export class Cluster implements Serving {
  readonly #log: Logger
  readonly #size: number
  readonly #members = new Map<number, WorkerHandle>()
  /** Last counters of each worker, ended ones included, because counters never go back. */
  readonly #counted = new Map<number, Counted>()
  #past: Counted = { families: new Map(), gauges: new Map(), apps: new Map() }
  readonly #admin: FastifyInstance | null
  #config: Config
  /** The workers' configuration at start; a replacement must open the same. */
  readonly #opened: Config
  #gate: AddressInfo | undefined
  #closing: Promise<void> | undefined

  private constructor({ config, size, log }: ClusterInput) {
    this.#config = config
    this.#opened = config
    this.#size = size
    this.#log = log
    this.#admin =
      config.admin === false
        ? null
        : buildAdmin({
            look: () => this.#look(),
            metrics: () => this.#metrics(),
            isClosing: () => this.#closing !== undefined,
            host: config.admin.host
          })
    process.once('exit', () => this.#kill())
  }

  /** Starts all workers. Rejects if one cannot start; then none stays. */
  static async start(input: ClusterInput): Promise<Cluster> {
    const crew = new Cluster(input)
    cluster.setupPrimary({ serialization: 'advanced' })
    try {
      // The first starts alone, so that an error common to all is reported once.
      crew.#gate = await crew.#hire(1)
      await Promise.all(Array.from({ length: input.size - 1 }, (_, i) => crew.#hire(i + 2)))
      const { admin } = input.config
      if (admin !== false) await crew.#admin?.listen({ host: admin.host, port: admin.port })
      return crew
    } catch (error) {
      crew.#closing = Promise.resolve()
      crew.#kill()
      await crew.#admin?.close()
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
      return (await this.#tell({ ask: 'reload', config })) as string[]
    } catch (error) {
      this.#config = before
      await this.#tell({ ask: 'reload', config: before }).catch(silent)
      throw error
    }
  }

  async reloadKeys(): Promise<void> {
    await this.#tell({ ask: 'reload keys' })
  }

  /** Sends a command to all and returns the first answer. Rejects if one refuses; a crash is no refusal. */
  async #tell(orders: WorkerCommand): Promise<unknown> {
    const told = [...this.#members.values()].map(member => ({ member, answer: member.ask(orders) }))
    const answers = await Promise.allSettled(told.map(({ answer }) => answer))
    const refusal = answers.find((answer, i) => answer.status === 'rejected' && !told[i]?.member.isGone)
    if (refusal?.status === 'rejected') throw refusal.reason
    const first = answers.find(answer => answer.status === 'fulfilled')
    return first?.status === 'fulfilled' ? first.value : []
  }

  close(): Promise<void> {
    if (this.#closing === undefined) this.#closing = this.#end()
    else this.#kill()
    return this.#closing
  }

  async #end(): Promise<void> {
    const ends = [...this.#members.values()].map(member => member.shutdown())
    await Promise.all(ends)
    await this.#admin?.close()
  }

  /** Starts worker `number` and resolves once it serves. */
  async #hire(number: number): Promise<AddressInfo> {
    const worker = cluster.fork()
    const member = new WorkerHandle(worker)
    this.#members.set(number, member)
    worker.once('exit', (code, signal) => this.#left(number, member, signal ?? code))
    worker.on('error', error => {
      if (worker.process.pid === undefined) this.#left(number, member, error.message)
    })
    const opened = Object.fromEntries(fixed.map(key => [key, this.#opened[key]]))
    const config = { ...this.#config, ...opened }
    return (await member.ask({ ask: 'start', config, number, of: this.#size })) as AddressInfo
  }

  #left(number: number, member: WorkerHandle, how: string | number): void {
    member.crashed(how)
    if (this.#members.get(number) === member) this.#members.delete(number)
    const counted = this.#counted.get(number)
    this.#counted.delete(number)
    if (counted !== undefined) this.#past = mergeSnapshots([this.#past, { ...counted, gauges: new Map() }])
    if (this.#closing !== undefined || !member.hasServed) return
    this.#log.error({ worker: number, how }, 'a worker fell; another takes its place')
    const pauseMs = Date.now() - member.since < soonMs ? 1_000 : 0
    setTimeout(() => this.#replace(number), pauseMs)
  }

  #replace(number: number): void {
    if (this.#closing !== undefined) return
    this.#hire(number).catch(error => {
      this.#log.error({ worker: number, err: error }, 'a worker could not be replaced; trying again')
      if (this.#closing === undefined) setTimeout(() => this.#replace(number), soonMs)
    })
  }

  async #look(): Promise<string | null> {
    const members = [...this.#members.values()].filter(member => member.hasServed)
    if (members.length === 0) return 'no worker serves'
    const answers = await Promise.all(members.map(member => member.ask({ ask: 'look' }, healthMs).catch(silent)))
    return (answers.find(answer => answer !== null) ?? null) as string | null
  }

  async #metrics(): Promise<string> {
    const serving = [...this.#members].filter(([, member]) => member.hasServed)
    await Promise.all(
      serving.map(async ([number, member]) => {
        const counted = await member.ask({ ask: 'counted' }, healthMs).catch(() => null)
        if (counted !== null && this.#members.get(number) === member) this.#counted.set(number, counted as Counted)
      })
    )
    const own: Counted = {
      families: new Map(),
      gauges: new Map([
        ['factorgate_workers', { help: 'Processes that serve.', merge: 'sum', value: serving.length }],
        ['process_resident_memory_bytes', { help: 'Resident memory.', merge: 'sum', value: process.memoryUsage.rss() }]
      ]),
      apps: new Map()
    }
    return render([this.#past, ...this.#counted.values(), own])
  }

  #kill(): void {
    for (const member of this.#members.values()) member.kill()
  }
}

function silent(error: unknown): string {
  return (error as Error).message
}
