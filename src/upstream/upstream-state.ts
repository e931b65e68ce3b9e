/** Whether one upstream is up, by refused connections and health checks. */

export interface HealthThresholds {
  /** Passed checks until it is up again. */
  readonly rise: number
  /** Failed checks until it is down. */
  readonly fall: number
}

/** The pause after a refused connection, in milliseconds; it doubles with each refused trial. */
const firstPauseMs = 1_000
const longestPauseMs = 30_000

export class UpstreamState {
  readonly appId: string
  readonly address: string
  readonly #onChange: (state: UpstreamState, problem: string | null) => void
  #refusals = 0
  #askedAt = 0
  #pausedUntil = 0
  #isHealthy = true
  #wasChecked = false
  #streak = 0
  /** In milliseconds of the caller's clock. It is here so that a reload does not repeat checks. */
  nextCheckAt = 0

  /** `onChange` hears why the upstream is down, and null when it is up again. */
  constructor(
    appId: string,
    address: string,
    onChange: (state: UpstreamState, problem: string | null) => void = () => {}
  ) {
    this.appId = appId
    this.address = address
    this.#onChange = onChange
  }

  get isUp(): boolean {
    return this.#isHealthy && this.#refusals === 0
  }

  /** False while health checks fail: then it gets no requests. */
  get isHealthy(): boolean {
    return this.#isHealthy
  }

  /** True if it is up, or if it refused a connection and the pause is over. */
  mayBeAsked(now: number): boolean {
    return this.#isHealthy && now >= this.#pausedUntil
  }

  /** For an app with no upstream that is up. */
  get lastResortAt(): number {
    return Math.min(this.#pausedUntil, this.#askedAt + firstPauseMs)
  }

  /** After a refusal the request is a trial. */
  asked(now: number): void {
    if (this.#refusals === 0) return
    this.#refusals++
    this.#pause(now)
  }

  refused(now: number, problem: string): void {
    if (this.#refusals > 0) return
    this.#change(problem, () => {
      this.#refusals = 1
      this.#pause(now)
    })
  }

  reached(): void {
    if (this.#refusals === 0) return
    this.#change(null, () => {
      this.#refusals = 0
      this.#pausedUntil = 0
    })
  }

  /** The result of one health check: a problem, or null. The very first check decides alone. */
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
  }

  #pause(now: number): void {
    this.#askedAt = now
    this.#pausedUntil = now + Math.min(firstPauseMs * 2 ** (this.#refusals - 1), longestPauseMs)
  }

  #change(problem: string | null, change: () => void): void {
    const before = this.isUp
    change()
    if (this.isUp !== before) this.#onChange(this, this.isUp ? null : problem)
  }
}
