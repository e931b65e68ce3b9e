/** The flow of a person's exchange that waits while a proof is asked of the person, for a minute at most. */
import type { Direction, Flow, Holder } from '../metering/flow.ts'
import type { Asks, Waiting } from './asks.ts'

/** So long does a running transfer wait for a proof. */
export const holdMs = 60_000

export class HeldFlow implements Flow, Waiting {
  readonly session: string
  readonly #account: string
  readonly #inner: Flow | null
  readonly #asks: Asks
  #holder: Holder | null = null
  /** What waits because of the ask, and because of the inner flow. */
  readonly #held = { in: false, out: false }
  readonly #innerWaits = { in: false, out: false }
  #timer: NodeJS.Timeout | undefined

  constructor(who: { readonly account: string; readonly session: string }, inner: Flow | null, asks: Asks) {
    this.#account = who.account
    this.session = who.session
    this.#inner = inner
    this.#asks = asks
  }

  begin(holder: Holder): void {
    this.#holder = holder
    this.#inner?.begin({
      goOn: direction => {
        this.#innerWaits[direction] = false
        if (!this.#held[direction]) holder.goOn(direction)
      },
      cut: (reason, code) => holder.cut(reason, code)
    })
  }

  sent(bytes: number): boolean {
    return this.#pass('out', this.#inner?.sent(bytes) ?? true)
  }

  received(bytes: number): boolean {
    return this.#pass('in', this.#inner?.received(bytes) ?? true)
  }

  answered(status: number): void {
    this.#inner?.answered(status)
  }

  end(cut: string | null): void {
    this.#release()
    this.#holder = null
    this.#inner?.end(cut)
  }

  goOn(): void {
    this.#release()
    for (const direction of ['out', 'in'] as const) {
      if (!this.#held[direction]) continue
      this.#held[direction] = false
      if (!this.#innerWaits[direction]) this.#holder?.goOn(direction)
    }
  }

  #pass(direction: Direction, mayFlow: boolean): boolean {
    this.#innerWaits[direction] = !mayFlow
    // One look-up in a map that is nearly always empty.
    if (!this.#asks.holds(this.#account, this.session)) return mayFlow
    this.#held[direction] = true
    if (this.#timer === undefined) {
      this.#asks.watch(this.#account, this.session)
      this.#asks.wait(this)
      this.#timer = setTimeout(() => this.#holder?.cut('unusual', 'unusual_proof_required'), holdMs).unref()
    }
    return false
  }

  #release(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#asks.leave(this)
  }
}
