/** The watch on people in one process. */
import type { Demand, Who } from '../budgets/demand.ts'
import type { Clock } from '../clock.ts'
import type { Flow } from '../metering/flow.ts'
import type { ObservedExchange, Observers, Observation as Told } from '../metering/observation.ts'
import type { Words } from '../reasons/reason.ts'
import type { Store } from '../store/store.ts'
import type { Asks } from './asks.ts'
import { CountryFile } from './country-file.ts'
import { HeldFlow } from './held-flow.ts'
import { Keeper } from './keeper.ts'
import { observationOf } from './observer.ts'
import type { PeopleInMemory } from './people.ts'
import type { ProgramVerdict } from './program-days.ts'
import { type Counted, ProgramUsage, type UsedProgram } from './program-usage.ts'
import { type StepsOfLevels, sparesSuspension, stepsOf, type UnusualStep } from './steps.ts'
import type { DoubtFacts } from './track.ts'
import { Unusual, type UnusualVerdict } from './unusual.ts'
import { wordsOfVerdict } from './verdict-words.ts'

export interface UnusualSettings extends StepsOfLevels {
  /** Seconds. */
  readonly learn: number
  readonly countries: string | null
}

export interface Taken {
  readonly steps: readonly UnusualStep[]
  /** True if led requests alone have saved the account from a suspension. */
  readonly isSuspensionSpared: boolean
}

interface UnusualWatchOptions {
  readonly store: Store
  readonly clock: Clock
  readonly observers: Observers
  readonly asks: Asks
  /** Journal, notices and suspensions. It must not reject. */
  readonly act: (verdict: UnusualVerdict, taken: Taken, exchange: ObservedExchange) => Promise<void>
  /** Journal and notices. It must not reject. */
  readonly actOnProgram: (
    verdict: ProgramVerdict,
    program: UsedProgram,
    counted: Counted,
    steps: readonly UnusualStep[]
  ) => Promise<void>
  /** `words` are for its owner. Rejects if the store cannot write it. */
  readonly endSession: (session: string, account: string, words: Words) => Promise<unknown>
  /** A sentence for operators, once for each trouble. */
  readonly say: (why: string, isGood: boolean) => void
  /** Null when the store works again. */
  readonly onStoreProblem: (problem: Error | null) => void
  readonly isShared: boolean
}

const programFlushMs = 5_000
const countriesMs = 60_000

export class UnusualWatch {
  /** What the posture leaves of each threshold. */
  scale: (app: string) => number = () => 1
  readonly #options: UnusualWatchOptions
  readonly #unusual: Unusual
  readonly #keeper: Keeper
  readonly #programs: ProgramUsage
  #programTimer: NodeJS.Timeout | undefined
  #ended: Told[] = []
  #settings: UnusualSettings
  #isEnforced: (app: string) => boolean = () => true
  readonly #countries: CountryFile
  #timer: NodeJS.Timeout | undefined
  #stopObserving: (() => void) | undefined
  #stopHearing: (() => void) | undefined

