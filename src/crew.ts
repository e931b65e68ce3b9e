/**
 * Several processes that serve as one: one port, one store, one life. Owns the processes: their birth, their end, and another in the place
 * of one that fell; what each of them does is a Server's business (worker.ts). Health and metrics are asked here, once for all.
 */
import cluster, { type Worker } from 'node:cluster'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { Config } from '../config/schema.ts'
import { buildAdmin } from '../plugins/admin/index.ts'
import { type Counted, render } from './audit/meters.ts'
import type { Serving } from './server.ts'
import type { Answer, Asked, Orders } from './worker.ts'

/** A worker that fell within this time of its start is given a pause before the next, in milliseconds. */
const soonMs = 5_000
/** How long a worker may take to answer about its health, in milliseconds. */
const healthMs = 2_500

export interface CrewInput {
  readonly config: Config
  /** How many; two at least. */
  readonly size: number
  readonly log: Logger
}

export class Crew implements Serving {
  readonly #log: Logger
  readonly #size: number
  readonly #members = new Map<number, Member>()
  readonly #admin: FastifyInstance | null
  #config: Config
  #gate: AddressInfo | undefined
  #closing: Promise<void> | undefined

  private constructor({ config, size, log }: CrewInput) {
    this.#config = config
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

  /** Starts them all. Rejects where one cannot start: it has said why, and none stays. */
  static async start(input: CrewInput): Promise<Crew> {
    const crew = new Crew(input)
    cluster.setupPrimary({ serialization: 'advanced' })
    try {
      // The first alone: what it cannot do, none of them can, and once is enough to say so.
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
    const done: Member[] = []
    try {
      let waiting: string[] = []
      for (const member of this.#members.values()) {
        waiting = (await member.ask({ ask: 'reload', config })) as string[]
        done.push(member)
      }
      this.#config = config
      return waiting
    } catch (error) {
      // All serve by one configuration, whichever it is.
      for (const member of done) await member.ask({ ask: 'reload', config: before })
      throw error
    }
  }

  async reloadKeys(): Promise<void> {
    for (const member of this.#members.values()) await member.ask({ ask: 'reload keys' })
  }

  close(): Promise<void> {
    if (this.#closing === undefined) this.#closing = this.#end()
    else this.#kill()
    return this.#closing
  }

  async #end(): Promise<void> {
    const ends = [...this.#members.values()].map(member => member.dismiss())
    await Promise.all(ends)
    await this.#admin?.close()
  }

  /** A process in place `number`, once it serves. */
  async #hire(number: number): Promise<AddressInfo> {
    const worker = cluster.fork()
    const member = new Member(worker)
    this.#members.set(number, member)
    worker.once('exit', (code, signal) => this.#left(number, member, signal ?? code))
    return (await member.ask({ ask: 'start', config: this.#config, number, of: this.#size })) as AddressInfo
  }

  #left(number: number, member: Member, how: string | number): void {
    member.gone(how)
    if (this.#members.get(number) === member) this.#members.delete(number)
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
    const members = [...this.#members.values()].filter(member => member.hasServed)
    const answers = await Promise.allSettled(members.map(member => member.ask({ ask: 'counted' }, healthMs)))
    const counted = answers.flatMap(answer => (answer.status === 'fulfilled' ? [answer.value as Counted] : []))
    const own: Counted = {
      families: new Map(),
      gauges: new Map([
        ['factorgate_workers', { help: 'Processes that serve.', merge: 'sum', value: counted.length }],
        ['process_resident_memory_bytes', { help: 'Resident memory.', merge: 'sum', value: process.memoryUsage.rss() }]
      ]),
      apps: new Map()
    }
    return render([...counted, own])
  }

  #kill(): void {
    for (const member of this.#members.values()) member.kill()
  }
}

/** One process, and what it was asked and has not answered. */
class Member {
  readonly since = Date.now()
  readonly #worker: Worker
  readonly #open = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  readonly #listens: Promise<void>
  #asked = 0
  #isGone = false
  hasServed = false

  constructor(worker: Worker) {
    this.#worker = worker
    this.#listens = new Promise(resolve => this.#open.set(0, { resolve: () => resolve(), reject: () => resolve() }))
    worker.on('message', (answer: Answer) => {
      const asked = this.#open.get(answer.id)
      this.#open.delete(answer.id)
      if (answer.error === undefined) asked?.resolve(answer.value)
      else asked?.reject(new Error(answer.error))
    })
  }

  /** Rejects with what the worker says, when it ends before it has answered, and after `withinMs` where that is given. */
  async ask(orders: Orders, withinMs?: number): Promise<unknown> {
    await this.#listens
    const id = ++this.#asked
    const answer = await new Promise<unknown>((resolve, reject) => {
      if (this.#isGone) return reject(new Error('the worker has ended'))
      this.#open.set(id, { resolve, reject })
      if (withinMs !== undefined) setTimeout(() => reject(new Error('the worker does not answer')), withinMs).unref()
      this.#worker.send({ id, ...orders } satisfies Asked)
    })
    if (orders.ask === 'start') this.hasServed = true
    return answer
  }

  /** Resolves once it has ended in order, or otherwise. */
  async dismiss(): Promise<void> {
    if (this.#isGone) return
    const ended = new Promise(resolve => this.#worker.once('exit', resolve))
    this.ask({ ask: 'end' }).catch(silent)
    await ended
  }

  gone(how: string | number): void {
    this.#isGone = true
    for (const { reject } of this.#open.values()) reject(new Error(`the worker ended (${how})`))
    this.#open.clear()
  }

  kill(): void {
    this.#worker.process.kill('SIGKILL')
  }
}

function silent(error: unknown): string {
  return (error as Error).message
}
