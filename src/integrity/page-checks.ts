/** The pages that the gate fetches as a stranger. One gate of a store fetches at a time. */
import type { Clock } from '../clock.ts'
import type { Store } from '../store/store.ts'
import type { AppWatch } from './app-watch.ts'
import { unreadCoding } from './decode-body.ts'
import { unreadNote } from './hygiene.ts'
import { markValue } from './mark.ts'
import { OwnAddresses } from './own-addresses.ts'
import type { PageReader } from './page-reader.ts'
import { pathShape } from './path-shape.ts'
import type { PageReading } from './read-page.ts'
import type { SampledApp } from './response-sampler.ts'

interface FetchedPage {
  readonly status: number
  /** Names and values in turn. */
  readonly headers: readonly string[]
  readonly body: Uint8Array
  readonly isWhole: boolean
}

/** `path`: with its query. Rejects for an app that cannot be reached. */
export type FetchPage = (path: string, signal: AbortSignal) => Promise<FetchedPage>

interface CheckedApp extends SampledApp {
  readonly watch: AppWatch
  readonly pages: readonly string[]
  readonly everyMs: number
  readonly fetch: FetchPage
}

const maxRedirects = 3
const tickMs = 5_000

export class PageChecks {
  readonly #store: Store
  readonly #clock: Clock
  readonly #reader: PageReader
  readonly #apps: readonly CheckedApp[]
  readonly #turns = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  readonly #ending = new AbortController()

  constructor(parts: {
    readonly store: Store
    readonly clock: Clock
    readonly reader: PageReader
    readonly apps: readonly CheckedApp[]
  }) {
    this.#store = parts.store
    this.#clock = parts.clock
    this.#reader = parts.reader
    this.#apps = parts.apps.filter(({ pages }) => pages.length > 0)
  }

  get #isStopped(): boolean {
    return this.#ending.signal.aborted
  }

  start(): void {
    if (this.#apps.length === 0) return
    this.#timer = setInterval(() => void this.tick(), Math.min(tickMs, ...this.#apps.map(({ everyMs }) => everyMs)))
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    this.#ending.abort()
    clearInterval(this.#timer)
    await this.#running
  }

  /** Never rejects. */
  tick(): Promise<void> {
    this.#running = this.#running.then(async () => {
      for (const app of this.#apps) await this.#check(app).catch(() => {})
    })
    return this.#running
  }

  async #check(app: CheckedApp): Promise<void> {
    const { watch, everyMs, pages } = app
    const turn = Math.floor(this.#clock() / everyMs)
    if (this.#isStopped || !watch.isLoaded || this.#turns.get(watch.app) === turn) return
    this.#turns.set(watch.app, turn)
    const isMine = await this.#store.add(`integrity:turn:${watch.app}:${turn}`, '1', Math.ceil(everyMs / 1000) + 60)
    if (isMine) for (const page of pages) await this.#page(app, page).catch(() => {})
  }

  async #page(app: CheckedApp, start: string): Promise<void> {
    let path = start
    for (let step = 0; step <= maxRedirects && !this.#isStopped; step++) {
      const { status, headers, body, isWhole } = await app.fetch(path, this.#ending.signal)
      const url = (app.origins[0] ?? '') + app.prefix + path.replace(/[?#].*/s, '')
      if (!URL.canParse(url)) return
      const address = { url, origins: app.origins, prefix: app.prefix }
      const location = status >= 300 && status < 400 ? headerOf(headers, 'location') : ''
      if (location !== '') {
        const own = new OwnAddresses(address)
        const target = new URL(location, url)
        if (own.isOwn(target.origin)) {
          const { pathname, search } = target
          const { prefix } = app
          path =
            (prefix !== '' && pathname.startsWith(`${prefix}/`) ? pathname.slice(prefix.length) : pathname) + search
          continue
        }
        this.#see(app, start, {
          ...nothing,
          marks: [{ kind: 'redirect', value: markValue(own.frame(location) ?? location) }]
        })
        return
      }
      // Errors are for the health checks.
      if (status >= 500 || status === 404) return
      const contentType = headerOf(headers, 'content-type')
      const coding = valuesOf(headers, 'content-encoding').join(', ')
      const unread = unreadCoding(coding)
      if (unread !== null) app.watch.note(unreadNote(unread))
      const reading = await this.#reader.readFetched({
        kind: 'page',
        bytes: body,
        isWhole,
        coding,
        contentType,
        address
      })
      if (reading !== null) this.#see(app, start, reading)
      return
    }
  }

  #see({ watch }: CheckedApp, path: string, reading: PageReading): void {
    watch.see({
      page: pathShape(path.replace(/[?#].*/s, '')),
      endpoint: null,
      reading,
      isFetched: true,
      isStranger: true
    })
  }
}

const nothing: PageReading = { marks: [], links: [], skeleton: '', structure: null, elements: [], generator: null }

function headerOf(headers: readonly string[], name: string): string {
  return valuesOf(headers, name)[0] ?? ''
}

function valuesOf(headers: readonly string[], name: string): string[] {
  return headers.filter((_, i) => i % 2 === 1 && headers[i - 1]!.toLowerCase() === name)
}
