/**
 * What strangers ask of the gate itself, kept from filling the disk. Owns the bound: so many lines for an address a minute, then one line
 * that counts the rest by outcome. Refuses to drop any uncounted; what names an account, or reached an app, never comes here.
 */
import type { Clock } from '../clock.ts'
import type { AuditEvent, AuditSink } from './event.ts'

/** Lines written whole for one address in one window. */
export const linesPerWindow = 60
export const windowMs = 60_000
/** Addresses told apart at a time; all others share one bound, otherwise a network of addresses would have none. */
const addressesTold = 10_000
const others = 'others'

interface Window {
  readonly since: number
  written: number
  counted: number
  readonly outcomes: Map<string, number>
}

export class Strangers {
  readonly #sink: AuditSink
  readonly #clock: Clock
  readonly #windows = new Map<string, Window>()

  constructor(sink: AuditSink, clock: Clock) {
    this.#sink = sink
    this.#clock = clock
  }

  /** Writes the line, or counts it where this address has had its share. */
  record(event: AuditEvent): void {
    const now = this.#clock()
    const asked = event.address ?? others
    const key = this.#windows.has(asked) || this.#windows.size < addressesTold ? asked : others
    const window = this.#windowOf(key, now)
    if (window.written < linesPerWindow) {
      window.written++
      this.#sink.record(event)
      return
    }
    const outcome = event.outcome ?? String(event.status ?? 'unknown')
    window.counted++
    window.outcomes.set(outcome, (window.outcomes.get(outcome) ?? 0) + 1)
  }

  /** Writes the counts of windows that are over; all of them where `isEnd`. Call every few seconds, and before the end. */
  flush(isEnd = false): void {
    const now = this.#clock()
    for (const [key, window] of this.#windows)
      if (isEnd || isOver(window, now)) {
        this.#windows.delete(key)
        this.#tell(key, window, now)
      }
  }

  #windowOf(key: string, now: number): Window {
    const known = this.#windows.get(key)
    if (known !== undefined && !isOver(known, now)) return known
    if (known !== undefined) this.#tell(key, known, now)
    const window = { since: now, written: 0, counted: 0, outcomes: new Map<string, number>() }
    this.#windows.set(key, window)
    return window
  }

  #tell(key: string, { since, counted, outcomes }: Window, now: number): void {
    if (counted === 0) return
    this.#sink.record({
      kind: 'exchange.repeated',
      at: now,
      ...(key === others ? {} : { address: key }),
      since: new Date(since).toISOString(),
      count: counted,
      outcomes: [...outcomes].map(([outcome, count]) => `${outcome}:${count}`).join(' ')
    })
  }
}

/** A clock that went back ends a window too: it would last as long as the step otherwise. */
function isOver({ since }: Window, now: number): boolean {
  return now - since >= windowMs || now < since
}
