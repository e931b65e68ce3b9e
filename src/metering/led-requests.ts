/** Finds led requests: navigations to which another site or a prefetch may have led, and what their pages load. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Clock } from '../clock.ts'
import { wantsPage } from '../request/wants-page.ts'
import type { Store, StoreNotice } from '../store/store.ts'
import { type LedTo, ledBy } from './led.ts'

/** So long after a led navigation its page's requests count as led. */
const afterMs = 60_000
/** The pause between two notices about a session. */
const tellMs = 20_000
const maxSessions = 20_000
const prefix = 'led:'

interface LedRequestsOptions {
  readonly clock: Clock
  /** Null without other processes. */
  readonly store: Store | null
}

export interface Leads {
  /** `session`: null for a stranger or a program. */
  isLed(headers: IncomingHttpHeaders, site: LedTo, session: string | null): boolean
}

export class LedRequests implements Leads {
  /** Origins of the portal and the apps. */
  ours: ReadonlySet<string> = new Set()
  readonly #options: LedRequestsOptions
  readonly #until = new Map<string, number>()
  readonly #toldAt = new Map<string, number>()
  #unsubscribe: (() => void) | undefined

  constructor(options: LedRequestsOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    this.#unsubscribe = await this.#options.store?.subscribe(prefix, notice => this.#onNotice(notice))
  }

  stop(): void {
    this.#unsubscribe?.()
  }

  isLed(headers: IncomingHttpHeaders, site: LedTo, session: string | null): boolean {
    const led = ledBy(headers, site)
    // Parts belong to their page's navigation.
    if (led === null || led === 'embedded' || (led === 'other_site' && this.#isOurs(headers)))
      return this.#isAfter(session)
    // A prefetched page loads nothing yet; a picture or script opens none.
    if (led !== 'prefetch' && headers['sec-fetch-mode'] !== 'no-cors' && session !== null) this.#note(session)
    return true
  }

  /** A page cannot name another site as its own. Its parts count as led: anybody may have written them into a wiki. */
  #isOurs(headers: IncomingHttpHeaders): boolean {
    if (!opensWindow(headers)) return false
    const { referer, origin } = headers
    const from = referer !== undefined && referer !== '' ? /^https?:\/\/[^/?#]+/i.exec(referer)?.[0] : origin
    return from !== undefined && this.ours.has(from.toLowerCase())
  }

  #isAfter(session: string | null): boolean {
    if (session === null || this.#until.size === 0) return false
    const until = this.#until.get(session)
    if (until === undefined) return false
    // A clock that was put back would keep it for ever.
    const left = until - this.#options.clock()
    if (left > 0 && left <= afterMs) return true
    this.#until.delete(session)
    this.#toldAt.delete(session)
    return false
  }

  #note(session: string): void {
    const now = this.#options.clock()
    if (this.#until.size >= maxSessions) this.#forgetOldest()
    this.#until.delete(session)
    this.#until.set(session, now + afterMs)
    const { store } = this.#options
    if (store === null || Math.abs(now - (this.#toldAt.get(session) ?? 0)) < tellMs) return
    this.#toldAt.set(session, now)
    // Without the store, the others do not know.
    store.put(prefix + session, String(now), afterMs / 1000).catch(() => {})
  }

  #forgetOldest(): void {
    const oldest = this.#until.keys().next().value as string
    this.#until.delete(oldest)
    this.#toldAt.delete(oldest)
  }

  #onNotice(notice: StoreNotice): void {
    if (notice.kind !== 'changed') return
    if (this.#until.size >= maxSessions) this.#forgetOldest()
    this.#until.set(notice.key.slice(prefix.length), this.#options.clock() + afterMs)
  }
}

function opensWindow(headers: IncomingHttpHeaders): boolean {
  const destination = headers['sec-fetch-dest']
  return destination === undefined ? wantsPage({ headers }) : destination === 'document'
}
