/**
 * The watch as the gate runs it, without HTTP: each request passes the question for a proof, an observed flow that may be held, and the
 * observers; people and groups are kept in a store. The clock is that of the simulation.
 */
import type { Proof } from '../../../src/factor/proof.ts'
import type { Flow } from '../../../src/metering/flow.ts'
import { type ObservedExchange, Observers } from '../../../src/metering/observation.ts'
import { ObservedFlow } from '../../../src/metering/observed-flow.ts'
import { Asks } from '../../../src/unusual/asks.ts'
import { everyone } from '../../../src/unusual/group.ts'
import type { Context } from '../../../src/unusual/score.ts'
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
  #isEnded = false
  /** The sessions that were ended, and the ones that their owners have begun instead. */
  readonly #renewed = new Map<string, string>()
  readonly #clock = () => this.#now
  readonly #observers = new Observers()
  /** The second factors that were shown after the sign-in. */
  readonly #proofs = new Map<string, readonly Proof[]>()
  readonly #flows = new WeakMap<object, Flow>()
  readonly #asks: Asks
  readonly #watch: UnusualWatch

  private constructor(learnSeconds: number) {
    const store = new MemoryStore(this.#clock)
    this.#asks = new Asks({ store, clock: this.#clock, proofsNow: async session => this.#proofs.get(session) ?? [] })
    this.#watch = new UnusualWatch(
      {
        store,
        clock: this.#clock,
        observers: this.#observers,
        isShared: true,
        asks: this.#asks,
        act: async (verdict, taken) => {
          this.last = verdict
          this.#said = taken
        },
        actOnProgram: async () => {},
        endSession: async () => {
          this.#isEnded = true
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
    await gate.#asks.start()
    await gate.#watch.start()
    await gate.#watch.configure({ learn: learnSeconds, countries, ...steps }, () => true)
    return gate
  }

  observe(event: Event): Heard {
    this.#now = event.at
    this.#said = []
    this.#isEnded = false
    const { exchange, isFirst, isLast, bytes, bytesIn, status } = event
    let flow = isFirst ? null : this.#flows.get(exchange)
    // It was cut.
    if (flow === undefined) return { answer: 'nothing', isRefused: false, isHeld: false, isEnded: false }
    if (flow === null) {
      const observed = observedOf(event, this.#sessionOf(event))
      if (this.#watch.demandOn(this.#who(event)) !== null) {
        const refused = { phase: 'refused', status: 403, reason: 'unusual_proof_required' } as const
        this.#observers.tell({ exchange: observed, at: event.at, bytesIn: 0, bytesOut: 0, isFirst: true, ...refused })
        return { answer: 'nothing', isRefused: true, isHeld: false, isEnded: false }
      }
      flow = this.#watch.hold(observed, new ObservedFlow(observed, this.#observers, this.#clock)) as Flow
      flow.begin(holder)
      if (!isLast) this.#flows.set(exchange, flow)
    }
    flow.answered(status)
    const mayFlow = (bytesIn === 0 || flow.received(bytesIn)) && (bytes === 0 || flow.sent(bytes))
    if (this.#isEnded) this.#renewed.set(event.session, `${this.#sessionOf(event)}+`)
    if (isLast) flow.end(null)
    if (isLast) this.#watch.judgeEnded()
    if (isLast && !isFirst) this.#flows.delete(exchange)
    return { answer: answerOf(this.#said), isRefused: false, isHeld: !mayFlow && !isLast, isEnded: this.#isEnded }
  }

  proved(event: Event): void {
    this.#now = event.at
    this.#proofs.set(this.#sessionOf(event), [{ kind: 'totp', at: event.at + 1, userVerified: false, generation: 1 }])
    this.#watch.demandOn(this.#who(event))
  }

  cut({ exchange }: Event): void {
    this.#flows.get(exchange)?.end('unusual')
    this.#watch.judgeEnded()
    this.#flows.delete(exchange)
  }

  /** What the judge sees now; null while the person is not loaded. */
  contextOf(event: Event): Context | null {
    const { people } = this.#watch
    const live = people.all.get(event.account)
    if (live === undefined || !live.isLoaded) return null
    const { person } = live
    const track = { doubts: this.#watch.doubtsOf(this.#sessionOf(event)) }
    return { person, track, usual: people.usual(live), all: people.group(everyone, person.day), now: event.at }
  }

  /** Loads and writes what is due, which a gate does every second. */
  settle(now: number): Promise<void> {
    this.#now = now
    return this.#watch.tick()
  }

  stop(): Promise<void> {
    return this.#watch.stop()
  }

  #sessionOf({ session }: Event): string {
    return this.#renewed.get(session) ?? session
  }

  #who(event: Event) {
    const { account, sessionStartedAt } = event
    const session = this.#sessionOf(event)
    const signIn: Proof = { kind: 'totp', at: sessionStartedAt, userVerified: false, generation: 1 }
    return { account, session, proofs: this.#proofs.get(session) ?? [signIn] }
  }
}

function observedOf({ account, groups, app, method, path, address, ...event }: Event, session: string) {
  const question = path.indexOf('?')
  const { sessionStartedAt, signedInWith } = event
  const { userAgent, rawHeaders } = event.client
  const observed: ObservedExchange = {
    reference: '',
    person: { account, name: account, groups, session, sessionStartedAt, signedInWith },
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
    isSocket: event.fetchDest === 'websocket',
    isLed: false
  }
  return observed
}

function answerOf(taken: readonly UnusualStep[]): Heard['answer'] {
  if (taken.includes('suspend')) return 'suspend'
  if (taken.includes('step-up')) return 'step-up'
  return taken.includes('notify') ? 'notice' : 'nothing'
}
