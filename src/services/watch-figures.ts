/** The figures of the watch from a configuration and a store: for the console, and for the command line, which has no gate. */
import type { Config } from '../../config/schema.ts'
import type { JournalSearch } from '../administration/journal-search.ts'
import type { KnownDecoy } from '../administration/watch/decoy-touches.ts'
import { WatchFigures } from '../administration/watch/figures.ts'
import type { Budget } from '../budgets/budget.ts'
import type { Clock } from '../clock.ts'
import type { Account } from '../identity/account.ts'
import type { Accounts } from '../identity/accounts.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Store } from '../store/store.ts'
import type { UnusualWatch } from '../unusual/unusual-watch.ts'
import { toApp } from './app-options.ts'
import { postureTermsOf } from './posture-terms.ts'
import { toBudget, underReport } from './watching.ts'

interface WatchFiguresParts {
  readonly store: Store
  readonly clock: Clock
  readonly accounts: Pick<Accounts, 'byId'>
  readonly allAccounts: () => Promise<readonly Account[]>
  readonly sessions: Pick<Sessions, 'list'>
  readonly journal: JournalSearch
  /** What this process has in memory; null for none. */
  readonly unusual: () => Pick<UnusualWatch, 'people' | 'doubtsOf'> | null
}

export function watchFigures(config: Config, parts: WatchFiguresParts): WatchFigures {
  const { store, clock, accounts, allAccounts, sessions, journal, unusual } = parts
  const budgets = budgetsOf(config)
  const settings = config.watch?.unusual ?? null
  return new WatchFigures({
    journal,
    decoys: decoysOf(config),
    budgets: { store, clock, budgets: () => budgets },
    postureFactor: postureTermsOf(config).elevated.factor,
    unusual:
      settings === null
        ? null
        : {
            accounts,
            allAccounts,
            learnSeconds: () => settings.learn,
            unwritten: () => unusual()?.people.unwritten() ?? [],
            apps: () => config.apps.map(({ id }) => id),
            devicesOf: async account =>
              (await sessions.list(account)).map(({ session: { id, device } }) => ({ session: id, device })),
            liveOf: account => unusual()?.people.all.get(account) ?? null,
            doubtsOf: session => unusual()?.doubtsOf(session) ?? []
          }
  })
}

/** The budgets of the configuration, with those of its rules (`freshFor`). */
function budgetsOf({ watch, apps, portal }: Config): Budget[] {
  const reporting = new Set(apps.filter(({ enforce }) => enforce === 'report').map(({ id }) => id))
  const own = apps.flatMap(app => toApp(app, portal.url.origin, apps).ownBudgets ?? [])
  return [
    ...(watch?.budgets ?? []).map(toBudget).flatMap(budget => underReport(budget, reporting)),
    ...own.filter(budget => budget !== null)
  ]
}

function decoysOf({ apps, watch, portal }: Config): KnownDecoy[] {
  return apps.flatMap(app => {
    const { all } = toApp(app, portal.url.origin, apps, watch).decoys ?? { all: [] }
    return all.map(({ text, serve, steps }) => ({ app: app.id, text, serve, steps }))
  })
}
