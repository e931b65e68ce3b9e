/** The primary's handle on one worker. Every command settles, at the latest when the worker ends. */
import type { Worker } from 'node:cluster'
import type { UpstreamNews } from '../../forwarding/upstream-states.ts'
import type { Answer, Asked, Told, WorkerCommand } from './worker.ts'

interface OpenCommand {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

export class WorkerHandle {
  readonly since = Date.now()
  readonly #worker: Worker
  readonly #open = new Map<number, OpenCommand>()
  /** Commands wait for this, because messages before it are lost. */
  readonly #listens: Promise<void>
  readonly #served: Promise<void>
  #serves = () => {}
  #asked = 0
  isGone = false
  hasServed = false

  constructor(worker: Worker, onNews: (news: UpstreamNews) => void) {
    this.#worker = worker
    this.#listens = new Promise(resolve => this.#open.set(0, { resolve: () => resolve(), reject: () => resolve() }))
    this.#served = new Promise(resolve => {
      this.#serves = resolve
    })
    worker.on('message', (answer: Answer | Told) => {
      if ('tell' in answer) return onNews(answer.tell)
      const open = this.#open.get(answer.id)
      this.#open.delete(answer.id)
      if (answer.error === undefined) open?.resolve(answer.value)
      else open?.reject(new Error(answer.error))
    })
  }

  /** Rejects with the worker's error, when the worker ends, or after `withinMs`. */
  async ask(command: WorkerCommand, withinMs?: number): Promise<unknown> {
    await this.#listens
    if (!['start', 'live', 'end'].includes(command.ask)) await this.#served
    const answer = await this.#send(command, withinMs)
    if (command.ask === 'start') {
      this.hasServed = true
      this.#serves()
    }
    return answer
  }

  async shutdown(): Promise<void> {
    if (this.isGone) return
    const ended = new Promise<void>(resolve => this.#worker.once('exit', () => resolve()))
    this.ask({ ask: 'end' }).catch(() => {})
    await ended
  }

  exited(how: string | number): void {
    this.isGone = true
    for (const { reject } of this.#open.values()) reject(new Error(`the worker ended (${how})`))
    this.#open.clear()
    this.#serves()
  }

  kill(): void {
    this.#worker.process.kill('SIGKILL')
  }

  async #send(command: WorkerCommand, withinMs: number | undefined): Promise<unknown> {
    const id = ++this.#asked
    let timer: NodeJS.Timeout | undefined
    try {
      return await new Promise<unknown>((resolve, reject) => {
        if (this.isGone) return reject(new Error('the worker has ended'))
        this.#open.set(id, { resolve, reject })
        if (withinMs !== undefined) timer = setTimeout(() => reject(new Error('the worker does not answer')), withinMs)
        // Without the callback, sending to an ended worker throws.
        this.#worker.send({ id, ...command } satisfies Asked, error => error && reject(error))
      })
    } finally {
      clearTimeout(timer)
      this.#open.delete(id)
    }
  }
}
