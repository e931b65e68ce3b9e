/**
 * An errand that is under way, as transfers and tunnels have it in common: whose it is, that it is told of once, and that it is live until
 * then.
 */
import { performance } from 'node:perf_hooks'
import { type Errand, refusals } from './errand.ts'
import type { CloseCode, LiveConnections, LiveEntry, Place } from './live-connections.ts'
import type { UpstreamError } from './upstream-connection.ts'
import type { Way } from './way.ts'

export abstract class Running implements LiveEntry {
  protected readonly errand: Errand
  protected readonly way: Way
  /** The app's status, once the client has been told. */
  protected status: number | null = null
  protected bytesOut = 0
  /** Why it ends before it is whole. */
  protected cut: string | null = null
  protected isOver = false
  /** Indexes of the upstreams that have been asked. */
  protected readonly tried: number[] = []
  readonly #startedAt = performance.now()
  readonly #place: Place

  constructor(errand: Errand, way: Way, live: LiveConnections) {
    this.errand = errand
    this.way = way
    this.#place = live.add(this)
  }

  abstract get isSocket(): boolean
  protected abstract get bytesIn(): number
  abstract end(reason: string, closeCode: CloseCode): void

  get sessionId(): string | null {
    return this.errand.sessionId
  }

  get accountId(): string | null {
    return this.errand.permit.subject?.id ?? null
  }

  get appId(): string {
    return this.errand.app.id
  }

  get groups(): readonly string[] {
    return this.errand.permit.subject?.groups ?? []
  }

  get bytesMoved(): number {
    return this.bytesIn + this.bytesOut
  }

  get endsAt(): number | null {
    return this.errand.endsAt
  }

  /** Nothing was written: somebody else says why. */
  protected decline(error: UpstreamError): void {
    this.isOver = true
    this.#place.release()
    this.errand.observer.refused(refusals[error.failure], error)
  }

  protected report(): void {
    this.isOver = true
    this.#place.release()
    const { status, bytesIn, bytesOut, cut } = this
    const outcome = cut === null ? 'complete' : 'cut'
    const durationMs = performance.now() - this.#startedAt
    this.errand.observer.ended({ status, bytesIn, bytesOut, outcome, cut, durationMs })
  }
}
