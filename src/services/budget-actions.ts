/** What passed budgets do: the journal's line, notices to people, suspensions, and cuts in this process. */
import type { AuditEvent } from '../audit/event.ts'
import { has } from '../budgets/budget.ts'
import { Budgets, type Passing } from '../budgets/budgets.ts'
import {
  type CountedSubject,
  reasonOfWho,
  reasonsOf,
  sentenceOf,
  sentenceOfJump,
  whoInWords
} from '../budgets/sentences.ts'
import { systemClock } from '../clock.ts'
import { closeCodes } from '../forwarding/live-connections.ts'
import type { Services } from './services.ts'
import { onSessionChange, standingNow } from './session-changes.ts'
import { watchSink } from './watch-sink.ts'
import { suspendByWatch } from './watch-suspension.ts'

export async function startBudgets(runtime: Services): Promise<Budgets> {
  const { store, clock, live, cache, log, journal, isStoreShared } = runtime
  const budgets = new Budgets({
    store,
    clock,
    isShared: isStoreShared,
    act: passing =>
      act(passing, runtime).catch(error =>
        log.error({ err: error, budget: passing.budget.id }, 'a step of a passed budget failed')
      ),
    cutAll: ({ per, app }, subject) => {
      const which = per === 'person' || per === 'session' || per === 'token' ? { [keyOf[per]]: subject } : {}
      live.endWhere({ ...which, app: per === 'app' ? subject : app }, 'budget', closeCodes.policy, 'budget_spent')
    },
    standingNow: session => standingNow(cache, session),
    onTrouble: error => sayTrouble(error, runtime),
    onTooNew: error => {
      const why = `${error.message} Until then guarded apps send nothing to those whom it concerns, and the others go on.`
      log.error({ err: error }, why)
      journal.record({ kind: 'watch.budget', at: clock(), outcome: 'record_too_new', why })
    },
    // A clock of a test is no machine's.
    running: clock === systemClock ? () => performance.now() : undefined,
    onClockJump: jump => {
      const why = sentenceOfJump(jump)
      log.warn(why)
      journal.record({ kind: 'watch.budget', at: clock(), outcome: 'clock_set', why })
    }
  })
  await budgets.start()
  // They live as long as the process.
  onSessionChange(cache, session => void budgets.sessionChanged(session))
  return budgets
}

const keyOf = { person: 'account', session: 'session', token: 'token' } as const

async function act(passing: Passing, runtime: Services): Promise<void> {
  const { budget, subject, account, happening, spent, own, limit, isSuspending, isSpared, at } = passing
  // Every new proof begins this count anew.
  if (happening === 'bought' && budget.isPerProof) return
  const { accounts, tokens, metrics } = runtime
  const person = account === null ? null : await accounts.byId(account).catch(() => null)
  const isOfPerson = budget.per === 'person' || budget.per === 'session' || budget.per === 'token'
  const token = budget.per === 'token' ? await tokens.byId(subject).catch(() => null) : null
  const name = person?.name ?? 'somebody'
  const who: CountedSubject =
    token !== null
      ? { kind: 'program', program: token.name, name }
      : isOfPerson
        ? { kind: 'account', name }
        : budget.per === 'app'
          ? { kind: 'app', app: subject }
          : { kind: 'everyone' }
  const told = { spent, own, limit }
  const why = sentenceOf(budget, told, happening, whoInWords(who))
  const reasons = reasonsOf(budget, told, happening)
  const sink = watchSink(runtime)
  const whom = isOfPerson && person !== null ? { account: person.id, name: person.name } : {}
  metrics.count('factorgate_budget_events_total', budget.id, happening)
  const event: AuditEvent = {
    kind: 'watch.budget',
    at,
    ...whom,
    session: budget.per === 'session' ? subject : undefined,
    token: budget.per === 'token' ? subject : undefined,
    app: budget.app ?? (budget.per === 'app' ? subject : undefined),
    outcome: happening,
    budget: budget.id,
    per: budget.per,
    counted: budget.counted,
    direction: budget.counted === 'bytes' ? budget.direction : undefined,
    used: spent,
    led: own < spent ? spent - own : undefined,
    spared: isSpared ? 'led' : undefined,
    limit,
    window: budget.isPerProof ? undefined : budget.windowSeconds,
    steps: budget.steps.join(','),
    isTold: happening === 'bought' ? undefined : has(budget, 'notify'),
    why
  }
  sink.record(event, reasons.length === 0 ? [] : [reasonOfWho(who), ...reasons])
  if (isSuspending && person !== null)
    await suspendByWatch({ account: person.id, words: { why, reasons }, cause: 'budget', at, sink }, runtime)
}

/** It logs one line each time, because budgets that are not shared let more through. */
function sayTrouble(error: unknown, { journal, log, clock }: Services): void {
  if (error === null) {
    log.info('budgets are counted in the store again')
    journal.record({
      kind: 'watch.budget',
      at: clock(),
      outcome: 'store_up',
      why: 'Budgets are counted in the store again.'
    })
    return
  }
  const why =
    'The store does not answer, so this gate counts budgets for itself: guarded apps send nothing, the others no more than each budget allows at this gate.'
  log.error({ err: error }, why)
  journal.record({ kind: 'watch.budget', at: clock(), outcome: 'store_down', why })
}
