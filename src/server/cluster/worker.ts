/** A Server that the primary controls. It ignores signals, and ends when the primary is gone. */
import cluster from 'node:cluster'
import type { Logger } from 'pino'
import type { Config } from '../../../config/schema.ts'
import type { Clock } from '../../clock.ts'
import type { UpstreamNews } from '../../forwarding/upstream-states.ts'
import type { InheritedSockets } from '../inherited-sockets.ts'
import { Server } from '../server.ts'
import type { TicketKeysOfDay } from '../ticket-keys.ts'
import { cutOffMs } from '../time-to-end.ts'

export type WorkerCommand =
  | {
      readonly ask: 'start'
      readonly config: Config
      readonly number: number
      readonly of: number
      readonly sockets: InheritedSockets
      readonly ticketKeys: TicketKeysOfDay
    }
  | { readonly ask: 'reload'; readonly config: Config }
  | { readonly ask: 'refuse'; readonly problems: readonly string[] }
  | { readonly ask: 'hear'; readonly news: UpstreamNews }
  | { readonly ask: 'reload keys' | 'check health' | 'snapshot' | 'live' | 'end' }

export type Asked = WorkerCommand & { readonly id: number }

/** `id` is the command's; 0 says that the worker now receives messages. */
export interface Answer {
  readonly id: number
  readonly value?: unknown
  readonly error?: string
}

/** For the other workers, without an answer. */
export interface Told {
  readonly tell: UpstreamNews
}

interface WorkerInput {
  readonly clock: Clock
  readonly logFor: (config: Config, number: number) => Logger
  readonly cannotStart: (error: unknown) => void
}

/** Resolves to the exit code. */
export function runWorker(input: WorkerInput): Promise<0 | 1> {
  return new Promise(resolve => new WorkerProcess(input, resolve).start())
}

class WorkerProcess {
  readonly #input: WorkerInput
  readonly #exit: (code: 0 | 1) => void
  #starting: Promise<Server> | undefined
  #log: Logger | undefined
  #config: Config | undefined
  #late: NodeJS.Timeout | undefined
  #code: 0 | 1 = 0
  #isEnding = false

  constructor(input: WorkerInput, exit: (code: 0 | 1) => void) {
    this.#input = input
    this.#exit = exit
  }

  start(): void {
    // Otherwise Node exits as soon as the primary disconnects, in the middle of requests.
    if (cluster.worker) cluster.worker.exitedAfterDisconnect = true
    process.on('message', (asked: Asked) => this.#take(asked))
    answer({ id: 0 })
    // A terminal or systemd signals every process; only the primary acts on it.
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, ignore)
    process.once('disconnect', () => void this.#end())
    process.on('unhandledRejection', error => this.#log?.error({ err: error }, 'unhandled promise rejection'))
    process.on('uncaughtException', error => {
      this.#log?.fatal({ err: error }, 'uncaught error; the process stops')
      this.#code = 1
      void this.#end()
    })
  }

  #take(asked: Asked): void {
    this.#execute(asked).then(
      value => answer({ id: asked.id, value }),
      error => {
        // This is reported first, because the primary kills a worker that could not start.
        if (asked.ask === 'start') this.#input.cannotStart(error)
        answer({ id: asked.id, error: (error as Error).message })
        if (asked.ask === 'start') this.#exit(1)
      }
    )
  }

  async #execute(asked: Asked): Promise<unknown> {
    if (asked.ask === 'end') return this.#end()
    if (asked.ask === 'live') return this.#isEnding ? 'ending' : 'serving'
    if (asked.ask === 'start') return this.#startServer(asked)
    const server = await this.#starting
    if (server === undefined) throw new Error('not started')
    switch (asked.ask) {
      case 'reload': {
        const waiting = await server.reload(asked.config)
        this.#config = asked.config
        return waiting
      }
      case 'hear':
        return server.hear(asked.news)
      case 'refuse':
        return server.refuse(asked.problems)
      case 'reload keys':
        return server.reloadKeys()
      case 'check health':
        return server.checkHealth()
      case 'snapshot':
        return server.snapshot()
    }
  }

  async #startServer({ config, number, of, sockets, ticketKeys }: Extract<WorkerCommand, { ask: 'start' }>) {
    const { clock, logFor } = this.#input
    this.#config = config
    const log = logFor(config, number)
    this.#log = log
    this.#starting = Server.start({ config, clock, log, worker: { number, of, tell: sendNews, ticketKeys }, sockets })
    return (await this.#starting).addresses.gate
  }

  async #end(): Promise<void> {
    this.#isEnding = true
    // The primary may be gone, and its own limit with it.
    if (this.#config !== undefined) this.#late ??= setTimeout(() => this.#cutOff(), cutOffMs(this.#config))
    const server = await this.#starting?.catch(() => undefined)
    try {
      await server?.close()
      this.#exit(this.#code)
    } catch (error) {
      this.#log?.error({ err: error }, 'an error happened while stopping')
      this.#exit(1)
    }
    clearTimeout(this.#late)
  }

  #cutOff(): void {
    this.#log?.error('the worker could not end in order and is cut off: a disk or a store does not answer')
    this.#exit(1)
  }
}

function answer(message: Answer): void {
  send(message)
}

function sendNews(news: UpstreamNews): void {
  send({ tell: news })
}

function send(message: Answer | Told): void {
  process.send?.(message, undefined, undefined, ignore)
}

function ignore(): void {}
