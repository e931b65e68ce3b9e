/** What the watch on people does: the journal's line, notices to people, and suspensions. */
import type { AuditEvent } from '../audit/event.ts'
import { bytesInWords } from '../budgets/sentences.ts'
import type { ObservedExchange } from '../metering/observation.ts'
import { reason, type Words } from '../reasons/reason.ts'
import type { ProgramVerdict } from '../unusual/program-days.ts'
import type { Counted, UsedProgram } from '../unusual/program-usage.ts'
import type { UnusualStep } from '../unusual/steps.ts'
import type { UnusualVerdict } from '../unusual/unusual.ts'
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
      actOnProgram: (verdict, program, counted, steps) =>
        actOnProgram(verdict, program, { counted, steps }, runtime).catch(error =>
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
  verdict: UnusualVerdict,
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

/** Programs cannot answer, and their owners are not suspended for them: quotas, and budgets per token, stop programs. */
async function actOnProgram(
  verdict: ProgramVerdict,
  program: UsedProgram,
  { counted, steps }: { readonly counted: Counted; readonly steps: readonly UnusualStep[] },
  runtime: Services
): Promise<void> {
  const { metrics, clock } = runtime
  const { level, score } = verdict
  const { account, name, token, app, address } = program
  metrics.count('factorgate_unusual_total', level)
  const of = { token: { account, name, token }, owner: { account, name }, everyone: {} }[counted]
  const { why, reasons } = await wordsOfPrograms(verdict, program, counted, runtime)
  const event: AuditEvent = {
    kind: 'watch.unusual',
    at: clock(),
    ...of,
    address,
    app,
    outcome: level,
    score: Math.round(score),
    signals: `${counted === 'token' ? 'programBytes' : 'programsBytes'}:${Math.round(score)}`,
    steps: steps.filter(step => step === 'journal' || step === 'notify').join(','),
    isTold: steps.includes('notify'),
    why
  }
  watchSink(runtime).record(event, reasons)
}

async function wordsOfPrograms(
  { bytes, usualBytes }: ProgramVerdict,
  { token, name }: UsedProgram,
  counted: Counted,
  { tokens }: Services
): Promise<Words> {
  const usual = Math.max(1, Math.round(usualBytes))
  const facts = { amount: Math.round(bytes), usual }
  const [fetched, usually] = [bytesInWords(bytes), bytesInWords(usual)]
  if (counted !== 'token') {
    const whose = counted === 'owner' ? `The programs of ${name}` : 'All programs'
    const of = counted === 'owner' ? reason('ofAccount', { name }) : reason('ofEveryone', {})
    const why = `${whose} have fetched ${fetched} together today; on a usual day they fetch ${usually}.`
    return { why, reasons: [of, reason('programsBytes', facts)] }
  }
  const found = await tokens.byId(token).catch(() => null)
  const program = found === null ? token : `'${found.name}'`
  return {
    why: `The program ${program} of ${name} has fetched ${fetched} today; on a usual day it fetches ${usually}.`,
    reasons: [reason('ofAccount', { name }), reason('programBytes', { program: found?.name ?? token, ...facts })]
  }
}
