/** Sends spans to a collector in batches. A request never waits; what the bounded queue does not take is dropped and counted. */
import type { Answer } from './otlp-collector.ts'
import type { SpanSink } from './span.ts'

interface SpanDestination {
  send(body: string, signal: AbortSignal): Promise<Answer>
  close(): void
}

interface SpanObserver {
  onSent(spans: number): void
  onDropped(spans: number): void
  onFailure(): void
  /** Null when batches are taken again. */
  onProblem(problem: string | null): void
}

interface SpanExporterOptions {
  readonly observer: SpanObserver
  /** How long spans wait for others. */
  readonly batchMs?: number
  readonly firstRetryMs?: number
  /** From 0 to 1, so that several gates do not try again at once. */
  readonly chance?: () => number
}

/** Limits of the queue. A span has about 700 bytes. */
export const maxQueued = { spans: 4096, characters: 8 * 1024 * 1024 } as const
const batchSpans = 512
const maxRetryMs = 60_000

export class SpanExporter implements SpanSink {
  readonly #observer: SpanObserver
  readonly #batchMs: number
  readonly #firstRetryMs: number
  readonly #chance: () => number
  #destination: SpanDestination | null = null
  #head = ''
  #queue: string[] = []
  #characters = 0
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | null = null
  #abort = new AbortController()
  #wake: () => void = () => {}
  #isClosing = false
  #problem: string | null = null

  constructor({ observer, batchMs = 1000, firstRetryMs = 1000, chance = Math.random }: SpanExporterOptions) {
    this.#observer = observer
    this.#batchMs = batchMs
    this.#firstRetryMs = firstRetryMs
    this.#chance = chance
  }

  get isOpen(): boolean {
    return this.#destination !== null && !this.#isClosing
  }

  /** Null ends the sending and empties the queue. Otherwise waiting spans go to the new destination. */
  configure(destination: SpanDestination | null, head = ''): void {
    const old = this.#destination
    this.#destination = destination
    this.#head = head
    this.#abort.abort()
    this.#abort = new AbortController()
    old?.close()
    if (destination === null) this.#empty()
    this.#problem = null
    this.#wake()
  }

  take(span: string): void {
    if (!this.isOpen) return
    if (this.#queue.length >= maxQueued.spans || this.#characters + span.length > maxQueued.characters)
      return this.#observer.onDropped(1)
    this.#queue.push(span)
    this.#characters += span.length
    if (this.#running !== null) return
    if (this.#queue.length >= batchSpans) this.#start()
    else this.#timer ??= setTimeout(() => this.#start(), this.#batchMs).unref()
  }

  /** Tries once more, and drops the rest. Never rejects. */
  async close(withinMs: number): Promise<void> {
    if (this.#destination === null) return
    this.#isClosing = true
    this.#start()
    this.#wake()
    const late = setTimeout(() => this.#abort.abort(), withinMs)
    await this.#running
    clearTimeout(late)
    this.#observer.onDropped(this.#empty())
    this.#destination?.close()
    this.#destination = null
  }

  #empty(): number {
    const spans = this.#queue.length
    this.#queue = []
    this.#characters = 0
    return spans
  }

  #start(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#running ??= this.#run().finally(() => {
      this.#running = null
      if (this.#queue.length > 0 && this.isOpen) this.#timer ??= setTimeout(() => this.#start(), this.#batchMs).unref()
    })
  }

  async #run(): Promise<void> {
    let failures = 0
    while (this.#queue.length > 0 && this.#destination !== null) {
      const batch = this.#queue.splice(0, batchSpans)
      for (const span of batch) this.#characters -= span.length
      const signal = this.#abort.signal
      const wasClosing = this.#isClosing
      const answer = await this.#destination.send(`${this.#head}${batch.join(',')}]}]}]}`, signal)
      if (answer.kind === 'later') {
        const isSwitchedOff = this.#destination === null
        this.#observer.onFailure()
        if (!signal.aborted) this.#note(answer.problem)
        if (isSwitchedOff) return
        if (wasClosing) return this.#observer.onDropped(batch.length)
        // The batch goes first again, unless newer spans have filled the queue.
        const room = Math.max(0, maxQueued.spans - this.#queue.length)
        if (batch.length > room) this.#observer.onDropped(batch.length - room)
        const kept = batch.slice(0, room)
        this.#queue.unshift(...kept)
        for (const span of kept) this.#characters += span.length
        if (!signal.aborted) await this.#pause(Math.max(this.#backOff(failures++), answer.retryAfterMs ?? 0))
        continue
      }
      failures = 0
      const lost = answer.kind === 'refused' ? batch.length : Math.min(answer.rejected, batch.length)
      if (answer.kind === 'refused') this.#observer.onFailure()
      if (lost > 0) this.#observer.onDropped(lost)
      if (lost < batch.length) this.#observer.onSent(batch.length - lost)
      this.#note(answer.problem)
      // Less than a full batch waits for more, except at the end.
      if (this.#queue.length < batchSpans && !this.#isClosing) return
    }
  }

  #note(problem: string | null): void {
    if (problem === this.#problem) return
    this.#problem = problem
    this.#observer.onProblem(problem)
  }

  #backOff(failures: number): number {
    return Math.min(this.#firstRetryMs * 2 ** Math.min(failures, 10), maxRetryMs) * (0.8 + 0.4 * this.#chance())
  }

  /** Ends early at `close` and `configure`. */
  #pause(ms: number): Promise<void> {
    if (this.#isClosing) return Promise.resolve()
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ms)
      timer.unref()
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
