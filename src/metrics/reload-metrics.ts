/** Metrics of reloads: how many were applied or refused, and the age of the configuration in use. */
import type { Clock } from '../clock.ts'
import type { Metrics } from './metrics.ts'

export class ReloadMetrics {
  readonly #metrics: Metrics
  readonly #clock: Clock
  #appliedAt: number
  #isOk = true

  /** The start counts as applied now, but not as a reload. */
  constructor(metrics: Metrics, clock: Clock) {
    this.#metrics = metrics
    this.#clock = clock
    this.#appliedAt = clock()
    metrics.read('factorgate_config_applied_timestamp_seconds', () => this.#appliedAt / 1000)
    metrics.read('factorgate_config_ok', () => Number(this.#isOk))
  }

  applied(): void {
    this.#metrics.count('factorgate_reloads_total', 'applied')
    this.#appliedAt = this.#clock()
    this.#isOk = true
  }

  refused(): void {
    this.#metrics.count('factorgate_reloads_total', 'refused')
    this.#isOk = false
  }
}
