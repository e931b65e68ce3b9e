/**
 * argon2 on threads of its own. Owns how many there are: as many as are asked for at once (password.ts bounds that), and none after a minute
 * without a password, since each holds the 19 MiB of its last hash. Refuses nothing.
 */
import { Worker } from 'node:worker_threads'

const idleMs = 60_000

/** As argon2 has them; `memoryCost` in KiB. Its own default algorithm is argon2id. */
interface HashOptions {
  readonly algorithm?: number
  readonly memoryCost: number
  readonly timeCost: number
  readonly parallelism: number
}

type Work =
  | { readonly text: string; readonly options: HashOptions }
  /** Whether `text` is what was hashed. */
  | { readonly text: string; readonly hashed: string }

type Answer = { readonly value: string | boolean } | { readonly error: unknown }

const idle: HashThread[] = []

/** A new hash, in the PHC string format. */
export async function hash(text: string, options: HashOptions): Promise<string> {
  return (await run({ text, options })) as string
}

/** @throws argon2's error for a hash that cannot be read. */
export async function verify(hashed: string, text: string): Promise<boolean> {
  return (await run({ text, hashed })) as boolean
}

async function run(work: Work): Promise<string | boolean> {
  const thread = idle.pop() ?? new HashThread()
  const answer = await thread.run(work)
  if ('error' in answer) throw answer.error
  return answer.value
}

class HashThread {
  readonly #worker: Worker
  #answer: ((answer: Answer) => void) | null = null
  #timer: NodeJS.Timeout | undefined

  constructor() {
    this.#worker = new Worker(new URL('./hash-thread.mjs', import.meta.url), {
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32 }
    })
    this.#worker.on('message', (answer: Answer) => this.#settle(answer))
    this.#worker.on('error', error => this.#end(error))
    this.#worker.on('exit', () => this.#end(new Error('the thread that hashes passwords ended')))
  }

  /** Never rejects. The process waits for it, and for nothing else here. */
  run(work: Work): Promise<Answer> {
    clearTimeout(this.#timer)
    this.#worker.ref()
    return new Promise(resolve => {
      this.#answer = resolve
      this.#worker.postMessage(work)
    })
  }

  #settle(answer: Answer): void {
    const settled = this.#answer
    this.#answer = null
    this.#worker.unref()
    this.#timer = setTimeout(() => this.#worker.terminate(), idleMs)
    this.#timer.unref()
    idle.push(this)
    settled?.(answer)
  }

  #end(error: unknown): void {
    clearTimeout(this.#timer)
    const at = idle.indexOf(this)
    if (at >= 0) idle.splice(at, 1)
    this.#answer?.({ error })
    this.#answer = null
  }
}
