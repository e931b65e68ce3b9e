/** The postures in one process's memory. */
import type { Clock } from '../clock.ts'
import type { Store, StoreNotice } from '../store/store.ts'
import { dialId, dialRecord, readDial, sweepDial } from './dial-record.ts'
import {
  type Dial,
  type EndedSetting,
  levelAt,
  nextEndOf,
  type PostureLevel,
  type Setting,
  settingAt,
  stricterOf
} from './posture.ts'

interface PosturesOptions {
  readonly store: Store
  readonly clock: Clock
  /** One process of all hears of it. */
  readonly onEnded: (ended: EndedSetting) => void
  /** `problem`: once for each reason, then null. `kept`: the posture meanwhile. */
  readonly onTrouble: (problem: string | null, kept: PostureLevel | null) => void
}

const tickMs = 500
/** Ticks between looks at the store, while notices arrive. */
const ticksPerPoll = 30

export class Postures {
  readonly #options: PosturesOptions
  readonly #listeners = new Set<() => void>()
  /** Null until it was read once. */
  #dial: Dial | null = null
  /** Everything is normal. */
  #isQuiet = false
  #told = ''
  #isTold = false
  #problem: string | null = null
  #ticks = 0
  #reading: Promise<void> | null = null
  #isReadAgain = false
  #timer: NodeJS.Timeout | undefined
  #unsubscribe: (() => void) | undefined

  constructor(options: PosturesOptions) {
    this.#options = options
  }

  /** Rejects with StoreUnreachable. */
  async start(): Promise<void> {
    this.#unsubscribe = await this.#options.store.subscribe(dialRecord.key(dialId), notice => this.#onNotice(notice))
    this.#isTold = true
    await this.read()
    this.#timer = setInterval(() => this.tick(), tickMs).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#unsubscribe?.()
    this.#listeners.clear()
  }

  /** Null for all apps. Elevated while it is not known. */
  level(app: string | null): PostureLevel {
    if (this.#isQuiet) return 'normal'
    return this.#dial === null ? 'elevated' : levelAt(this.#dial, app, this.#options.clock())
  }

  /** Null also if unknown. */
  setting(app: string | null): Setting | null {
    return this.#isQuiet || this.#dial === null ? null : settingAt(this.#dial, app, this.#options.clock())
  }

  strictest(): PostureLevel {
    const apps = Object.keys(this.#dial?.apps ?? {})
    return apps.reduce<PostureLevel>((found, app) => stricterOf(found, this.level(app)), this.level(null))
  }

  /** It may hold what has ended. */
  get dial(): Dial | null {
    return this.#dial
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Never rejects: what was known stays. */
  read(): Promise<void> {
    if (this.#reading !== null) {
      this.#isReadAgain = true
      return this.#reading
    }
    this.#reading = this.#readAll().finally(() => {
      this.#reading = null
    })
    return this.#reading
  }

  tick(): void {
    this.#tell()
    const isPolled = ++this.#ticks % ticksPerPoll === 0
    if (isPolled || !this.#isTold) void this.read()
    if (this.#isOver()) void this.#sweep()
  }

  async #readAll(): Promise<void> {
    do {
      this.#isReadAgain = false
      let problem: string | null = null
      try {
        const dial = await readDial(this.#options.store)
        if (dial === null) problem = 'its record is damaged'
        else this.#use(dial)
      } catch (error) {
        const isAway = (error as { code?: unknown }).code === 'store_unreachable'
        if (isAway && this.#dial !== null) continue
        problem = (error as Error).message
      }
      this.#note(problem)
    } while (this.#isReadAgain)
  }

  #use(dial: Dial): void {
    this.#dial = dial
    this.#isQuiet = dial.all === null && Object.keys(dial.apps).length === 0
    this.#tell()
  }

  #note(problem: string | null): void {
    const isNews = (problem === null) !== (this.#problem === null)
    this.#problem = problem
    if (isNews) this.#options.onTrouble(problem, this.#dial === null ? null : this.level(null))
  }

  #tell(): void {
    const dial = this.#dial
    const levels = dial === null ? [] : Object.keys(dial.apps).map(app => `${app}=${this.level(app)}`)
    const told = [this.level(null), ...levels].join(' ')
    if (told === this.#told) return
    const isFirst = this.#told === ''
    this.#told = told
    if (!isFirst) for (const listener of this.#listeners) listener()
  }

  #isOver(): boolean {
    const end = this.#dial === null ? null : nextEndOf(this.#dial)
    return end !== null && this.#options.clock() >= end
  }

  async #sweep(): Promise<void> {
    const { store, clock, onEnded } = this.#options
    // An end counts by the clock anyway.
    const ended = await sweepDial(store, clock()).catch(() => [])
    for (const one of ended) onEnded(one)
    await this.read()
  }

  #onNotice(notice: StoreNotice): void {
    if (notice.kind !== 'changed') this.#isTold = notice.kind === 'ready'
    void this.read()
  }
}
