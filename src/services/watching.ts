/** Composes the watch for the pipeline of one configuration. */
import type { IncomingMessage } from 'node:http'
import type { Config } from '../../config/schema.ts'
import type { DecoyPort } from '../../plugins/decoys.ts'
import type { Exchange } from '../../plugins/exchange.ts'
import type { WatchedFlows } from '../../plugins/forward.ts'
import type { WatchedVerdicts } from '../../plugins/forward-auth.ts'
import { observedExchange } from '../../plugins/observed-exchange.ts'
import type { Demands } from '../apps/authorize.ts'
import type { App } from '../apps/route-table.ts'
import type { Budget } from '../budgets/budget.ts'
import type { Budgets } from '../budgets/budgets.ts'
import type { Counted } from '../budgets/steps.ts'
import { quotaOf } from '../budgets/token-quota.ts'
import { type Clock, perTurn } from '../clock.ts'
import type { DecoyWatch } from '../decoys/decoy-watch.ts'
import { isStopping } from '../decoys/steps.ts'
import { describeError, type ErrorCode } from '../errors.ts'
import { factorKinds } from '../factor/kinds.ts'
import type { Proof } from '../factor/proof.ts'
import type { Leads } from '../metering/led-requests.ts'
import type { ObservedExchange } from '../metering/observation.ts'
import { ObservedFlow } from '../metering/observed-flow.ts'
import type { Permit } from '../policy/decision.ts'
import type { Program } from '../programs/program.ts'
import type { ProgramToken } from '../programs/program-token.ts'
import type { Principal } from '../session/principal.ts'
import type { Asks } from '../unusual/asks.ts'
import type { UnusualWatch } from '../unusual/unusual-watch.ts'
import type { Services } from './services.ts'
import { watchCommonsOf } from './watch-commons.ts'

interface Watching {
  /** Null if nothing is counted. */
  readonly leads: Leads | null
  readonly flows: WatchedFlows
  /** Null without a watch. */
  readonly demands: Demands | null
  /** Null if no app has decoys. */
  readonly decoys: DecoyPort | null
  readonly verdicts: WatchedVerdicts
  /** A refusal or a challenge of the gate. */
  onRefusal(code: string, exchange: Exchange, request: IncomingMessage): void
}

export async function watchingOf(config: Config, apps: readonly App[], runtime: Services): Promise<Watching> {
  const { observers } = runtime
  const clock = perTurn(runtime.clock)
  const budgets = await budgetsOf(config, apps, runtime)
  const unusual = await unusualOf(config, apps, runtime)
  const isWatching = unusual !== null || (budgets !== null && hasBudgets(config, apps))
  const decoys = await decoysOf(apps, runtime)
  // Those who follow a link to a decoy are asked even if others are suspended or cut.
  const isAsking = apps.some(app => app.decoys?.all.some(({ steps }) => isStopping(steps)))
  const asks = unusual !== null || isAsking ? (await watchCommonsOf(runtime)).asks : null
  if (asks !== null) asks.sessionSeconds = config.session.absolute
  const leads = isWatching ? (await watchCommonsOf(runtime)).led : null
  if (leads !== null) leads.ours = new Set([config.portal.url.origin, ...config.apps.map(({ url }) => url.origin)])
  const parts: Parts = { observers, clock, budgets, unusual, asks, leads, isWatching, isAsking }
  const tellRefusal = refusalTeller(parts)
  return {
    leads,
    verdicts: verdictsOf(parts, tellRefusal),
    flows: flowsOf(parts),
    demands: budgets === null && asks === null ? null : demandsOf(parts),
    decoys,
    onRefusal(code, exchange, request) {
      if (observers.isEmpty) return
      const observed = observedExchange(exchange, request, request.headers.upgrade !== undefined, leads)
      if (observed === null) return
      tellRefusal(observed, code as ErrorCode)
    }
  }
}

interface Parts {
  readonly observers: Services['observers']
  readonly clock: Clock
  readonly budgets: Budgets | null
  readonly unusual: UnusualWatch | null
  readonly asks: Asks | null
  readonly leads: Leads | null
  readonly isWatching: boolean
  /** A decoy of an app may ask for a proof. */
  readonly isAsking: boolean
}

type TellRefusal = (exchange: ObservedExchange, code: ErrorCode) => void

function refusalTeller({ observers, clock }: Parts): TellRefusal {
  const nothing = { bytesIn: 0, bytesOut: 0, isFirst: true }
  return (exchange, code) => {
    const { status } = describeError(code)
    observers.tell({ exchange, phase: 'refused', at: clock(), ...nothing, status, reason: code })
  }
}

/** The watch on verdicts for another proxy: the request counts, its bytes pass elsewhere. */
function verdictsOf(
  { observers, clock, budgets, leads, isWatching }: Parts,
  tellRefusal: TellRefusal
): WatchedVerdicts {
  return {
    leads,
    get isIdle() {
      return !isWatching && observers.isEmpty
    },
    onPermit(observed, app, permit, principal) {
      if (budgets !== null) openCounted(budgets, observed, app, permit, principal, null)
      if (observers.isEmpty) return
      const at = clock()
      const told = { exchange: observed, at, bytesIn: 0, bytesOut: 0, status: null, reason: null }
      observers.tell({ ...told, phase: 'start', isFirst: false })
      observers.tell({ ...told, phase: 'end', isFirst: true })
    },
    onRefusal(observed, code) {
      if (!observers.isEmpty) tellRefusal(observed, code)
    }
  }
}

