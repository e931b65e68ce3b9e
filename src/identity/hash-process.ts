/**
 * A process that hashes, as the gate sees it. Owns its start, its work, which is one hash at a time, and its end; which work it is given is
 * hash-processes.ts's business. Refuses nothing, and never rejects: what became of it is an answer.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import os from 'node:os'
import { fileURLToPath } from 'node:url'

/**
 * `idle` runs only where a core has nothing else to do (SCHED_IDLE of sched(7), which `chrt` of util-linux sets). `nice` has its tenth of a core
 * also beside a busy one, but keeps a core for its whole slice from whoever wakes up there.
 */
export type Kind = 'idle' | 'nice'

/** As argon2 has them; `memoryCost` in KiB. Its own default algorithm is argon2id. */
export interface HashOptions {
  readonly algorithm?: number
  readonly memoryCost: number
  readonly timeCost: number
  readonly parallelism: number
}

export type Work =
  | { readonly text: string; readonly options: HashOptions }
  /** Whether `text` is what was hashed. */
  | { readonly text: string; readonly hashed: string }

/** What argon2 says. */
export type Answer = { readonly value: string | boolean } | { readonly error: string }

/** What became of a process that says nothing any more. */
export interface Death {
  readonly died: Error
  /** Whether it had the work by then, and may have died of it. Otherwise it could not even begin. */
  readonly hadWork: boolean
}

const program = fileURLToPath(new URL('./hash-program.mjs', import.meta.url))
const commands: Readonly<Record<Kind, readonly [string, ...string[]]>> = {
  idle: ['chrt', '-i', '0', process.execPath, program],
  nice: [process.execPath, program]
}
const niceness = 10

/** What a hash may take until its process counts as hung. */
const hungMs = 30_000

const alive = new Set<ChildProcess>()
// Who waits for an idle core may take long to see that nobody listens any more.
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})

export class HashProcess {
  readonly kind: Kind
  /** Its end, of which nothing else is told while it has no work. */
  readonly #onEnd: (ended: HashProcess) => void
  readonly #child: ChildProcess | null
  #isReady = false
  #hasEnded = false
  #work: Work | null = null
  #resolve: ((said: Answer | Death) => void) | null = null
  #timer: NodeJS.Timeout | undefined

  constructor(kind: Kind, onEnd: (ended: HashProcess) => void) {
    this.kind = kind
    this.#onEnd = onEnd
    this.#child = this.#start()
  }

  #start(): ChildProcess | null {
    const [command, ...args] = commands[this.kind]
    try {
      // Secrets in the gate's environment, and what it says to Node, are none of its business.
      const child = spawn(command, args, { cwd: '/', env: {}, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
      child.on('message', (said: Answer | { readonly isReady: true }) => {
        if ('isReady' in said) this.#begin()
        else this.#settle(said)
      })
      child.on('error', error => this.#end(error))
      child.on('exit', (code, signal) => this.#end(new Error(`${command} ended with ${signal ?? code}`)))
      if (child.pid !== undefined) alive.add(child)
      return child
    } catch (error) {
      // Told as other errors are, which come a little later.
      process.nextTick(() => this.#end(error as Error))
      return null
    }
  }

  /** The process that asks waits for it, and for nothing else here. */
  run(work: Work): Promise<Answer | Death> {
    this.#child?.ref()
    this.#child?.channel?.ref()
    this.#endAfter(hungMs, new Error(`no answer within ${hungMs / 1000} s`))
    return new Promise(resolve => {
      this.#work = work
      this.#resolve = resolve
      if (this.#isReady) this.#give()
    })
  }

  /** The process that asks does not wait for it any more. */
  unref(): void {
    this.#child?.unref()
    this.#child?.channel?.unref()
  }

  /** Ends it after so many milliseconds, unless it is given work before. */
  rest(ms: number): void {
    this.#endAfter(ms, new Error('no work any more'))
  }

  /** At once: it is given no work on its way out. `why` is what becomes of work under way. */
  end(why: Error): void {
    this.#child?.kill('SIGKILL')
    this.#end(why)
  }

  #endAfter(ms: number, why: Error): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.end(why), ms)
    this.#timer.unref()
  }

  #begin(): void {
    this.#isReady = true
    if (this.kind === 'nice') beNice(this.#child!.pid!)
    if (this.#work !== null) this.#give()
  }

  #give(): void {
    // What goes wrong here is told by its end as well.
    this.#child!.send(this.#work!, () => {})
  }

  #settle(said: Answer): void {
    this.unref()
    const resolve = this.#resolve
    this.#work = this.#resolve = null
    resolve?.(said)
  }

  #end(died: Error): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    clearTimeout(this.#timer)
    if (this.#child !== null) alive.delete(this.#child)
    this.#onEnd(this)
    this.#resolve?.({ died, hadWork: this.#isReady })
    this.#work = this.#resolve = null
  }
}

/** Once it has started: on a busy machine that would take two seconds. On Linux this is its main thread alone, which is the one that hashes. */
function beNice(pid: number): void {
  try {
    if (os.getPriority() < niceness) os.setPriority(pid, niceness)
  } catch {
    // Not allowed here. It hashes all the same.
  }
}
