/** The health checks of one upstream, on their own connection, judged by the status. */
import type { ResponseHandler, UpstreamConnection, UpstreamError } from './connection.ts'
import type { UpstreamPool } from './pool.ts'
import type { ResponseHead } from './response-parser.ts'
import type { HealthThresholds, UpstreamState } from './upstream-state.ts'

export interface HealthCheck extends HealthThresholds {
  readonly path: string
  readonly everyMs: number
  /** From the connection to the response head. */
  readonly timeoutMs: number
  readonly status: readonly { readonly from: number; readonly to: number }[]
}

interface CheckedUpstream {
  readonly pool: UpstreamPool
  readonly state: UpstreamState
  readonly check: HealthCheck
  /** Without its last CRLF. */
  readonly head: string
  readonly explain: (error: UpstreamError) => string
}

const maxBodyBytes = 64 * 1024

export class HealthChecker {
  readonly #upstream: CheckedUpstream
  #running: RunningCheck | null = null
  #isStopped = false

  constructor(upstream: CheckedUpstream) {
    this.#upstream = upstream
  }

  /** `now` is in milliseconds and never put back. */
  tick(now: number): void {
    const { state, check } = this.#upstream
    this.#running?.expire(now)
    if (this.#isStopped || now < state.nextCheckAt || this.#running?.isOver === false) return
    state.nextCheckAt = now + check.everyMs
    this.#running = new RunningCheck(this.#upstream, now)
    this.#running.start()
  }

  stop(): void {
    this.#isStopped = true
    this.#running?.stop()
  }
}

class RunningCheck implements ResponseHandler {
  readonly #upstream: CheckedUpstream
  readonly #startedAt: number
  #connection: UpstreamConnection | null = null
  #bytes = 0
  #isJudged = false
  isOver = false

  constructor(upstream: CheckedUpstream, now: number) {
    this.#upstream = upstream
    this.#startedAt = now
  }

  start(): void {
    const { pool, head } = this.#upstream
    const request = { method: 'GET', head, body: null, isUpgrade: false, requester: null, tiesConnection: false }
    this.#connection = pool.send({ ...request, connectTimeoutMs: 0, responseTimeoutMs: 0 }, this, true)
    // A full pool tells nothing of its health.
    if (this.#connection === null) this.isOver = true
  }

  expire(now: number): void {
    if (this.isOver || now - this.#startedAt < this.#upstream.check.timeoutMs) return
    this.#judge(`no answer to the health check within ${this.#upstream.check.timeoutMs / 1000} s`)
    this.stop()
  }

  stop(): void {
    this.isOver = true
    this.#connection?.destroy()
    this.#connection = null
  }

  onConnect(): void {
    this.#upstream.state.reached()
  }

  onHead({ status }: ResponseHead): void {
    const { path, status: fine } = this.#upstream.check
    const passed = fine.some(({ from, to }) => status >= from && status <= to)
    this.#judge(passed ? null : `status ${status} for the health check ${path}`)
  }

  onData(chunk: Buffer): boolean {
    this.#bytes += chunk.length
    if (this.#bytes > maxBodyBytes) this.stop()
    return true
  }

  onComplete(): void {
    this.isOver = true
  }

  onError(error: UpstreamError): void {
    this.isOver = true
    const problem = this.#upstream.explain(error)
    if (error.failure === 'connect_failed') this.#upstream.state.refused(this.#startedAt, problem)
    this.#judge(problem)
  }

  #judge(problem: string | null): void {
    if (this.#isJudged) return
    this.#isJudged = true
    this.#upstream.state.checked(problem, this.#upstream.check)
  }
}
