/**
 * The watch as one gate runs it, without HTTP: each request passes the question for a proof, an observed flow that may be held, and the
 * observers. The clock is that of the simulation.
 */
import type { Clock } from '../../../src/clock.ts'
import type { Proof } from '../../../src/factor/proof.ts'
import type { Flow } from '../../../src/metering/flow.ts'
import { LedRequests } from '../../../src/metering/led-requests.ts'
import { type ObservedExchange, Observers } from '../../../src/metering/observation.ts'
import { ObservedFlow } from '../../../src/metering/observed-flow.ts'
import type { Store } from '../../../src/store/store.ts'
import { Asks } from '../../../src/unusual/asks.ts'
import { everyone } from '../../../src/unusual/group.ts'
import type { Context } from '../../../src/unusual/score.ts'
import type { UnusualStep } from '../../../src/unusual/steps.ts'
import type { UnusualVerdict } from '../../../src/unusual/unusual.ts'
import { UnusualWatch } from '../../../src/unusual/unusual-watch.ts'
import type { Heard } from './detectors.ts'
import type { Event } from './events.ts'

/** As `unusual: {}` sets them. */
const steps = { strange: ['journal', 'notify'], alarming: ['step-up'], extreme: ['suspend'] } as const

const holder = { goOn: () => {}, cut: () => {} }
const nothing: Heard = { answer: 'nothing', isRefused: false, isHeld: false, isEnded: false }
const muchRequests = 30
const muchBytes = 20e6
const site = { origin: 'https://files.lab.example', secure: true } as const

/** What the gates of one store know together. */
export interface SharedByGates {
  readonly store: Store
  readonly clock: Clock
  readonly learnSeconds: number
  /** The path of a file; null for none. */
  readonly countries: string | null
  /** The second factors that were shown after the sign-in, by session. */
  readonly proofs: Map<string, readonly Proof[]>
  /** The sessions that were ended, and the ones that their owners have begun instead. */
  readonly renewed: Map<string, string>
}

export class SimulatedGate {
  /** What was said last. */
  last: UnusualVerdict | null = null
  readonly #shared: SharedByGates
  #said: readonly UnusualStep[] = []
  #isEnded = false
  readonly #observers = new Observers()
  readonly #flows = new WeakMap<object, Flow>()
  readonly #cut = new WeakSet<object>()
  readonly #asks: Asks
  readonly #led: LedRequests
  readonly #watch: UnusualWatch

