/** Asks the library that reads responses a second time, in its own thread. The thread starts with a begun sign-in, and ends when idle. */
import { Worker } from 'node:worker_threads'
import { GateError } from '../../errors.ts'
import { quoted, SamlRefusal } from './refusal.ts'
import type { AskSecondReader } from './response.ts'
import type { OpenTask, Opinion, OpinionTask } from './second-opinion-thread.ts'

type OpinionRequest = Omit<OpinionTask, 'id' | 'encoded' | 'isResponseSigned' | 'encrypted'>

const program = new URL(
  import.meta.url.endsWith('.ts') ? './second-opinion-thread.ts' : './second-opinion-thread.js',
  import.meta.url
)
const heapMegabytes = 256
/** Longer than a sign-in at the provider. */
const idleMs = 10 * 60_000
const hungMs = 30_000
/** Unverified answers go last, and few wait, since strangers can make them. */
const maxWaiting = { verified: 64, unverified: 4 }

interface Waiting {
  readonly task: OpinionTask | OpenTask
  readonly isVerified: boolean
  readonly settle: (opinion: Opinion) => void
}

interface Running extends Waiting {
  readonly worker: Worker
  readonly timer: NodeJS.Timeout
}

export class SecondReader {
  #worker: Worker | null = null
  #count = 0
  #idle: NodeJS.Timeout | undefined
  #running: Running | null = null
  #waiting: Waiting[] = []

  /** Starts the thread before the person returns. */
  warm(): void {
    this.#thread()
  }

  of(reading: OpinionRequest): AskSecondReader {
    return async question => {
      const { isVerified, ...asked } = question
      const opinion = await this.#ask({ ...reading, ...asked }, isVerified)
      if ('assertion' in opinion) return opinion
      throw new SamlRefusal(
        `the second reader refuses the response: ${quoted('problem' in opinion ? opinion.problem : '')}`
      )
    }
  }

  /** The XML inside an encrypted identifier. Rejects like the function of `of`. */
  async open(encrypted: string, privateKey: string): Promise<string> {
    const opinion = await this.#ask({ encrypted, privateKey }, true)
    if ('text' in opinion) return opinion.text
    throw new SamlRefusal(
      `the encrypted identifier cannot be opened: ${quoted('problem' in opinion ? opinion.problem : '')}`
    )
  }

  close(): void {
    clearTimeout(this.#idle)
    void this.#worker?.terminate()
    this.#worker = null
    const ended = this.#waiting
    this.#waiting = []
    for (const { task, settle } of ended) settle({ id: task.id, problem: 'the gate ends' })
  }

  #ask(asked: Omit<OpinionTask, 'id'> | Omit<OpenTask, 'id'>, isVerified: boolean): Promise<Opinion> {
    const most = isVerified ? maxWaiting.verified : maxWaiting.unverified
    if (this.#waiting.filter(each => each.isVerified === isVerified).length >= most)
      throw new GateError('institution_unreachable', {
        cause: new Error('too many answers wait for the second reader')
      })
    const task = { ...asked, id: ++this.#count }
    return new Promise(settle => {
      this.#waiting.push({ task, isVerified, settle })
      this.#next()
    })
  }

  #next(): void {
    if (this.#running !== null || this.#waiting.length === 0) return
    const place = Math.max(
      0,
      this.#waiting.findIndex(({ isVerified }) => isVerified)
    )
    const [next] = this.#waiting.splice(place, 1) as [Waiting]
    const worker = this.#thread()
    this.#running = { ...next, worker, timer: setTimeout(() => void worker.terminate(), hungMs) }
    worker.postMessage(next.task)
  }

  #done(opinion: Opinion): void {
    const running = this.#running
    if (running === null || running.task.id !== opinion.id) return
    clearTimeout(running.timer)
    this.#running = null
    running.settle(opinion)
    this.#next()
  }

  #thread(): Worker {
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => this.close(), idleMs)
    this.#idle.unref()
    if (this.#worker !== null) return this.#worker
    // The gate's environment may hold secrets.
    const worker = new Worker(program, { env: {}, resourceLimits: { maxOldGenerationSizeMb: heapMegabytes } })
    this.#worker = worker
    worker.unref()
    worker.on('message', (opinion: Opinion) => this.#done(opinion))
    const ended = (problem: string) => {
      if (this.#worker === worker) this.#worker = null
      if (this.#running?.worker === worker) this.#done({ id: this.#running.task.id, problem })
    }
    worker.on('error', error => ended(error.message))
    worker.on('exit', () => ended('its thread ended'))
    return worker
  }
}
