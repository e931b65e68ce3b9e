/** Argon2 in processes at nice 10; password.ts bounds their number. If no process starts, the gate hashes by itself. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { hash as hashHere, type Options, verify as verifyHere } from '@node-rs/argon2'

const program = fileURLToPath(new URL('./hash-program.mjs', import.meta.url))
/** The memory of an idle process may hold old passwords. A start blocks the event loop for some 10 ms. */
const idleMs = 60_000
/** Longer than a start and any hash. */
const hungMs = 30_000
/** The gate hashes by itself for this time after a failed start. */
const pauseMs = 600_000

type Work = { readonly text: string; readonly options: Options } | { readonly text: string; readonly hashed: string }
type Answer = { readonly value: string | boolean } | { readonly error: string }

/** Called when no process starts, and with null when one does again. */
export type HashTroubleListener = (problem: Error | null) => void

/** With `hadWork`, the work may be the cause. */
class ProcessEnded extends Error {
  readonly hadWork: boolean

  constructor(message: string, hadWork: boolean) {
    super(message)
    this.hadWork = hadWork
  }
}

const alive = new Set<ChildProcess>()
// A busy process would notice the gate's end only after its hash.
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})

class HashProcess {
  readonly #child: ChildProcess
  readonly #onEnd: (ended: HashProcess) => void
  #isReady = false
  #job: { work: Work; resolve: (said: Answer) => void; reject: (ended: ProcessEnded) => void } | null = null
  #timer: NodeJS.Timeout | undefined

  constructor(onEnd: (ended: HashProcess) => void) {
    this.#onEnd = onEnd
    // The gate's environment may hold secrets and options for Node.
    this.#child = spawn(process.execPath, [program], {
      cwd: '/',
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'ipc']
    })
    if (this.#child.pid !== undefined) alive.add(this.#child)
    this.#child.on('message', (said: Answer | { readonly isReady: true }) => {
      if ('isReady' in said) this.#begin()
      else this.#answer(said)
    })
    this.#child.on('error', error => this.#ended(error.message))
    this.#child.on('exit', (code, signal) => this.#ended(`the process ended with ${signal ?? code}`))
  }

  get isFree(): boolean {
    return this.#job === null
  }

  /** Keeps the gate's process alive meanwhile. Rejects with ProcessEnded. */
  run(work: Work): Promise<Answer> {
    this.#child.ref()
    this.#child.channel?.ref()
    this.#endAfter(hungMs, `no answer within ${hungMs / 1000} s`)
    return new Promise((resolve, reject) => {
      this.#job = { work, resolve, reject }
      if (this.#isReady) this.#begin()
    })
  }

  end(why: string): void {
    this.#child.kill('SIGKILL')
    this.#ended(why)
  }

  #begin(): void {
    this.#isReady = true
    // A failed send means that the process is ending.
    if (this.#job !== null) this.#child.send(this.#job.work, () => {})
  }

  #answer(said: Answer): void {
    this.#child.unref()
    this.#child.channel?.unref()
    this.#endAfter(idleMs, 'no work for a minute')
    this.#job?.resolve(said)
    this.#job = null
  }

  #ended(why: string): void {
    clearTimeout(this.#timer)
    alive.delete(this.#child)
    this.#onEnd(this)
    this.#job?.reject(new ProcessEnded(why, this.#isReady))
    this.#job = null
  }

  #endAfter(ms: number, why: string): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.end(why), ms)
    this.#timer.unref()
  }
}

export class HashProcesses {
  readonly #onChange: HashTroubleListener | undefined
  readonly #all = new Set<HashProcess>()
  #pause: NodeJS.Timeout | null = null
  #isInTrouble = false
  #isClosed = false

  constructor(options: { onChange?: HashTroubleListener | undefined } = {}) {
    this.#onChange = options.onChange
  }

  /** The hash in the PHC string format. */
  async hash(text: string, options: Options): Promise<string> {
    return (await this.#run({ text, options })) as string
  }

  /** @throws argon2's message for an unreadable hash. */
  async verify(hashed: string, text: string): Promise<boolean> {
    return (await this.#run({ text, hashed })) as boolean
  }

  /** Pending work is lost, and later calls are refused. */
  close(): void {
    this.#isClosed = true
    for (const each of this.#all) each.end('ended by the gate')
    clearTimeout(this.#pause ?? undefined)
  }

  /** Work that may have ended a process is tried once more, never in the gate. */
  async #run(work: Work): Promise<string | boolean> {
    let lost: ProcessEnded | null = null
    while (this.#pause === null && !this.#isClosed)
      try {
        return await this.#runInProcess(work)
      } catch (error) {
        if (!(error instanceof ProcessEnded) || (error.hadWork && lost !== null)) throw error
        if (error.hadWork) lost = error
        else if (!this.#isClosed) this.#pauseFor(error)
      }
    if (lost !== null) throw lost
    if (this.#isClosed) throw new Error('no password is hashed any more')
    return 'hashed' in work ? verifyHere(work.hashed, work.text) : hashHere(work.text, work.options)
  }

  async #runInProcess(work: Work): Promise<string | boolean> {
    const free = [...this.#all].find(each => each.isFree) ?? this.#start()
    const said = await free.run(work)
    if (this.#isInTrouble) this.#onChange?.(null)
    this.#isInTrouble = false
    if ('error' in said) throw new Error(said.error)
    return said.value
  }

  #start(): HashProcess {
    try {
      const started = new HashProcess(ended => this.#all.delete(ended))
      this.#all.add(started)
      return started
    } catch (error) {
      throw new ProcessEnded((error as Error).message, false)
    }
  }

  #pauseFor(problem: Error): void {
    this.#pause ??= setTimeout(() => {
      this.#pause = null
    }, pauseMs).unref()
    if (!this.#isInTrouble) this.#onChange?.(problem)
    this.#isInTrouble = true
  }
}