/** The watch on what the gate forwards itself. */
function flowsOf({ observers, clock, budgets, unusual, leads, isWatching }: Parts): WatchedFlows {
  return {
    leads,
    get isIdle() {
      return !isWatching && observers.isEmpty
    },
    open: (observed, app, permit, who) => {
      const flow = observers.isEmpty ? null : new ObservedFlow(observed, observers, clock)
      const counted = budgets === null ? flow : (openCounted(budgets, observed, app, permit, who, flow) ?? flow)
      return unusual === null || app.isReportOnly ? counted : unusual.hold(observed, counted)
    }
  }
}

/** What must happen before a request passes: unusual use and decoys ask first, then budgets. */
function demandsOf({ budgets, unusual, asks, isWatching, isAsking }: Parts): Demands {
  return {
    onlyOfPrograms: !isWatching && !isAsking,
    on: (app, permit, who, token) =>
      (unusual ?? asks)?.demandOn(who, app.isGuarded === true) ??
      budgets?.demandOn(app, who, ownOf(app, permit, token)) ??
      null,
    ready(app, who) {
      const asked = who.session === null || asks === null ? null : asks.ready(who.account)
      const counted = budgets?.ready(app.id, who) ?? null
      return asked === null || counted === null ? (asked ?? counted) : Promise.all([asked, counted])
    },
    get hasRoom() {
      return budgets === null || budgets.hasRoom
    },
    room: (app, who, token, asked) =>
      budgets?.room(app, who, token === null ? (app.ownBudgets ?? []) : [quotaOf(token)], asked) ?? null
  }
}

const noProofs: readonly Proof[] = []

function openCounted(
  budgets: Budgets,
  { person, path, isLed }: ObservedExchange,
  app: App,
  permit: Permit,
  given: Principal | Program | null,
  flow: ObservedFlow | null
) {
  const token = given !== null && 'token' in given ? given.token : null
  const session = token === null ? (person?.session ?? null) : null
  const who =
    person === null
      ? null
      : { account: person.account, session, token: token?.id ?? null, proofs: given?.proofs ?? noProofs }
  return budgets.open(
    { app: app.id, path, who, isGuarded: app.isGuarded === true, isEnforced: !app.isReportOnly, isLed },
    ownOf(app, permit, token),
    flow
  )
}

/** Rules with `freshFor` take no tokens. */
function ownOf({ ownBudgets }: App, { freshForRule }: Permit, token: ProgramToken | null): Budget | null {
  if (token !== null) return quotaOf(token)
  return freshForRule === undefined ? null : (ownBudgets?.[freshForRule] ?? null)
}

/** They outlive a reload, with their counts. They are loaded only if there are any. */
async function budgetsOf(config: Config, apps: readonly App[], runtime: Services): Promise<Budgets | null> {
  const reporting = new Set(config.apps.filter(({ enforce }) => enforce === 'report').map(({ id }) => id))
  const configured = (config.watch?.budgets ?? []).map(toBudget).flatMap(budget => underReport(budget, reporting))
  const isWanted = hasBudgets(config, apps) || apps.some(({ tokens }) => tokens != null)
  if (!isWanted && runtime.budgets === null) return null
  if (runtime.budgets === null) {
    const { startBudgets } = await import('./budget-actions.ts')
    runtime.budgets = await startBudgets(runtime)
  }
  runtime.budgets.configure(
    configured,
    apps.flatMap(({ ownBudgets }) => ownBudgets ?? []).filter(own => own !== null)
  )
  return isWanted ? runtime.budgets : null
}

function hasBudgets(config: Config, apps: readonly App[]): boolean {
  return (config.watch?.budgets.length ?? 0) > 0 || apps.some(({ ownBudgets }) => ownBudgets != null)
}

/** It outlives a reload too. */
async function unusualOf(config: Config, apps: readonly App[], runtime: Services): Promise<UnusualWatch | null> {
  const settings = config.watch?.unusual ?? null
  if (settings === null) {
    await runtime.unusual?.stop()
    runtime.unusual = null
    return null
  }
  if (runtime.unusual === null) {
    const { startUnusual } = await import('./unusual-actions.ts')
    runtime.unusual = await startUnusual(runtime, settings)
  }
  const reporting = new Set(apps.filter(({ isReportOnly }) => isReportOnly).map(({ id }) => id))
  await runtime.unusual.configure(settings, app => !reporting.has(app))
  return runtime.unusual
}

/** It outlives a reload too. */
async function decoysOf(apps: readonly App[], runtime: Services): Promise<DecoyWatch | null> {
  if (!apps.some(({ decoys }) => decoys != null)) return null
  if (runtime.decoys === null) {
    const { startDecoys } = await import('./decoy-actions.ts')
    runtime.decoys = await startDecoys(runtime)
  }
  return runtime.decoys
}

type BudgetConfig = NonNullable<Config['watch']>['budgets'][number]

export function toBudget({ id, per, app, window, direction, factors, rate, ...given }: BudgetConfig): Budget {
  const counted: Counted = given.bytes !== null ? 'bytes' : given.requests !== null ? 'requests' : 'distinctPaths'
  return {
    id,
    per,
    app,
    windowSeconds: window,
    counted,
    direction,
    amount: given[counted] as number,
    steps: given.then,
    factors: factors ?? factorKinds,
    institution: factors === null,
    rate,
    isPerProof: false
  }
}

/** Fetching from apps that only report stops nobody. A budget of all apps counts them separately, as `ID.report`. */
export function underReport(budget: Budget, reporting: ReadonlySet<string>): readonly Budget[] {
  if (reporting.size === 0) return [budget]
  const mild = { ...budget, steps: budget.steps.filter(step => step === 'journal' || step === 'notify') }
  if (budget.app !== null) return [reporting.has(budget.app) ? mild : budget]
  return [
    { ...budget, countsApp: app => !reporting.has(app) },
    { ...mild, id: `${budget.id}.report`, countsApp: app => reporting.has(app) }
  ]
}
