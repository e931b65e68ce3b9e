/** Asks the second reader of responses, which is a library in a thread of its own. The thread starts with the first sign-in that begins, and ends when it is idle. */
import { Worker } from 'node:worker_threads'
import { quoted, SamlRefusal } from './refusal.ts'
import type { SecondOpinion } from './response.ts'
import type { Opinion, OpinionTask } from './second-opinion-thread.ts'

export type Reading = Omit<OpinionTask, 'id' | 'encoded' | 'isResponseSigned'>

const program = new URL(
  import.meta.url.endsWith('.ts') ? './second-opinion-thread.ts' : './second-opinion-thread.js',
  import.meta.url
)
const heapMegabytes = 256
/** Longer than any person takes to sign in there, so that the thread that `warm` has started is still there. */
const idleMs = 10 * 60_000
const hungMs = 30_000

export class SecondReader {
  #worker: Worker | null = null
  #count = 0
  #idle: NodeJS.Timeout | undefined
  readonly #waiting = new Map<number, (opinion: Opinion) => void>()

  /** Starts the thread, so that it is ready when the person is back. */
  warm(): void {
    this.#thread()
  }

  of(reading: Reading): SecondOpinion {
    return async (encoded, isResponseSigned) => {
      const id = ++this.#count
      const opinion = await this.#ask({ ...reading, id, encoded, isResponseSigned })
      if ('problem' in opinion)
        throw new SamlRefusal(`the second reader refuses the response: ${quoted(opinion.problem)}`)
      return opinion.assertion
    }
  }

  close(): void {
    clearTimeout(this.#idle)
    void this.#worker?.terminate()
    this.#worker = null
  }

  #ask(task: OpinionTask): Promise<Opinion> {
    return new Promise(resolve => {
      const timer = setTimeout(() => void this.#worker?.terminate(), hungMs)
      this.#waiting.set(task.id, opinion => {
        clearTimeout(timer)
        this.#waiting.delete(task.id)
        resolve(opinion)
      })
      this.#thread().postMessage(task)
    })
  }

  #thread(): Worker {
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => this.close(), idleMs)
    this.#idle.unref()
    if (this.#worker !== null) return this.#worker
    // The gate's environment may hold secrets that this thread does not need.
    const worker = new Worker(program, { env: {}, resourceLimits: { maxOldGenerationSizeMb: heapMegabytes } })
    this.#worker = worker
    worker.unref()
    worker.on('message', (opinion: Opinion) => this.#waiting.get(opinion.id)?.(opinion))
    const ended = (problem: string) => {
      if (this.#worker === worker) this.#worker = null
      for (const [id, resolve] of this.#waiting) resolve({ id, problem })
    }
    worker.on('error', error => ended(error.message))
    worker.on('exit', () => ended('its thread ended'))
    return worker
  }
}
