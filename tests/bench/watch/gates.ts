/** Two gates on one store. Most sessions stay at one of them, some move, and each gate starts anew every few days. */
import type { Proof } from '../../../src/factor/proof.ts'
import type { Context } from '../../../src/unusual/score.ts'
import type { UnusualVerdict } from '../../../src/unusual/unusual.ts'
import { MemoryStore } from '../../fixtures/in-process/memory-store.ts'
import type { Detector, Heard } from './detectors.ts'
import { dayMs, type Event, hourMs } from './events.ts'
import { type SharedByGates, SimulatedGate } from './gate.ts'
import { Random } from './random.ts'

const gateCount = 2
/** One session in so many changes to the other gate from hour to hour. */
const movingOneIn = 5
const restartDays = [1.5, 5] as const

export class SimulatedGates implements Detector {
  readonly name = 'watch'
  /** What was said last. */
  last: UnusualVerdict | null = null
  isDue = false
  #now: number
  readonly #random = new Random(gateCount)
  readonly #shared: SharedByGates
  readonly #gates: { gate: SimulatedGate; restartAt: number }[] = []
  /** Where exchanges of several pieces have begun. */
  readonly #begunAt = new WeakMap<object, SimulatedGate>()
  #served: SimulatedGate | null = null

  private constructor(learnSeconds: number, countries: string | null, now: number) {
    this.#now = now
    const clock = () => this.#now
    const [proofs, renewed] = [new Map<string, readonly Proof[]>(), new Map<string, string>()]
    this.#shared = { store: new MemoryStore(clock), clock, learnSeconds, countries, proofs, renewed }
  }

  static async start(learnSeconds: number, countries: string | null, now: number): Promise<SimulatedGates> {
    const gates = new SimulatedGates(learnSeconds, countries, now)
    for (let i = 0; i < gateCount; i++) gates.#gates.push(await gates.#startGate())
    return gates
  }

  observe(event: Event): Heard {
    this.#now = event.at
    const gate = this.#gateOf(event)
    this.#served = gate
    const heard = gate.observe(event)
    if (heard.answer !== 'nothing') this.last = gate.last
    this.isDue ||= heard.answer !== 'nothing' || gate.isDue(event.account)
    return heard
  }

  proved(event: Event): void {
    this.#now = event.at
    const serving = this.#gateOf(event)
    const proof: Proof = { kind: 'totp', at: event.at + 1, userVerified: false, generation: 1 }
    this.#shared.proofs.set(serving.sessionOf(event), [proof])
    serving.proved(event)
    for (const { gate } of this.#gates) if (gate !== serving) void gate.sessionChanged(event)
    this.isDue = true
  }

  cut(event: Event): void {
    this.#gateOf(event).cut(event)
  }

  /** What the judge sees who saw the last event. */
  contextOf(event: Event): Context | null {
    return this.#served?.contextOf(event) ?? null
  }

  async settle(now: number): Promise<void> {
    this.#now = now
    this.isDue = false
    for (const [i, { gate, restartAt }] of this.#gates.entries()) {
      if (now < restartAt) await gate.settle()
      else {
        await gate.stop()
        this.#gates[i] = await this.#startGate()
      }
    }
  }

  async stop(): Promise<void> {
    for (const { gate } of this.#gates) await gate.stop()
  }

  async #startGate(): Promise<{ gate: SimulatedGate; restartAt: number }> {
    const restartAt = this.#now + this.#random.between(...restartDays) * dayMs
    return { gate: await SimulatedGate.start(this.#shared), restartAt }
  }

  #gateOf({ exchange, session, at, isFirst, isLast }: Event): SimulatedGate {
    if (!isFirst) {
      const begun = this.#begunAt.get(exchange)
      if (begun !== undefined && this.#gates.some(({ gate }) => gate === begun)) return begun
    }
    const hash = hashOf(session)
    const isMoving = hash % movingOneIn === 0
    const number = Math.floor(hash / movingOneIn) + (isMoving ? Math.floor(at / hourMs) : 0)
    const { gate } = this.#gates[number % gateCount]!
    if (!isFirst || !isLast) this.#begunAt.set(exchange, gate)
    return gate
  }
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
