/** The watch page: alarms, who has fetched how much beside their usual, and budgets. Operators alone may open it. */
import type { AppState } from '../../../src/administration/app-changes.ts'
import type { Alarms } from '../../../src/administration/watch/alarms.ts'
import type { DecoyUse } from '../../../src/administration/watch/decoy-touches.ts'
import type { Movement } from '../../../src/administration/watch/movement.ts'
import type { PostureView } from '../../../src/administration/watch/posture-view.ts'
import { dayMs } from '../../../src/clock.ts'
import type { Account } from '../../../src/identity/account.ts'
import { Notice, toFragment } from '../../portal/layout.tsx'
import { sendPage } from '../../portal/page-context.ts'
import { clockTime } from '../../portal/relative-time.ts'
import { formatBytes } from '../amounts.ts'
import { type ConsoleFrame, type ConsolePage, consoleFrame, consolePage } from '../console-page.ts'
import { Following, Sheet, watchPath } from '../layout.tsx'
import { registerLive, watchEventsPath } from '../live.ts'
import type { ConsoleOptions } from '../options.ts'
import type { PageScope } from '../page-scope.ts'
import { AlarmsSection, alarmDays } from './alarms-section.tsx'
import { AppChangesSection } from './app-changes-section.tsx'
import { BudgetsSection, type BudgetView, budgetViews } from './budgets-section.tsx'
import { DecoysSection } from './decoys-section.tsx'
import { MovementSection } from './movement-section.tsx'
import { PostureSection } from './posture-section.tsx'

interface WatchView {
  /** The configuration has a watch. */
  readonly isOn: boolean
  /** Null if the gate does not learn what is usual. */
  readonly movement: Movement | null
  /** Null if it cannot be read. */
  readonly posture: PostureView | null
  readonly alarms: Alarms
  readonly isFirstAlarm: boolean
  readonly budgets: readonly BudgetView[]
  readonly accounts: ReadonlyMap<string, Account>
  readonly apps: readonly AppState[]
  readonly decoys: readonly DecoyUse[]
  readonly now: number
  /** The page follows what happens. */
  readonly isLive: boolean
}

/** People on a page. */
const pageSize = 24
export const alarmsShown = 8
const alarmsOfPage = 50

const sample = `watch:
  unusual: {}
  budgets:
    - { id: bulk, per: person, window: 1h, bytes: 500MiB, then: [journal] }`

function WatchPage({ frame, view }: { frame: ConsoleFrame; view: WatchView }) {
  return (
    <Sheet frame={frame} title={frame.say.watch.title} at="watch">
      <Following frame={frame} events={view.isLive ? watchEventsPath : null} path={watchPath}>
        <WatchContent frame={frame} view={view} />
      </Following>
    </Sheet>
  )
}

/** What the event stream sends: it has no form, and no token. */
function WatchContent({ frame, view }: { frame: ConsoleFrame; view: WatchView }) {
  const say = frame.say.watch
  const { movement, now } = view
  const words = frame.frame.say
  const isOff = !view.isOn && view.apps.length === 0
  // What waits for an answer comes first.
  const hasNews = view.apps.some(({ findings }) => findings.length > 0)
  return (
    <>
      {isOff && (
        <>
          <p>{say.off}</p>
          <pre>{sample}</pre>
          <p class="soft">{say.docs}</p>
        </>
      )}
      {movement?.learnsUntil != null && (
        <Notice>{say.learns({ date: words.formats.date(movement.learnsUntil) })}</Notice>
      )}
      {movement !== null && (
        <p>
          {say.lead({ people: movement.people, bytes: formatBytes(Math.round(movement.bytes), words.entry.tag) })}{' '}
          {movement.people > 0 && say.above({ count: movement.aboveBusy })}
        </p>
      )}
      <PostureSection frame={frame} view={view.posture} now={now} />
      {(!isOff || view.alarms.alarms.length > 0) && (
        <AlarmsSection frame={frame} view={view.alarms} path={watchPath} isFirst={view.isFirstAlarm} person={null} />
      )}
      {hasNews && <AppChangesSection frame={frame} states={view.apps} now={now} />}
      {movement === null && !isOff && <p class="soft">{say.noUnusual}</p>}
      {movement !== null && <MovementSection frame={frame} view={movement} now={now} />}
      {view.isOn && <BudgetsSection frame={frame} views={view.budgets} accounts={view.accounts} />}
      {view.decoys.length > 0 && <DecoysSection frame={frame} uses={view.decoys} now={now} />}
      {view.apps.length > 0 && !hasNews && <AppChangesSection frame={frame} states={view.apps} now={now} />}
      <p class="soft">
        {say.asOf} {frame.say.frame.asOf({ clock: clockTime(now, words) })}{' '}
        <a class="screen" href={watchPath}>
          {frame.say.frame.refresh}
        </a>
      </p>
    </>
  )
}

/** Null for the newest, and for other text. */
export function placeOf(text: string | null): string | null {
  return /^[\w.-]{1,100}@\d{1,15}$/.test(text ?? '') ? text : null
}

/** Its content takes longer than the list of who is signed in. */
const everyMs = 15_000

export function registerWatch(scope: PageScope, { watch, people, appChanges, live }: ConsoleOptions): void {
  scope.get(watchPath, { config: { requires: 'console' } }, async request => {
    const page = consolePage(request)
    const query = new URLSearchParams(page.request.exchange.target.query)
    return sendPage(page, 200, <WatchPage frame={consoleFrame(page)} view={await readWatch(page, query)} />)
  })

  registerLive(scope, live, {
    path: watchEventsPath,
    everyMs,
    render: async page => {
      const view = await readWatch(page, new URLSearchParams())
      return toFragment(<WatchContent frame={consoleFrame(page)} view={view} />)
    }
  })

  /** Later pages stand still, because people read them. */
  async function readWatch(page: ConsolePage, query: URLSearchParams): Promise<WatchView> {
    const after = placeOf(query.get('after'))
    const since = page.now - alarmDays * dayMs
    const most = after === null ? alarmsShown : alarmsOfPage
    const [movement, alarms, uses, apps, posture, decoys] = await Promise.all([
      watch.movement({ page: Number.parseInt(query.get('page') ?? '1', 10) || 1, pageSize, account: null }),
      watch.alarms({ person: null, since, from: after, most }),
      watch.uses(),
      appChanges.read(),
      watch.posture(),
      watch.decoys(since)
    ])
    const budgets = budgetViews(watch.budgets, uses)
    const hasAccounts = budgets.some(({ uses }) => uses.some(({ account }) => account !== null))
    const accounts = hasAccounts ? await people.all() : []
    return {
      isOn: watch.isOn,
      movement,
      posture,
      alarms,
      isFirstAlarm: after === null,
      budgets,
      accounts: new Map(accounts.map(account => [account.id, account])),
      apps,
      decoys,
      now: page.now,
      isLive: page.portal.isAlone === true && query.size === 0
    }
  }
}
