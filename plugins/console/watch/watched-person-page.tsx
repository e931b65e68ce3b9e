/** One person as the watch sees them: two weeks, each app, today's signals, what it takes until they are asked, places, budgets and alarms. */
import type { Alarms } from '../../../src/administration/watch/alarms.ts'
import type { BudgetUse } from '../../../src/administration/watch/budget-usage.ts'
import type { WatchedPerson } from '../../../src/administration/watch/watched-person.ts'
import { SmallBarsKey } from '../../../src/charts/small-bars.tsx'
import { Table } from '../../../src/charts/table.tsx'
import { dayMs } from '../../../src/clock.ts'
import type { Account } from '../../../src/identity/account.ts'
import { Said } from '../../portal/layout.tsx'
import { sendPage } from '../../portal/page-context.ts'
import { formatBytes } from '../amounts.ts'
import { accountOf, type ConsoleFrame, consoleFrame, consolePage } from '../console-page.ts'
import { Sheet, watchPath, watchPathOf } from '../layout.tsx'
import type { ConsoleOptions } from '../options.ts'
import type { PageScope } from '../page-scope.ts'
import { pathOf, suspensionPathOf } from '../person.tsx'
import { AlarmsSection, alarmDays } from './alarms-section.tsx'
import { BudgetTable } from './budgets-section.tsx'
import { DaysPicture } from './movement-section.tsx'
import { PlacesSection } from './places-section.tsx'
import { alarmsShown, placeOf } from './watch-page.tsx'

interface WatchedPersonView {
  readonly account: Account
  /** Null where the gate does not learn what is usual. */
  readonly watched: WatchedPerson | null
  readonly uses: readonly BudgetUse[]
  readonly alarms: Alarms
  readonly isFirstAlarm: boolean
  readonly now: number
}

function WatchedPersonPage({ frame, view }: { frame: ConsoleFrame; view: WatchedPersonView }) {
  const say = frame.say.watch.person
  const { account, watched, now, uses } = view
  return (
    <Sheet frame={frame} title={say.title({ name: account.displayName })} at="watch">
      <p class="pages">
        <a href={watchPath}>{say.back}</a>
        <a href={pathOf(account.id)}>{say.account}</a>
        {account.suspended !== null && <a href={suspensionPathOf(account.id)}>{frame.say.person.evidence}</a>}
      </p>
      {watched === null ? <p>{say.noWatch}</p> : !watched.isKnown && <p>{say.unknown}</p>}
      {watched !== null && (
        <div class="sides">
          <Today frame={frame} watched={watched} now={now} />
          <Asking frame={frame} watched={watched} />
        </div>
      )}
      {watched !== null && <Signals frame={frame} watched={watched} />}
      <AlarmsSection
        frame={frame}
        view={view.alarms}
        path={watchPathOf(account.id)}
        isFirst={view.isFirstAlarm}
        person={account.name}
      />
      {watched !== null && watched.apps.length > 0 && <Apps frame={frame} watched={watched} now={now} />}
      <section aria-labelledby="budgets">
        <h2 id="budgets">{say.budgets}</h2>
        {uses.length === 0 ? (
          <p>{say.noBudgets}</p>
        ) : (
          <BudgetTable frame={frame} caption={say.budgets} uses={uses} accounts={new Map()} isOfOne />
        )}
      </section>
      {watched !== null && <PlacesSection frame={frame} places={watched.places} now={now} />}
    </Sheet>
  )
}

function Today({ frame, watched, now }: { frame: ConsoleFrame; watched: WatchedPerson; now: number }) {
  const { moved, person: say } = frame.say.watch
  const { tag } = frame.frame.say.entry
  const { account, bytes, usual, isUsualKnown, above, ownDays, days } = watched
  const format = (amount: number) => formatBytes(Math.round(amount), tag)
  return (
    <section aria-labelledby="days">
      <h2 id="days">{say.days}</h2>
      <p>
        {isUsualKnown ? (
          <>
            {moved.sentence({ bytes: format(bytes), usual: format(usual.middle), busy: format(usual.busy) })}{' '}
            {above > 0 ? say.standardAbove({ days: above.toFixed(1) }) : say.notAbove} {say.learned({ count: ownDays })}
          </>
        ) : (
          moved.notLearned({ bytes: format(bytes) })
        )}
      </p>
      <SmallBarsKey today={moved.today} before={moved.before} usual={moved.usual} />
      <DaysPicture
        frame={frame}
        id={account.id}
        days={days}
        usual={isUsualKnown ? usual : null}
        now={now}
        width={420}
        height={130}
      />
      <details>
        <summary>{say.table}</summary>
        <Table
          caption={say.table}
          columns={[say.day, say.total, ...watched.apps.map(({ app }) => app ?? say.others)]}
          rows={days.map((total, i) => ({
            key: String(i),
            cells: [
              frame.frame.say.formats.shortDay(now - (days.length - 1 - i) * dayMs),
              ...[total, ...watched.apps.map(app => app.days[i]!)].map(amount => (
                <span class="figures">{format(amount)}</span>
              ))
            ]
          }))}
        />
      </details>
    </section>
  )
}

