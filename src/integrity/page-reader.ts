/** Reads bodies in its own thread, within a budget of processor time. */
import { Worker } from 'node:worker_threads'
import type { Body } from './read-body.ts'
import type { PageReading } from './read-page.ts'

const program = new URL(import.meta.url.endsWith('.ts') ? 'reading-thread.ts' : 'reading-thread.js', import.meta.url)
const heapMegabytes = 96
/** More is dropped. */
const maxWaiting = 256
const maxBytes = 4 * 1024 * 1024
/** A body that takes longer is dropped, and its thread ends. */
const maxMs = 5_000
const idleMs = 60_000
/** A share of one processor, of which so many milliseconds are saved up. */
const share = 0.02
const maxSaved = 3_000
/** The part for pages with a recent reading. */
const maxSavedForKnown = 500
/** A body counts so much at least: passing it between threads costs time too. */
const minMs = 0.25

interface Waiting {
  readonly id: number
  readonly body: Body
  readonly done: (reading: PageReading | null) => void
}

export class PageReader {
  readonly #now: () => number
  #worker: Worker | null = null
  #queue: Waiting[] = []
  #running: Waiting | null = null
  #bytes = 0
  #saved = maxSaved
  #savedAt: number
  #next = 0
  #timer: NodeJS.Timeout | undefined
  #isStopped = false
  /** Bodies since the start. `skipped`: there was no room. `stopped`: the thread took too long, or crashed. */
  readonly counts = { read: 0, skipped: 0, stopped: 0 }

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
    this.#savedAt = now()
  }

  /** Most of the saved time is for pages without a recent reading. */
  hasRoom(isKnown = false): boolean {
    if (this.#isStopped || this.#queue.length >= maxWaiting || this.#bytes >= maxBytes) return false
    return this.#budget() > (isKnown ? maxSaved - maxSavedForKnown : 0)
  }

  /** Null for an unreadable or dropped body. Never rejects. */
  read(body: Body): Promise<PageReading | null> {
    return this.#read(body, this.hasRoom())
  }

  /** The load does not matter: such pages are few. */
  readFetched(body: Body): Promise<PageReading | null> {
    return this.#read(body, !this.#isStopped, true)
  }

  #read(body: Body, hasRoom: boolean, isFirst = false): Promise<PageReading | null> {
    if (!hasRoom) {
      this.counts.skipped++
      return Promise.resolve(null)
    }
    return new Promise(done => {
      const waiting = { id: this.#next++, body, done }
      if (isFirst) this.#queue.unshift(waiting)
      else this.#queue.push(waiting)
      this.#bytes += body.bytes.length
      this.#go()
    })
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    for (const { done } of this.#queue.splice(0)) done(null)
    await this.#end()
  }

  #budget(): number {
    const now = this.#now()
    this.#saved = Math.min(maxSaved, this.#saved + (now - this.#savedAt) * share)
    this.#savedAt = now
    return this.#saved
  }

  #go(): void {
    if (this.#running !== null) return
    const next = this.#queue.shift()
    clearTimeout(this.#timer)
    if (next === undefined) {
      if (this.#worker !== null) this.#timer = setTimeout(() => void this.#end(), idleMs).unref()
      return
    }
    this.#running = next
    this.#bytes -= next.body.bytes.length
    this.#worker ??= this.#start()
    this.#worker.ref()
    const { buffer } = next.body.bytes
    this.#worker.postMessage({ id: next.id, body: next.body }, [buffer as ArrayBuffer])
    this.#timer = setTimeout(() => void this.#end(), maxMs).unref()
  }

  #start(): Worker {
    // The gate's environment may hold secrets.
    const worker = new Worker(program, { env: {}, resourceLimits: { maxOldGenerationSizeMb: heapMegabytes } })
    worker.on('message', ({ id, reading, ms }: { id: number; reading: PageReading | null; ms: number }) => {
      if (this.#running?.id !== id) return
      this.#saved -= Math.max(ms, minMs)
      this.counts.read++
      this.#finish(reading)
    })
    worker.on('error', () => {})
    worker.on('exit', () => {
      // It was ended on purpose.
      if (this.#worker !== worker) return
      this.#worker = null
      this.#giveUp()
    })
    return worker
  }

  #finish(reading: PageReading | null): void {
    const done = this.#running?.done
    this.#running = null
    this.#worker?.unref()
    done?.(reading)
    this.#go()
  }

  /** A page that stops the thread must not do so again at once. */
  #giveUp(): void {
    if (this.#running === null) return
    this.#saved -= maxMs
    this.counts.stopped++
    this.#finish(null)
  }

  async #end(): Promise<void> {
    clearTimeout(this.#timer)
    const worker = this.#worker
    if (worker === null) return
    this.#worker = null
    const ended = worker.terminate()
    this.#giveUp()
    await ended
  }
}
