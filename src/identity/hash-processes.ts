/**
 * argon2 in processes of its own, which give way to everything else. Owns how many there are: as many as are asked for at once (password.ts
 * bounds that), twice that where the machine is busy, and none after ten minutes without a password, since each holds the 19 MiB of its last
 * hash. Refuses nothing: where no such process can be, the gate hashes itself.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { hash as hashHere, verify as verifyHere } from '@node-rs/argon2'

const program = fileURLToPath(new URL('./hash-process.mjs', import.meta.url))

/** Starting one takes the event loop some 10 ms. */
const idleMs = 600_000

/** What a hash may take in a process that only idle cores run, its start included. Usual are 6 ms, and 60 with the start. */
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

/** What argon2 says, or what became of a process that says nothing any more. */
type Answer = { readonly value: string | boolean } | { readonly error: string } | { readonly died: Error }

/**
 * `idle` runs only where a core has nothing else to do (SCHED_IDLE of sched(7), which `chrt` of util-linux sets). `nice` has a tenth of a core
 * whatever else runs, but keeps a core for its whole slice from whoever wakes up there.
 */
type Kind = 'idle' | 'nice'

const commands: Readonly<Record<Kind, readonly [string, ...string[]]>> = {
  idle: ['chrt', '-i', '0', process.execPath, program, 'idle'],
  nice: [process.execPath, program, 'nice']
}

/** False once one of the kind could not be started: it would be tried in vain for each password. */
const canBe: Record<Kind, boolean> = { idle: process.platform === 'linux', nice: true }

/** How many wait for an idle core in vain. Until they are through, no work is given to their like. */
let starved = 0

/** A new hash, in the PHC string format. */
export async function hash(text: string, options: HashOptions): Promise<string> {
  return (await run({ text, options })) as string
}

/** @throws argon2's message for a hash that cannot be read. */
export async function verify(hashed: string, text: string): Promise<boolean> {
  return (await run({ text, hashed })) as boolean
}

async function run(work: Work): Promise<string | boolean> {
  const answer = canBe.idle && starved === 0 ? await onIdleCores(work) : await withAShare(work)
  if ('value' in answer) return answer.value
  throw 'error' in answer ? new Error(answer.error) : answer.died
}

/** Where no core is idle, somebody would wait for ever to sign in: a process with a share of its own does the same work then. */
async function onIdleCores(work: Work): Promise<Answer> {
  const idle = HashProcess.get('idle')
  const answer = idle.run(work)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>(resolve => {
    timer = setTimeout(() => resolve(null), patienceMs)
  })
  const first = await Promise.race([answer, late])
  clearTimeout(timer)
  if (first === null) {
    starved++
    void answer.then(() => starved--)
    idle.unref()
    return whoeverLives(answer, withAShare(work))
  }
  return 'died' in first && !canBe.idle ? withAShare(work) : first
}

async function withAShare(work: Work): Promise<Answer> {
  if (canBe.nice) {
    const answer = await HashProcess.get('nice').run(work)
    if (!('died' in answer) || canBe.nice) return answer
  }
  return here(work)
}

/** What the first of the two says that does not die over it. */
async function whoeverLives(one: Promise<Answer>, other: Promise<Answer>): Promise<Answer> {
  const first = await Promise.race([one, other])
  if (!('died' in first)) return first
  const left = await one
  return 'died' in left ? other : left
}

/** On libuv's threads: in the way of those who are signed in, but a sign-in all the same. */
async function here(work: Work): Promise<Answer> {
  try {
    return {
      value: 'hashed' in work ? await verifyHere(work.hashed, work.text) : await hashHere(work.text, work.options)
    }
  } catch (error) {
    return { error: (error as Error).message }
  }
}

class HashProcess {
  static readonly #free: Readonly<Record<Kind, HashProcess[]>> = { idle: [], nice: [] }
  static readonly #alive = new Set<ChildProcess>()

  static {
    // A hash under way cannot be interrupted, and whoever waits for idle cores may take long to see that nobody listens.
    process.once('exit', () => {
      for (const child of HashProcess.#alive) child.kill('SIGKILL')
    })
  }

  readonly #kind: Kind
  readonly #child: ChildProcess
  #isReady = false
  #answer: ((answer: Answer) => void) | null = null
  #timer: NodeJS.Timeout | undefined

  private constructor(kind: Kind) {
    this.#kind = kind
    const [command, ...args] = commands[kind]
    // Secrets in the gate's environment, and what it says to Node, are none of its business.
    this.#child = spawn(command, args, { cwd: '/', env: {}, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
    HashProcess.#alive.add(this.#child)
    this.#child.on('message', (message: Answer | { readonly isReady: true }) => {
      if ('isReady' in message) this.#isReady = true
      else this.#settle(message)
    })
    this.#child.on('error', died => this.#end(died, true))
    this.#child.on('exit', (_, signal) => {
      const isHopeless = !this.#isReady && signal === null
      this.#end(new Error('the process that hashes passwords ended'), isHopeless)
    })
  }

  /** One that has no work. */
  static get(kind: Kind): HashProcess {
    return HashProcess.#free[kind].pop() ?? new HashProcess(kind)
  }

  /** Never rejects. The gate waits for it, and for nothing else here. */
  run(work: Work): Promise<Answer> {
    clearTimeout(this.#timer)
    this.#child.ref()
    this.#child.channel?.ref()
    return new Promise(resolve => {
      this.#answer = resolve
      // What goes wrong here is told by its end as well.
      this.#child.send(work, () => {})
    })
  }

  /** The gate does not wait for it any more. */
  unref(): void {
    this.#child.unref()
    this.#child.channel?.unref()
  }

  #settle(answer: Answer): void {
    const settled = this.#answer
    this.#answer = null
    this.unref()
    this.#timer = setTimeout(() => this.#retire(), idleMs)
    this.#timer.unref()
    HashProcess.#free[this.#kind].push(this)
    settled?.(answer)
  }

  /** Gone from the others at once, not when the process has ended: it would be given work on its way out. */
  #retire(): void {
    this.#leave()
    this.#child.kill('SIGKILL')
  }

  #leave(): void {
    const free = HashProcess.#free[this.#kind]
    const at = free.indexOf(this)
    if (at >= 0) free.splice(at, 1)
  }

  /** Who could not even begin is hopeless, and so is the next; who was killed is not. */
  #end(died: Error, isHopeless: boolean): void {
    clearTimeout(this.#timer)
    this.#leave()
    HashProcess.#alive.delete(this.#child)
    if (isHopeless) canBe[this.#kind] = false
    this.#answer?.({ died })
    this.#answer = null
  }
}
