/** A flow that waits while its person must show a proof. */
import type { ErrorCode } from '../errors.ts'
import type { Direction, Flow, Holder } from '../metering/flow.ts'
import type { Asks, WaitingTransfer } from './asks.ts'

/** Milliseconds; then the transfer is cut. */
export const holdMs = 60_000

export class HeldFlow implements Flow, Holder, WaitingTransfer {
  readonly session: string
  readonly #account: string
  readonly #inner: Flow | null
  readonly #asks: Asks
  #holder: Holder | null = null
  #isInHeld = false
  #isOutHeld = false
  #innerHoldsIn = false
  #innerHoldsOut = false
  #timer: NodeJS.Timeout | undefined

  constructor(who: { readonly account: string; readonly session: string }, inner: Flow | null, asks: Asks) {
    this.#account = who.account
    this.session = who.session
    this.#inner = inner
    this.#asks = asks
  }

  begin(holder: Holder): void {
    this.#holder = holder
    this.#inner?.begin(this)
  }

  sent(bytes: number): boolean {
    const mayFlow = this.#inner === null || this.#inner.sent(bytes)
    this.#innerHoldsOut = !mayFlow
    if (!this.#asks.holds(this.#account, this.session)) return mayFlow
    this.#isOutHeld = true
    return this.#wait()
  }

  received(bytes: number): boolean {
    const mayFlow = this.#inner === null || this.#inner.received(bytes)
    this.#innerHoldsIn = !mayFlow
    if (!this.#asks.holds(this.#account, this.session)) return mayFlow
    this.#isInHeld = true
    return this.#wait()
  }

  answered(status: number): void {
    this.#inner?.answered(status)
  }

  end(cut: string | null): void {
    this.#release()
    this.#holder = null
    this.#inner?.end(cut)
  }

  goOn(direction: Direction): void {
    if (direction === 'in') this.#innerHoldsIn = false
    else this.#innerHoldsOut = false
    if (!(direction === 'in' ? this.#isInHeld : this.#isOutHeld)) this.#holder?.goOn(direction)
  }

  cut(reason: string, code: ErrorCode): void {
    this.#holder?.cut(reason, code)
  }

  onProved(): void {
    this.#release()
    const [wasOutHeld, wasInHeld] = [this.#isOutHeld, this.#isInHeld]
    this.#isOutHeld = this.#isInHeld = false
    if (wasOutHeld && !this.#innerHoldsOut) this.#holder?.goOn('out')
    if (wasInHeld && !this.#innerHoldsIn) this.#holder?.goOn('in')
  }

  #wait(): boolean {
    if (this.#timer !== undefined) return false
    this.#asks.watch(this.#account, this.session)
    this.#asks.wait(this)
    this.#timer = setTimeout(() => this.#holder?.cut('unusual', 'unusual_proof_required'), holdMs).unref()
    return false
  }

  #release(): void {
    if (this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#asks.leave(this)
  }
}
