/**
 * The watch as the gate runs it, without HTTP: each request passes the question for a proof, an observed flow that may be held, and the
 * observers; people and groups are kept in a store. The clock is that of the simulation.
 */
import type { Proof } from '../../../src/factor/proof.ts'
import type { Flow } from '../../../src/metering/flow.ts'
import { type ObservedExchange, Observers } from '../../../src/metering/observation.ts'
import { ObservedFlow } from '../../../src/metering/observed-flow.ts'
import type { UnusualStep } from '../../../src/unusual/steps.ts'
import type { Verdict } from '../../../src/unusual/unusual.ts'
import { UnusualWatch } from '../../../src/unusual/unusual-watch.ts'
import { MemoryStore } from '../../fixtures/in-process/memory-store.ts'
import type { Detector, Heard } from './detectors.ts'
import type { Event } from './events.ts'

/** As `unusual: {}` sets them. */
const steps = { strange: ['journal', 'notify'], alarming: ['step-up'], extreme: ['suspend'] } as const

const holder = { goOn: () => {}, cut: () => {} }

export class SimulatedGate implements Detector {
  readonly name = 'watch'
  /** What was said last. */
  last: Verdict | null = null
  #now = 0
  #said: readonly UnusualStep[] = []
  readonly #clock = () => this.#now
  readonly #observers = new Observers()
  /** The second factors that were shown after the sign-in. */
  readonly #proofs = new Map<string, readonly Proof[]>()
  readonly #flows = new WeakMap<object, Flow>()
  readonly #watch: UnusualWatch

  private constructor(learnSeconds: number) {
    this.#watch = new UnusualWatch(
      {
        store: new MemoryStore(this.#clock),
        clock: this.#clock,
        observers: this.#observers,
        proofsNow: async session => this.#proofs.get(session) ?? [],
        onSessionChange: () => () => {},
        actOnProgram: async () => {},
        act: async (verdict, taken) => {
          this.last = verdict
          this.#said = taken
        },
        say: why => {
          throw new Error(why)
        },
        onStoreProblem: problem => {
          if (problem !== null) throw problem
        }
      },
      { learn: learnSeconds, countries: null, ...steps }
    )
  }

  static async start(learnSeconds: number, countries: string, now: number): Promise<SimulatedGate> {
    const gate = new SimulatedGate(learnSeconds)
    gate.#now = now
    await gate.#watch.start()
    await gate.#watch.configure({ learn: learnSeconds, countries, ...steps }, () => true)
    return gate
  }

  observe(event: Event): Heard {
    this.#now = event.at
    this.#said = []
    const { exchange, isFirst, isLast, bytes, bytesIn, status } = event
    let flow = isFirst ? null : this.#flows.get(exchange)
    // It was cut.
    if (flow === undefined) return { answer: 'nothing', isRefused: false, isHeld: false }
    if (flow === null) {
      const observed = observedOf(event)
      if (this.#watch.demandOn(this.#who(event)) !== null) {
        const refused = { phase: 'refused', status: 403, reason: 'unusual_proof_required' } as const
        this.#observers.tell({ exchange: observed, at: event.at, bytesIn: 0, bytesOut: 0, isFirst: true, ...refused })
        return { answer: 'nothing', isRefused: true, isHeld: false }
      }
      flow = this.#watch.hold(observed, new ObservedFlow(observed, this.#observers, this.#clock)) as Flow
      flow.begin(holder)
      if (!isLast) this.#flows.set(exchange, flow)
    }
    flow.answered(status)
    const mayFlow = (bytesIn === 0 || flow.received(bytesIn)) && (bytes === 0 || flow.sent(bytes))
    if (isLast) flow.end(null)
    if (isLast && !isFirst) this.#flows.delete(exchange)
    return { answer: answerOf(this.#said), isRefused: false, isHeld: !mayFlow && !isLast }
  }

  proved(event: Event): void {
    this.#now = event.at
    this.#proofs.set(event.session, [{ kind: 'totp', at: event.at + 1, userVerified: false, generation: 1 }])
    this.#watch.demandOn(this.#who(event))
  }

  cut({ exchange }: Event): void {
    this.#flows.get(exchange)?.end('unusual')
    this.#flows.delete(exchange)
  }

  /** Loads and writes what is due, which a gate does every second. */
  settle(now: number): Promise<void> {
    this.#now = now
    return this.#watch.tick()
  }

  stop(): Promise<void> {
    return this.#watch.stop()
  }

  #who({ account, session, sessionStartedAt }: Event) {
    const signIn: Proof = { kind: 'totp', at: sessionStartedAt, userVerified: false, generation: 1 }
    return { account, session, proofs: this.#proofs.get(session) ?? [signIn] }
  }
}

function observedOf({ account, groups, session, sessionStartedAt, app, method, path, address, ...event }: Event) {
  const question = path.indexOf('?')
  const { userAgent, rawHeaders } = event.client
  const observed: ObservedExchange = {
    reference: '',
    person: { account, name: account, groups, session, sessionStartedAt },
    app,
    method,
    path: question < 0 ? path : path.slice(0, question),
    query: question < 0 ? '' : path.slice(question),
    address,
    client: {
      userAgent,
      accept: '',
      acceptLanguage: '',
      fetchSite: '',
      fetchMode: '',
      fetchDest: event.fetchDest ?? '',
      rawHeaders
    },
    isSocket: event.fetchDest === 'websocket'
  }
  return observed
}

function answerOf(taken: readonly UnusualStep[]): Heard['answer'] {
  if (taken.includes('suspend')) return 'suspend'
  if (taken.includes('step-up')) return 'step-up'
  return taken.includes('notify') ? 'notice' : 'nothing'
}
