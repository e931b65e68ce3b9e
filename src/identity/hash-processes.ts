/**
 * argon2 in processes of its own, which give way to everything else. Owns which of them is given a password, and how many there are: as many as
 * are asked for at once (password.ts bounds that), twice that where the machine is busy, and none after ten minutes without a password.
 * Refuses nothing: where no such process can be, the gate hashes itself.
 */
import { setImmediate } from 'node:timers/promises'
import { hash as hashHere, verify as verifyHere } from '@node-rs/argon2'
import { type Answer, type Death, type HashOptions, HashProcess, type Kind, type Work } from './hash-process.ts'

/** Old passwords may lie in the memory of one that is done with them. Starting the next takes the event loop some 10 ms. */
const idleMs = 600_000

/** What a hash may take in a process that only idle cores run, its start included. Usual are 6 ms, and 60 with the start. */
const patienceMs = 250

/** After one of a kind could not begin, how long none is tried. */
const pauseMs = 600_000

/** Told once when a kind cannot be, and why, and with null when it can again. */
export type KindListener = (kind: Kind, problem: Error | null) => void

export class HashProcesses {
  readonly #onChange: KindListener | undefined
  readonly #free: Readonly<Record<Kind, HashProcess[]>> = { idle: [], nice: [] }
  readonly #all = new Set<HashProcess>()
  readonly #impossible = new Set<Kind>()
  readonly #pauses = new Map<Kind, NodeJS.Timeout>()
  /** How much work waits for an idle core in vain. Until all of it is done, none is given to their like. */
  #starved = 0
  #isClosed = false

  constructor(options: { onChange?: KindListener | undefined } = {}) {
    this.#onChange = options.onChange
  }

  /** A new hash, in the PHC string format. */
  async hash(text: string, options: HashOptions): Promise<string> {
    return (await this.#run({ text, options })) as string
  }

  /** @throws argon2's message for a hash that cannot be read. */
  async verify(hashed: string, text: string): Promise<boolean> {
    return (await this.#run({ text, hashed })) as boolean
  }

  /** Ends all of them. Work under way is lost, and whoever asks again is refused. */
  close(): void {
    this.#isClosed = true
    for (const each of this.#all) each.end(new Error('ended by the gate'))
    for (const pause of this.#pauses.values()) clearTimeout(pause)
  }

  async #run(work: Work): Promise<string | boolean> {
    const said = await this.#ask(work, ['idle', 'nice', 'nice'])
    if ('value' in said) return said.value
    throw 'error' in said ? new Error(said.error) : said.died
  }

  /** In turn, until one answers. What two died of is the work's doing; nor is it tried in the gate, which would die of it as well. */
  async #ask(work: Work, kinds: readonly Kind[]): Promise<Answer | Death> {
    let lethal: Death | null = null
    for (const kind of kinds) {
      if (!this.#mayAsk(kind)) continue
      const said = kind === 'idle' ? await this.#onIdleCores(work) : await this.#give(this.#take(kind), work)
      if (!('died' in said)) return said
      if (!said.hadWork) continue
      if (lethal !== null) return said
      lethal = said
    }
    if (lethal !== null) return lethal
    return this.#isClosed ? { died: new Error('no password is hashed any more'), hadWork: false } : hashInGate(work)
  }

  #mayAsk(kind: Kind): boolean {
    if (this.#isClosed || this.#pauses.has(kind)) return false
    return kind === 'nice' || (process.platform === 'linux' && this.#starved === 0)
  }

  /** Where no core is idle, somebody would wait for ever to sign in: a process with a share of its own does the same work then. */
  async #onIdleCores(work: Work): Promise<Answer | Death> {
    const idle = this.#take('idle')
    const said = this.#give(idle, work)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>(resolve => {
      timer = setTimeout(resolve, patienceMs)
      // After a long turn of the event loop the answer may lie there, not read yet.
    }).then(() => setImmediate(null))
    const first = await Promise.race([said, late])
    clearTimeout(timer)
    if (first !== null) return first
    this.#starved++
    idle.unref()
    const other = this.#ask(work, ['nice'])
    void Promise.all([said, other]).then(() => this.#starved--)
    return whoeverLives(said, other)
  }

  #take(kind: Kind): HashProcess {
    const free = this.#free[kind].pop()
    if (free !== undefined) return free
    const started = new HashProcess(kind, ended => this.#forget(ended))
    this.#all.add(started)
    return started
  }

  async #give(to: HashProcess, work: Work): Promise<Answer | Death> {
    const said = await to.run(work)
    if (!('died' in said)) this.#rest(to)
    else if (!said.hadWork) this.#pause(to.kind, said.died)
    return said
  }

  #rest(done: HashProcess): void {
    done.rest(idleMs)
    this.#free[done.kind].push(done)
    if (this.#impossible.delete(done.kind)) this.#onChange?.(done.kind, null)
  }

  #pause(kind: Kind, problem: Error): void {
    if (!this.#pauses.has(kind)) this.#pauses.set(kind, setTimeout(() => this.#pauses.delete(kind), pauseMs).unref())
    if (this.#impossible.has(kind)) return
    this.#impossible.add(kind)
    this.#onChange?.(kind, problem)
  }

  #forget(ended: HashProcess): void {
    this.#all.delete(ended)
    const at = this.#free[ended.kind].indexOf(ended)
    if (at >= 0) this.#free[ended.kind].splice(at, 1)
  }
}

/** What the first of the two says that does not die over it. */
async function whoeverLives(one: Promise<Answer | Death>, other: Promise<Answer | Death>): Promise<Answer | Death> {
  const first = await Promise.race([one, other])
  if (!('died' in first)) return first
  const left = await one
  return 'died' in left ? other : left
}

/** On libuv's threads: in the way of those who are signed in, but a sign-in all the same. */
async function hashInGate(work: Work): Promise<Answer> {
  try {
    const value = 'hashed' in work ? verifyHere(work.hashed, work.text) : hashHere(work.text, work.options)
    return { value: await value }
  } catch (error) {
    return { error: (error as Error).message }
  }
}
