/** The watch on apps of one process. */
import type { Clock } from '../clock.ts'
import type { ResponseTap } from '../metering/response-tap.ts'
import type { Store } from '../store/store.ts'
import { AppWatch } from './app-watch.ts'
import type { Finding } from './finding.ts'
import { type FetchPage, PageChecks } from './page-checks.ts'
import { PageReader } from './page-reader.ts'
import type { Lacking } from './places.ts'
import { openRecord } from './records.ts'
import { ResponseSampler, type SampledApp } from './response-sampler.ts'

export interface IntegrityApp extends SampledApp {
  readonly id: string
  readonly learnMs: number
  readonly pages: readonly string[]
  readonly everyMs: number
  readonly fetch: FetchPage
}

interface IntegrityOptions {
  readonly store: Store
  readonly clock: Clock
  readonly onFinding: (app: string, finding: Finding, isTold: boolean) => void
  readonly onFull: (app: string, place: Lacking) => void
  readonly say: (app: string, why: string) => void
  /** Null when the store works again. */
  readonly onStoreProblem: (problem: Error | null) => void
}

const tickMs = 1000

export class IntegrityWatch {
  readonly reader: PageReader
  readonly #options: IntegrityOptions
  readonly #watches = new Map<string, AppWatch>()
  #taps: ReadonlyMap<string, ResponseTap> = new Map()
  #checks: PageChecks | null = null
  #timer: NodeJS.Timeout | undefined
  #unsubscribe: (() => void) | undefined
  #running: Promise<void> | null = null
  #hasProblem = false

  constructor(options: IntegrityOptions) {
    this.#options = options
    this.reader = new PageReader()
  }

  async start(): Promise<void> {
    const { store } = this.#options
    const prefix = openRecord.key('')
    this.#unsubscribe = await store
      .subscribe(prefix, notice => {
        if (notice.kind === 'changed') void this.#reload(notice.key.slice(prefix.length))
        else if (notice.kind === 'ready') for (const app of this.#watches.keys()) void this.#reload(app)
      })
      .catch(() => undefined)
    this.#timer = setInterval(() => void this.tick(), tickMs)
    this.#timer.unref()
  }

  /** What is known of an app outlives a configuration. */
  async configure(apps: readonly IntegrityApp[]): Promise<void> {
    const { store, clock, onFinding, onFull, say } = this.#options
    await this.#checks?.stop()
    for (const id of this.#watches.keys()) if (!apps.some(app => app.id === id)) this.#watches.delete(id)
    const taps = new Map<string, ResponseTap>()
    const checked = apps.map(app => {
      let watch = this.#watches.get(app.id)
      if (watch === undefined) {
        watch = new AppWatch({
          app: app.id,
          store,
          clock,
          onFinding: (finding, isTold) => onFinding(app.id, finding, isTold),
          onFull: place => onFull(app.id, place),
          say: why => say(app.id, why)
        })
        this.#watches.set(app.id, watch)
      }
      watch.learnMs = app.learnMs
      taps.set(app.id, new ResponseSampler({ app, watch, reader: this.reader, clock }))
      return { ...app, watch }
    })
    this.#taps = taps
    this.#checks = new PageChecks({ store, clock, reader: this.reader, apps: checked })
    await this.tick()
    this.#checks.start()
  }

  tapOf(app: string): ResponseTap | null {
    return this.#taps.get(app) ?? null
  }

  watchOf(app: string): AppWatch | null {
    return this.#watches.get(app) ?? null
  }

  open(): (readonly [app: string, count: number])[] {
    return [...this.#watches].map(([app, { findings }]) => [app, findings.length] as const)
  }

  /** Never rejects. */
  async check(): Promise<void> {
    await this.#checks?.tick()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#unsubscribe?.()
    this.#taps = new Map()
    await this.#checks?.stop()
    await this.reader.stop()
    await this.#running
    await this.tick(true)
  }

  /** Never rejects. Parallel calls share one run. */
  tick(isEnd = false): Promise<void> {
    this.#running ??= this.#sync(isEnd).finally(() => {
      this.#running = null
    })
    return this.#running
  }

  async #sync(isEnd: boolean): Promise<void> {
    let problem: Error | null = null
    for (const watch of this.#watches.values())
      await watch.sync(isEnd).catch(error => {
        problem = error as Error
      })
    if ((problem !== null) === this.#hasProblem) return
    this.#hasProblem = problem !== null
    this.#options.onStoreProblem(problem)
  }

  async #reload(app: string): Promise<void> {
    // The next notice or write reads it again.
    await this.#watches
      .get(app)
      ?.reload()
      .catch(() => {})
  }
}
