/** Whether one upstream is up, by refused connections and health checks. */

export interface HealthThresholds {
  /** Passed checks until it is up again. */
  readonly rise: number
  /** Failed checks until it is down. */
  readonly fall: number
}

/** `asked`: a trial after a refusal. */
export type UpstreamSighting = 'refused' | 'asked' | 'reached' | 'checks_failed' | 'checks_passed'

export interface UpstreamWatcher {
  /** `problem`: why the upstream is down; null when it is up again. Not called for what other workers have seen. */
  readonly onChange?: ((state: UpstreamState, problem: string | null) => void) | undefined
  readonly onSighting?: ((state: UpstreamState, sighting: UpstreamSighting) => void) | undefined
}

/** The pause after a refused connection; it doubles with each refused trial. */
const firstPauseMs = 1_000
const maxPauseMs = 30_000

export class UpstreamState {
  readonly appId: string
  readonly address: string
  readonly #watcher: UpstreamWatcher
  #refusals = 0
  #askedAt = 0
  #pausedUntil = 0
  #isHealthy = true
  #wasChecked = false
  #streak = 0
  /** On the caller's clock. A reload keeps it, and so repeats no check. */
  nextCheckAt = 0

  constructor(appId: string, address: string, watcher: UpstreamWatcher = {}) {
    this.appId = appId
    this.address = address
    this.#watcher = watcher
  }

  get isUp(): boolean {
    return this.#isHealthy && this.#refusals === 0
  }

  /** While false, it gets no requests. */
  get isHealthy(): boolean {
    return this.#isHealthy
  }

  /** True if it is up, and no pause after a refused connection lasts. */
  mayBeAsked(now: number): boolean {
    return this.#isHealthy && now >= this.#pausedUntil
  }

  /** When this upstream may be asked although none of the app is up. */
  get lastResortAt(): number {
    return Math.min(this.#pausedUntil, this.#askedAt + firstPauseMs)
  }

  /** A trial if the upstream has refused before. */
  asked(now: number): void {
    if (this.#refusals === 0) return
    // Every request asks an app's only upstream; the others need not hear of each.
    if (now >= this.#askedAt + firstPauseMs) this.#tell('asked')
    this.#refusals++
    this.#pause(now)
  }

  refused(now: number, problem: string): void {
    if (this.#refusals > 0) return
    this.#change(problem, () => {
      this.#refusals = 1
      this.#pause(now)
    })
    this.#tell('refused')
  }

  reached(): void {
    if (this.#refusals === 0) return
    this.#change(null, () => {
      this.#refusals = 0
      this.#pausedUntil = 0
    })
    this.#tell('reached')
  }

  /** `problem` is that of one check; null if it passed. The very first check decides alone. */
  checked(problem: string | null, { rise, fall }: HealthThresholds): void {
    const passed = problem === null
    const needed = !this.#wasChecked ? 1 : passed ? rise : fall
    this.#wasChecked = true
    this.#streak = passed === this.#isHealthy ? 0 : this.#streak + 1
    if (passed === this.#isHealthy || this.#streak < needed) return
    this.#streak = 0
    this.#change(problem, () => {
      this.#isHealthy = passed
    })
    this.#tell(passed ? 'checks_passed' : 'checks_failed')
  }

  /** This worker's own requests and checks may refute it. */
  hear(sighting: UpstreamSighting, now: number): void {
    switch (sighting) {
      case 'refused':
        if (this.#refusals > 0) return
        this.#refusals = 1
        return this.#pause(now)
      case 'asked':
        if (this.#refusals === 0) return
        this.#refusals++
        return this.#pause(now)
      case 'reached':
        this.#refusals = 0
        this.#pausedUntil = 0
        return
      default:
        this.#isHealthy = sighting === 'checks_passed'
        this.#streak = 0
    }
  }

  #tell(sighting: UpstreamSighting): void {
    this.#watcher.onSighting?.(this, sighting)
  }

  #pause(now: number): void {
    this.#askedAt = now
    this.#pausedUntil = now + Math.min(firstPauseMs * 2 ** (this.#refusals - 1), maxPauseMs)
  }

  #change(problem: string | null, change: () => void): void {
    const before = this.isUp
    change()
    if (this.isUp !== before) this.#watcher.onChange?.(this, this.isUp ? null : problem)
  }
}