const signalsShown = 4

function Signals({ frame, watched: { signals } }: { frame: ConsoleFrame; watched: WatchedPerson }) {
  const words = frame.say.watch.person
  return (
    <section aria-labelledby="signals">
      <h2 id="signals">{words.signals}</h2>
      {signals.length === 0 ? (
        <p>{words.noSignals}</p>
      ) : (
        <SignalList frame={frame} signals={signals.slice(0, signalsShown)} />
      )}
      {signals.length > signalsShown && (
        <details>
          <summary>{words.moreSignals({ count: signals.length - signalsShown })}</summary>
          <SignalList frame={frame} signals={signals.slice(signalsShown)} />
        </details>
      )}
      <p class="soft">{words.doubts}</p>
    </section>
  )
}

function SignalList({ frame: { say }, signals }: { frame: ConsoleFrame; signals: WatchedPerson['signals'] }) {
  return (
    <ul class="list">
      {signals.map(({ id, points, sentence }) => (
        <li key={id}>
          <p>
            <Said text={sentence} />
          </p>
          <p class="soft">{say.watch.person.points({ points })}</p>
        </li>
      ))}
    </ul>
  )
}

function Asking({ frame: { frame, say }, watched }: { frame: ConsoleFrame; watched: WatchedPerson }) {
  const words = say.watch.person
  const { score, bytesToAlarm, hasAnswered } = watched
  const { strange, alarming, extreme } = watched.thresholds
  const points = { strange: String(strange), alarming: String(alarming), extreme: String(extreme) }
  const bytes = bytesToAlarm === null ? '' : formatBytes(Math.round(bytesToAlarm), frame.say.entry.tag)
  return (
    <section aria-labelledby="ask">
      <h2 id="ask">{words.ask}</h2>
      <p>{words.score({ score: String(score), ...points })}</p>
      <p>
        {score >= alarming
          ? words.reached(points)
          : bytesToAlarm === null
            ? words.noReach(points)
            : words.reach({ ...points, bytes })}
      </p>
      {hasAnswered && <p>{words.answered}</p>}
    </section>
  )
}

function Apps({ frame, watched, now }: { frame: ConsoleFrame; watched: WatchedPerson; now: number }) {
  const say = frame.say.watch.person
  const { tag } = frame.frame.say.entry
  return (
    <section aria-labelledby="apps">
      <h2 id="apps">{say.apps}</h2>
      <ul class="movers">
        {watched.apps.map(({ app, days }, i) => (
          <li key={app ?? ''}>
            <p class="whose">{app ?? say.others}</p>
            <DaysPicture frame={frame} id={`app-${i}`} days={days} usual={null} now={now} />
            <p>{say.sum({ bytes: formatBytes(Math.round(days.reduce((sum, each) => sum + each, 0)), tag) })}</p>
          </li>
        ))}
      </ul>
    </section>
  )
}

export function registerWatchedPerson(scope: PageScope, { watch, accounts }: ConsoleOptions): void {
  scope.get(watchPathOf(':id'), { config: { requires: 'console' } }, async request => {
    const page = consolePage(request)
    const account = await accountOf(page, accounts)
    const { id } = account
    const after = placeOf(new URLSearchParams(page.request.exchange.target.query).get('after'))
    const since = page.now - alarmDays * dayMs
    const [watched, uses, alarms] = await Promise.all([
      watch.person(id),
      watch.uses(),
      watch.alarms({ person: [account.name, id], since, from: after, most: alarmsShown })
    ])
    const view: WatchedPersonView = {
      account,
      watched,
      uses: uses.filter(use => use.account === id),
      alarms,
      isFirstAlarm: after === null,
      now: page.now
    }
    return sendPage(page, 200, <WatchedPersonPage frame={consoleFrame(page)} view={view} />)
  })
}
