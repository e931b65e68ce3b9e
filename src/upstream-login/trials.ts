/**
 * Trials of logins: what this process knows of a login's fate at its app. A login that the app has not answered well lately goes with one
 * request, and the others wait for the answer. So a wrong password costs one try at the app, and not one for each of many parallel requests.
 */
import type { Clock } from '../clock.ts'
import { growingLru } from '../session/growing-lru.ts'

/** How long others wait for a trial, in milliseconds. An app that is slower gets them too. */
const waitMs = 2_000
/** After this long without a good answer, in milliseconds, the next request is a trial again. */
const provenMs = 60_000
/** Logins that are remembered in one process. */
const remembered = 10_000

interface Trial {
  readonly done: Promise<void>
  readonly end: () => void
}

interface Fate {
  isRefused: boolean
  provenUntil: number
  trial: Trial | null
}

export class Trials {
  readonly #clock: Clock
  /** By the id of the login. */
  readonly #fates = growingLru<Fate>(remembered)

  constructor(clock: Clock) {
    this.#clock = clock
  }

  isRefused(loginId: string): boolean {
    return this.#fates.get(loginId)?.isRefused === true
  }

  /** Null for a request that may go now. Otherwise what it waits for; then it has to look again whether the login was refused. */
  admit(loginId: string): Promise<void> | null {
    const fate = this.#fateOf(loginId)
    if (fate.isRefused || fate.provenUntil > this.#clock()) return null
    if (fate.trial !== null) return fate.trial.done
    fate.trial = begin(() => {
      fate.trial = null
    })
    return null
  }

  /** The app has answered, and not with a refusal. */
  accepted(loginId: string): void {
    const fate = this.#fateOf(loginId)
    fate.provenUntil = this.#clock() + provenMs
    fate.trial?.end()
  }

  /** True the first time. */
  refused(loginId: string): boolean {
    const fate = this.#fateOf(loginId)
    const isFirst = !fate.isRefused
    fate.isRefused = true
    fate.trial?.end()
    return isFirst
  }

  /** The app has not answered. */
  undecided(loginId: string): void {
    this.#fates.get(loginId)?.trial?.end()
  }

  #fateOf(loginId: string): Fate {
    const known = this.#fates.get(loginId)
    if (known !== undefined) return known
    const fate: Fate = { isRefused: false, provenUntil: 0, trial: null }
    this.#fates.set(loginId, fate)
    return fate
  }
}

/** It ends by itself after a while. */
function begin(onEnd: () => void): Trial {
  let settle = () => {}
  const done = new Promise<void>(resolve => {
    settle = resolve
  })
  const end = () => {
    clearTimeout(timer)
    onEnd()
    settle()
  }
  const timer = setTimeout(end, waitMs)
  timer.unref()
  return { done, end }
}
