/** The flow of an exchange that spends budgets. */
import type { Clock } from '../clock.ts'
import { newestAt, type Proof, takenAt } from '../factor/proof.ts'
import type { Direction, Flow, Holder } from '../metering/flow.ts'
import type { ObservedFlow } from '../metering/observed-flow.ts'
import type { Budget } from './budget.ts'
import type { Who } from './demand.ts'
import type { Meter } from './meter.ts'
import type { Spender } from './spender.ts'

export interface FlowKeeper {
  noteSpent(meter: Meter): void
  /** `by` waits for the next settlement; an urgent one comes at once. */
  wait(meter: Meter, by: Spender, isUrgent: boolean): void
  leave(meter: Meter, by: Spender): void
  /** The latest proofs, whatever host showed them; undefined if unknown. */
  shownBy(session: string): readonly Proof[] | undefined
  beginNext(meter: Meter): void
}

interface FlowFacts {
  /** Null for a stranger. */
  readonly who: Who | null
  readonly isGuarded: boolean
  readonly isEnforced: boolean
  readonly isLed: boolean
}

const nobody: readonly Proof[] = []

export class CountedFlow implements Flow, Spender {
  readonly facts: FlowFacts
  readonly meters: readonly Meter[]
  readonly #keeper: FlowKeeper
  readonly #clock: Clock
  readonly #observed: ObservedFlow | null
  #holder: Holder | null = null
  #waitsIn = false
  #waitsOut = false
  #isOver = false
  #proofs: readonly Proof[]

  constructor(
    facts: FlowFacts,
    meters: readonly Meter[],
    keeper: FlowKeeper,
    clock: Clock,
    observed: ObservedFlow | null
  ) {
    this.facts = facts
    this.meters = meters
    this.#proofs = facts.who === null ? nobody : facts.who.proofs
    this.#keeper = keeper
    this.#clock = clock
    this.#observed = observed
  }

  get session(): string | null {
    return this.facts.who === null ? null : this.facts.who.session
  }

  get proofs(): readonly Proof[] {
    return this.#proofs
  }

  get isGuarded(): boolean {
    return this.facts.isGuarded
  }

  get signedInAt(): number {
    return newestAt(this.#proofs)
  }

  provedAt(budget: Budget): number {
    return takenAt(this.#proofs, budget)
  }

  prove(proofs: readonly Proof[]): void {
    this.#proofs = proofs
    for (const meter of this.meters) meter.note(this, null)
  }

  begin(holder: Holder): void {
    this.#holder = holder
    for (const meter of this.meters) meter.users++
    this.#observed?.begin(holder)
  }

  sent(bytes: number): boolean {
    const now = this.#clock()
    this.#observed?.passed(0, bytes, now)
    this.#waitsOut = !this.#pass(bytes, 'out', now)
    return !this.#waitsOut
  }

  received(bytes: number): boolean {
    const now = this.#clock()
    this.#observed?.passed(bytes, 0, now)
    this.#waitsIn = !this.#pass(bytes, 'in', now)
    return !this.#waitsIn
  }

  answered(status: number): void {
    this.#observed?.answered(status)
  }

  end(cut: string | null): void {
    this.#isOver = true
    if (this.#holder !== null) for (const meter of this.meters) meter.users--
    if (this.#waitsIn || this.#waitsOut) for (const meter of this.meters) this.#keeper.leave(meter, this)
    this.#holder = null
    for (const meter of this.meters) if (meter.waiting.length > 0) this.#keeper.beginNext(meter)
    this.#observed?.end(cut)
  }

  goOn(): void {
    if (this.#isOver) return
    for (const meter of this.meters) this.#keeper.leave(meter, this)
    const now = this.#clock()
    if (this.#waitsOut && this.#mayFlow('out', now)) this.#release('out')
    if (!this.#isOver && this.#waitsIn && this.#mayFlow('in', now)) this.#release('in')
  }

  cut(): void {
    this.#holder?.cut('budget', 'budget_spent')
  }

  /** True for a new proof. A silent flow does not wait, so nobody tells it. */
  #showsMore(): boolean {
    const shown = this.session === null ? undefined : this.#keeper.shownBy(this.session)
    if (shown === undefined || newestAt(shown) <= this.signedInAt) return false
    this.prove(shown)
    return true
  }

  #release(direction: Direction): void {
    if (direction === 'out') this.#waitsOut = false
    else this.#waitsIn = false
    this.#holder?.goOn(direction)
  }

  #pass(bytes: number, direction: Direction, now: number): boolean {
    for (const meter of this.meters) {
      if (meter.counted !== 'bytes' && meter.mode !== 'slow') continue
      if (meter.budget.direction !== direction) continue
      if (meter.pass(bytes, now, this.facts.isLed)) this.#keeper.noteSpent(meter)
    }
    return this.#mayFlow(direction, now)
  }

  #mayFlow(direction: Direction, now: number): boolean {
    if (!this.facts.isEnforced) return true
    let mayFlow = true
    for (const meter of this.meters) {
      if (!meter.isStrict || meter.budget.direction !== direction || (meter.flowsFreely && !this.facts.isGuarded))
        continue
      let answer = meter.mayFlow(this, now)
      if ((answer === 'wait' || answer === 'cut') && this.#showsMore()) answer = meter.mayFlow(this, now)
      if (answer === 'flow') continue
      mayFlow = false
      if (answer === 'cut') {
        this.cut()
        return false
      }
      this.#keeper.wait(meter, this, answer === 'draw')
    }
    return mayFlow
  }
}
