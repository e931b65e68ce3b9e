/**
 * Trials of logins at their apps. A login goes with one request at a time until the app has answered well under the same first path segment; the
 * others wait. So a wrong password costs one try, however many requests are parallel. A good answer counts for its segment alone, because a page
 * may be open to everybody.
 */
import { type Clock, isCurrent } from '../clock.ts'
import { growingLru } from '../session/growing-lru.ts'

/** How long a good answer proves a login, in milliseconds. After that the next request is a trial again. */
const provenMs = 60_000
/** The most logins that one process remembers, and the most segments of one login. */
const remembered = 10_000
const maxSegments = 100

/** Whether a request may go. */
export type TrialAdmission =
  /** It may go. If `end` is not null, the request is a trial, and its caller calls `end` when it is over; later calls do nothing. */
  | { readonly wait: null; readonly end: (() => void) | null }
  /** It must wait for this promise, and then ask again. */
  | { readonly wait: Promise<void> }

interface Fate {
  isRefused: boolean
  /** By segment, until when in milliseconds since the epoch. The oldest comes first. */
  readonly proven: Map<string, number>
  trial: Promise<void> | null
}

const goes: TrialAdmission = { wait: null, end: null }

/** The part of an app that a good answer proves a login for: the first path segment, as it was sent. */
export function segmentOf(path: string): string {
  return path.split('/', 2)[1] ?? ''
}

export class Trials {
  readonly #clock: Clock
  /** What is known of each login, by its id. */
  readonly #fates = growingLru<Fate>(remembered)

  constructor(clock: Clock) {
    this.#clock = clock
  }

  isRefused(loginId: string): boolean {
    return this.#fates.get(loginId)?.isRefused === true
  }

  /** For a login that is not refused. `maxMs`: how long a trial may take. After that it ends, and one more request may go. */
  admit(loginId: string, segment: string, maxMs: number): TrialAdmission {
    const fate = this.#fateOf(loginId)
    if (isCurrent(fate.proven.get(segment) ?? 0, provenMs, this.#clock())) return goes
    if (fate.trial !== null) return { wait: fate.trial }
    const { promise, resolve } = withResolver()
    fate.trial = promise
    const end = () => {
      clearTimeout(timer)
      if (fate.trial === promise) fate.trial = null
      resolve()
    }
    const timer = setTimeout(end, maxMs)
    timer.unref()
    return { wait: null, end }
  }

  /** The app has answered well under this segment. */
  accepted(loginId: string, segment: string): void {
    const { proven } = this.#fateOf(loginId)
    proven.delete(segment)
    proven.set(segment, this.#clock() + provenMs)
    if (proven.size <= maxSegments) return
    for (const oldest of proven.keys()) {
      proven.delete(oldest)
      return
    }
  }

  /** The app has refused the login. True the first time. */
  refused(loginId: string): boolean {
    const fate = this.#fateOf(loginId)
    const isFirst = !fate.isRefused
    fate.isRefused = true
    return isFirst
  }

  #fateOf(loginId: string): Fate {
    const known = this.#fates.get(loginId)
    if (known !== undefined) return known
    const fate: Fate = { isRefused: false, proven: new Map(), trial: null }
    this.#fates.set(loginId, fate)
    return fate
  }
}

/** Promise.withResolvers, which Node 20 lacks. */
function withResolver(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>(settle => {
    resolve = settle
  })
  return { promise, resolve }
}