  private constructor(shared: SharedByGates) {
    this.#shared = shared
    const { store, clock, learnSeconds } = shared
    this.#asks = new Asks({ store, clock, proofsNow: async session => shared.proofs.get(session) ?? [] })
    this.#led = new LedRequests({ store, clock })
    this.#watch = new UnusualWatch(
      {
        store,
        clock,
        observers: this.#observers,
        isShared: true,
        asks: this.#asks,
        act: async (verdict, { steps }) => {
          this.last = verdict
          this.#said = steps
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

  static async start(shared: SharedByGates): Promise<SimulatedGate> {
    const gate = new SimulatedGate(shared)
    await gate.#asks.start()
    await gate.#led.start()
    await gate.#watch.start()
    const { learnSeconds: learn, countries } = shared
    await gate.#watch.configure({ learn, countries, ...steps }, () => true)
    return gate
  }

  observe(event: Event): Heard {
    this.#said = []
    this.#isEnded = false
    const { exchange, isFirst, isLast, bytes, bytesIn, status } = event
    const isWhole = isFirst && isLast
    if (!isWhole && this.#cut.has(exchange)) return nothing
    let flow = isFirst ? undefined : this.#flows.get(exchange)
    // What went on when a gate stopped is begun anew at another.
    if (flow === undefined) {
      const observed = this.#observedOf(event)
      if (this.#watch.demandOn(this.#who(event)) !== null) {
        const refused = { phase: 'refused', status: 403, reason: 'unusual_proof_required' } as const
        this.#observers.tell({ exchange: observed, at: event.at, bytesIn: 0, bytesOut: 0, isFirst: true, ...refused })
        return { ...nothing, isRefused: true }
      }
      flow = this.#watch.hold(observed, new ObservedFlow(observed, this.#observers, this.#shared.clock)) as Flow
      flow.begin(holder)
      if (!isLast) this.#flows.set(exchange, flow)
    }
    flow.answered(status)
    const mayFlow = (bytesIn === 0 || flow.received(bytesIn)) && (bytes === 0 || flow.sent(bytes))
    if (this.#isEnded) this.#shared.renewed.set(event.session, `${this.sessionOf(event)}+`)
    if (isLast) flow.end(null)
    if (isLast) this.#watch.judgeEnded()
    if (!isWhole && isLast) this.#flows.delete(exchange)
    return { answer: answerOf(this.#said), isRefused: false, isHeld: !mayFlow && !isLast, isEnded: this.#isEnded }
  }

  /** The next request of the session brings the proof. */
  proved(event: Event): void {
    this.#watch.demandOn(this.#who(event))
  }

  /** Another gate has seen the proof. */
  sessionChanged(event: Event): Promise<void> {
    return this.#asks.sessionChanged(this.sessionOf(event))
  }

  cut({ exchange }: Event): void {
    this.#flows.get(exchange)?.end('unusual')
    this.#watch.judgeEnded()
    this.#flows.delete(exchange)
    this.#cut.add(exchange)
  }

  /**
   * True if other gates do not know of an alarm, or the person has done much and is not loaded yet. A gate sees to both within a second. A person who has
   * done little waits for the next tick, because each tick takes its time.
   */
  isDue(account: string): boolean {
    const live = this.#watch.people.all.get(account)
    if (live === undefined) return false
    const { alarm } = live.person
    if (alarm > 0 && alarm !== live.syncedAlarm) return true
    let bytes = 0
    for (const each of live.waiting ?? []) bytes += each.bytes
    return !live.isLoaded && ((live.waiting?.length ?? 0) >= muchRequests || bytes >= muchBytes)
  }

  /** What the judge sees now; null while the person is not loaded. */
  contextOf(event: Event): Context | null {
    const { people } = this.#watch
    const live = people.all.get(event.account)
    if (live === undefined || !live.isLoaded) return null
    const { person } = live
    const track = { doubts: this.#watch.doubtsOf(this.sessionOf(event)) }
    return { person, track, usual: people.usual(live), all: people.group(everyone, person.day), now: event.at }
  }

  /** Loads and writes what is due, which a gate does every second. */
  settle(): Promise<void> {
    return this.#watch.tick()
  }

  async stop(): Promise<void> {
    await this.#watch.stop()
    this.#asks.stop()
    this.#led.stop()
  }

  sessionOf({ session }: Event): string {
    return this.#shared.renewed.get(session) ?? session
  }

  #who(event: Event) {
    const { account, sessionStartedAt } = event
    const session = this.sessionOf(event)
    const signIn: Proof = { kind: 'totp', at: sessionStartedAt, userVerified: false, generation: 1 }
    return { account, session, proofs: this.#shared.proofs.get(session) ?? [signIn] }
  }

  #observedOf(event: Event): ObservedExchange {
    const { account, groups, app, method, path, address, fetchDest = '', isSocket } = event
    const session = this.sessionOf(event)
    const question = path.indexOf('?')
    const { sessionStartedAt, signedInWith } = event
    const { userAgent, rawHeaders } = event.client
    const [fetchSite, fetchMode] = event.leads ? ['cross-site', 'navigate'] : ['', '']
    const headers = event.leads ? ledHeaders : unledHeaders
    return {
      reference: '',
      person: { account, name: account, groups, session, sessionStartedAt, signedInWith },
      app,
      method,
      path: question < 0 ? path : path.slice(0, question),
      query: question < 0 ? '' : path.slice(question),
      destination: '',
      address,
      client: { userAgent, accept: '', acceptLanguage: '', fetchSite, fetchMode, fetchDest, rawHeaders },
      isSocket,
      isLed: this.#led.isLed(headers, site, session)
    }
  }
}

const ledHeaders = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const unledHeaders = { 'sec-fetch-site': 'same-origin' }

function answerOf(taken: readonly UnusualStep[]): Heard['answer'] {
  if (taken.includes('suspend')) return 'suspend'
  if (taken.includes('step-up')) return 'step-up'
  return taken.includes('notify') ? 'notice' : 'nothing'
}