  constructor(options: UnusualWatchOptions, settings: UnusualSettings) {
    const { store, clock, say } = options
    this.#options = options
    this.#settings = settings
    this.#countries = new CountryFile(say)
    this.#unusual = new Unusual({
      isKept: true,
      learnMs: () => this.#settings.learn * 1000,
      findPlace: address => this.#countries.placeOf(address),
      sensitivity: app => this.scale(app),
      onClockBack: days => say(`The clock went back by ${days} days. What was learned of people is kept.`, false)
    })
    const { isShared, onStoreProblem: onProblem } = options
    this.#keeper = new Keeper({ people: this.#unusual.people, store, clock, onProblem, isShared })
    this.#programs = new ProgramUsage({
      store,
      clock,
      act: (verdict, program, counted) => {
        const facts = { level: verdict.level, isLearning: false, isSpared: false }
        return options.actOnProgram(
          verdict,
          program,
          counted,
          stepsOf(facts, this.#settings, this.#isEnforced(program.app))
        )
      },
      onStoreProblem: options.onStoreProblem
    })
  }

  async start(): Promise<void> {
    const { asks, clock } = this.#options
    this.#stopHearing = asks.onProved((account, session, at) => {
      this.judgeEnded()
      this.#unusual.proved(account, session, clock(), at)
    })
    this.#keeper.start()
    this.#programTimer = setInterval(() => void this.#programs.flush(), programFlushMs).unref()
    this.#timer = setInterval(() => void this.#countries.look(), countriesMs).unref()
    this.#stopObserving = this.#options.observers.add(told => {
      const { phase } = told
      const { isSocket } = told.exchange
      if (phase === 'start' && !isSocket) return
      const count = this.#ended.push(told)
      if (phase !== 'end' || isSocket) this.judgeEnded()
      else if (count === 1) setImmediate(() => this.judgeEnded())
    })
  }

  /** Judging many in a row, at the end of an event-loop turn, costs less. */
  judgeEnded(): void {
    if (this.#ended.length === 0) return
    const ended = this.#ended
    this.#ended = []
    for (const told of ended) this.#judge(told)
  }

  #isWaitingForJudgement(account: string): boolean {
    for (const { exchange } of this.#ended) if (exchange.person?.account === account) return true
    return false
  }

  /** Keeps what was learned. `isEnforced`: false for an app that stops nobody. */
  async configure(settings: UnusualSettings, isEnforced: (app: string) => boolean): Promise<void> {
    this.#settings = settings
    this.#isEnforced = isEnforced
    await this.#countries.use(settings.countries)
  }

  demandOn(who: Who | null, isGuarded = false): Demand | null {
    // Earlier exchanges count for this decision.
    if (who !== null && who.session !== null && this.#isWaitingForJudgement(who.account)) this.judgeEnded()
    return this.#options.asks.demandOn(who, isGuarded)
  }

  /** Reads what other gates have asked of the person. */
  load(account: string): Promise<void> {
    return this.#options.asks.load(account)
  }

  hold({ person }: ObservedExchange, inner: Flow | null): Flow | null {
    return person === null || person.token != null ? inner : new HeldFlow(person, inner, this.#options.asks)
  }

  tick(): Promise<void> {
    return this.#keeper.tick()
  }

  get people(): Pick<PeopleInMemory, 'all' | 'unwritten' | 'usual' | 'group'> {
    return this.#unusual.people
  }

  doubtsOf(session: string): readonly DoubtFacts[] {
    return this.#unusual.doubtsOf(session)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.judgeEnded()
    this.#stopObserving?.()
    this.#stopHearing?.()
    await this.#keeper.stop()
    clearInterval(this.#programTimer)
    await this.#programs.flush(true)
  }

  #judge(told: Told): void {
    this.#programs.note(told)
    const observation = observationOf(told)
    if (observation === null) return
    const verdict = this.#unusual.observe(observation)
    if (verdict !== null) void this.#act(verdict, told.exchange)
  }

  async #act(verdict: UnusualVerdict, exchange: ObservedExchange): Promise<void> {
    const isEnforced = this.#isEnforced(verdict.app)
    const steps = stepsOf(verdict, this.#settings, isEnforced)
    const isSuspensionSpared = sparesSuspension(verdict, this.#settings, isEnforced)
    const isSuspended = steps.includes('suspend')
    const isAsked = steps.includes('step-up') && !isSuspended
    // First, because it stops what runs. After a suspension the next sign-in is the answer.
    const asking = isAsked || isSuspended ? this.#options.asks.ask(verdict.account, verdict.at, isSuspended) : null
    // The owner's proof would also help whoever shares the session; a new sign-in does not.
    const ending =
      isAsked && verdict.isShared
        ? this.#options.endSession(verdict.session, verdict.account, wordsOfVerdict(verdict))
        : null
    await this.#options.act(verdict, { steps, isSuspensionSpared }, exchange)
    await Promise.all([asking, ending]).catch(error => this.#options.onStoreProblem(error))
  }
}
