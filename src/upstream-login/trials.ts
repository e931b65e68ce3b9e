/**
 * Trials of logins. Until the app has answered well, one request goes at a time, so a wrong password costs one try. Only the same first path segment
 * counts: others may be open to everybody.
 */
import { type Clock, isCurrent } from '../clock.ts'
import { growingLru } from '../session/growing-lru.ts'

/** So long a good answer proves a login. */
const provenMs = 60_000
const remembered = 10_000
const maxSegments = 100

export type TrialAdmission =
  /** It may go. A trial has `end`, which its caller calls; later calls do nothing. */
  | { readonly wait: null; readonly end: (() => void) | null }
  /** The caller asks again after it. */
  | { readonly wait: Promise<void> }

interface Fate {
  isRefused: boolean
  /** By segment, until when (milliseconds since the epoch), the oldest first. */
  readonly proven: Map<string, number>
  trial: Promise<void> | null
}

const goes: TrialAdmission = { wait: null, end: null }

/** The first path segment, as it was sent. */
export function segmentOf(path: string): string {
  return path.split('/', 2)[1] ?? ''
}

export class Trials {
  readonly #clock: Clock
  readonly #fates = growingLru<Fate>(remembered)

  constructor(clock: Clock) {
    this.#clock = clock
  }

  isRefused(loginId: string): boolean {
    return this.#fates.get(loginId)?.isRefused === true
  }

  /** For a login that is not refused. After `maxMs` one more request may go. */
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

  /** True the first time. */
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
