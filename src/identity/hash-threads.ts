/**
 * argon2 on threads of its own, which give way to everything else. Owns how many there are: as many as are asked for at once (password.ts
 * bounds that), twice that where the machine is busy, and none after a minute without a password, since each holds the 19 MiB of its last
 * hash. Refuses nothing.
 */
import { Worker } from 'node:worker_threads'

const idleMs = 60_000

/** What a hash may take on a thread that only idle cores run, the start of that thread included. Usual are 6 ms, and 100 with the start. */
const patienceMs = 250

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

/** A new hash, in the PHC string format. */
export async function hash(text: string, options: HashOptions): Promise<string> {
  return (await run({ text, options })) as string
}

/** @throws argon2's error for a hash that cannot be read. */
export async function verify(hashed: string, text: string): Promise<boolean> {
  return (await run({ text, hashed })) as boolean
}

/** Whether a thread can be told to run on idle cores only: known to be false once one could not. */
let canWaitForIdleCores = process.platform === 'linux'

/** How many threads wait for an idle core in vain. Until they are through, no work is given to their like. */
let starved = 0

async function run(work: Work): Promise<string | boolean> {
  const answer = canWaitForIdleCores && starved === 0 ? await onIdleCores(work) : await HashThread.get(false).run(work)
  if ('error' in answer) throw answer.error
  return answer.value
}

/** Where no core is idle, somebody would wait for ever to sign in: a thread with a share of its own does the same work then. */
async function onIdleCores(work: Work): Promise<Answer> {
  const thread = HashThread.get(true)
  const answer = thread.run(work)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>(resolve => {
    timer = setTimeout(() => resolve(null), patienceMs)
  })
  const first = await Promise.race([answer, late])
  clearTimeout(timer)
  if (first !== null || !thread.onlyWhenIdle) return answer
  starved++
  void answer.then(() => starved--)
  thread.unref()
  return Promise.race([answer, HashThread.get(false).run(work)])
}

class HashThread {
  static readonly #free: HashThread[] = []

  /** False as well where it was asked for and the system has no such thing. */
  onlyWhenIdle: boolean
  readonly #worker: Worker
  #answer: ((answer: Answer) => void) | null = null
  #timer: NodeJS.Timeout | undefined

  private constructor(onlyWhenIdle: boolean) {
    this.onlyWhenIdle = onlyWhenIdle
    this.#worker = new Worker(new URL('./hash-thread.mjs', import.meta.url), {
      execArgv: [],
      workerData: { onlyWhenIdle },
      resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32 }
    })
    this.#worker.on('message', (message: Answer | { readonly onlyWhenIdle: boolean }) => {
      if ('onlyWhenIdle' in message) canWaitForIdleCores = this.onlyWhenIdle = message.onlyWhenIdle
      else this.#settle(message)
    })
    this.#worker.on('error', error => this.#end(error))
    this.#worker.on('exit', () => this.#end(new Error('the thread that hashes passwords ended')))
  }

  /** One that has no work. */
  static get(onlyWhenIdle: boolean): HashThread {
    const at = HashThread.#free.findLastIndex(thread => thread.onlyWhenIdle === onlyWhenIdle)
    return at < 0 ? new HashThread(onlyWhenIdle) : HashThread.#free.splice(at, 1)[0]!
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

  /** The process does not wait for it any more. */
  unref(): void {
    this.#worker.unref()
  }

  #settle(answer: Answer): void {
    const settled = this.#answer
    this.#answer = null
    this.#worker.unref()
    this.#timer = setTimeout(() => this.#worker.terminate(), idleMs)
    this.#timer.unref()
    HashThread.#free.push(this)
    settled?.(answer)
  }

  #end(error: unknown): void {
    clearTimeout(this.#timer)
    const at = HashThread.#free.indexOf(this)
    if (at >= 0) HashThread.#free.splice(at, 1)
    this.#answer?.({ error })
    this.#answer = null
  }
}
