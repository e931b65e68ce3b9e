/** What the watch on people does: the journal's line, with which people are told, and suspensions. */
import type { AuditEvent } from '../audit/event.ts'
import { bytesInWords } from '../budgets/sentences.ts'
import type { ObservedExchange } from '../metering/observation.ts'
import { reason } from '../reasons/reason.ts'
import type { ProgramVerdict } from '../unusual/program-days.ts'
import type { UsedProgram } from '../unusual/program-usage.ts'
import type { UnusualStep } from '../unusual/steps.ts'
import type { Verdict } from '../unusual/unusual.ts'
import { type Taken, type UnusualSettings, UnusualWatch } from '../unusual/unusual-watch.ts'
import { wordsOfVerdict } from '../unusual/verdict-words.ts'
import type { Services } from './services.ts'
import { watchCommonsOf } from './watch-commons.ts'
import { endByWatch } from './watch-ending.ts'
import { watchSink } from './watch-sink.ts'
import { suspendByWatch } from './watch-suspension.ts'

export async function startUnusual(runtime: Services, settings: UnusualSettings): Promise<UnusualWatch> {
  const { store, clock, log, observers, journal, isStoreShared } = runtime
  const { asks } = await watchCommonsOf(runtime)
  const watch = new UnusualWatch(
    {
      store,
      clock,
      observers,
      isShared: isStoreShared,
      asks,
      act: (verdict, taken, exchange) =>
        act(verdict, taken, exchange, runtime).catch(error =>
          log.error({ err: error, account: verdict.account }, 'a step of the watch on people failed')
        ),
      actOnProgram: (verdict, program, steps) =>
        actOnProgram(verdict, program, steps, runtime).catch(error =>
          log.error({ err: error, token: program.token }, 'a step of the watch on programs failed')
        ),
      // Connections of other gates end with the notice of it.
      endSession: (session, account, words) => endByWatch({ session, account, words, cut: 'unusual' }, runtime),
      say: (why, isGood) => {
        if (isGood) log.info(why)
        else log.warn(why)
        journal.record({ kind: 'watch.unusual', at: clock(), outcome: isGood ? 'restored' : 'degraded', why })
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
  { steps, isSuspensionSpared }: Taken,
  { person, address }: ObservedExchange,
  runtime: Services
): Promise<void> {
  const { account, level, at, app, session, score, signals, isLearning } = verdict
  const { metrics } = runtime
  const sink = watchSink(runtime)
  const words = wordsOfVerdict(verdict)
  metrics.count('factorgate_unusual_total', level)
  const event: AuditEvent = {
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
    spared: isSuspensionSpared ? 'led' : undefined,
    isLearning: isLearning ? true : undefined,
    isTold: steps.includes('notify'),
    why: words.why
  }
  sink.record(event, words.reasons)
  if (steps.includes('suspend')) await suspendByWatch({ account, words, cause: 'unusual', at, sink }, runtime)
}

/** Nothing is asked of a program, and its owner is not suspended for it: quotas, and budgets per token, stop programs. */
async function actOnProgram(
  { level, score, bytes, usualBytes }: ProgramVerdict,
  { account, name, token, app, address }: UsedProgram,
  steps: readonly UnusualStep[],
  runtime: Services
): Promise<void> {
  const { metrics, tokens, clock } = runtime
  const found = await tokens.byId(token).catch(() => null)
  const usual = Math.max(1, Math.round(usualBytes))
  const program = found === null ? token : `'${found.name}'`
  metrics.count('factorgate_unusual_total', level)
  const event: AuditEvent = {
    kind: 'watch.unusual',
    at: clock(),
    account,
    name,
    token,
    address,
    app,
    outcome: level,
    score: Math.round(score),
    signals: `programBytes:${Math.round(score)}`,
    steps: steps.filter(step => step === 'journal' || step === 'notify').join(','),
    isTold: steps.includes('notify'),
    why: `The program ${program} of ${name} has fetched ${bytesInWords(bytes)} today; on a usual day it fetches ${bytesInWords(usual)}.`
  }
  const facts = { program: found?.name ?? token, amount: Math.round(bytes), usual }
  watchSink(runtime).record(event, [reason('ofAccount', { name }), reason('programBytes', facts)])
}
