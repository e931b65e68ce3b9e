/** What the watch on people does: the journal's line, with which people are told, and suspensions. */
import { countingSink } from '../audit/audit-metrics.ts'
import type { ObservedExchange } from '../metering/observation.ts'
import type { UnusualStep } from '../unusual/steps.ts'
import type { Verdict } from '../unusual/unusual.ts'
import { type UnusualSettings, UnusualWatch } from '../unusual/unusual-watch.ts'
import type { Services } from './services.ts'
import { onSessionChange, proofsNow } from './session-changes.ts'
import { suspendByWatch } from './watch-suspension.ts'

/** The journal's sentence holds the strongest signals. */
const sentencesMost = 3

export async function startUnusual(runtime: Services, settings: UnusualSettings): Promise<UnusualWatch> {
  const { store, clock, log, cache, observers, journal } = runtime
  const watch = new UnusualWatch(
    {
      store,
      clock,
      observers,
      proofsNow: session => proofsNow(cache, session),
      onSessionChange: listener => onSessionChange(cache, listener),
      act: (verdict, steps, exchange) =>
        act(verdict, steps, exchange, runtime).catch(error =>
          log.error({ err: error, account: verdict.account }, 'a step of the watch on people failed')
        ),
      say: why => {
        log.warn(why)
        journal.record({ kind: 'watch.unusual', at: clock(), outcome: 'degraded', why })
      },
      onStoreProblem: problem =>
        problem === null
          ? log.info('what is usual for people is written to the store again')
          : log.error({ err: problem }, 'what is usual for people cannot be written to the store; this gate keeps it')
    },
    settings
  )
  await watch.start()
  return watch
}

async function act(
  verdict: Verdict,
  steps: readonly UnusualStep[],
  { person, address }: ObservedExchange,
  runtime: Services
): Promise<void> {
  const { account, level, at, app, session, score, signals, isLearning } = verdict
  const { journal, metrics } = runtime
  const counted = countingSink(journal, metrics)
  const sink = runtime.notifying?.sink(counted) ?? counted
  const why = signals
    .slice(0, sentencesMost)
    .map(({ sentence }) => sentence)
    .join(' ')
  metrics.count('factorgate_unusual_total', level)
  sink.record({
    kind: 'watch.unusual',
    at,
    account,
    name: person?.name,
    session,
    address,
    app,
    outcome: level,
    score,
    signals: signals.map(({ id, points }) => `${id}:${points}`).join(' '),
    steps: steps.join(','),
    isLearning: isLearning ? true : undefined,
    isTold: steps.includes('notify'),
    why
  })
  if (steps.includes('suspend')) await suspendByWatch({ account, why, cause: 'unusual', at, sink }, runtime)
}
