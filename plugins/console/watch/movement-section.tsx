/** Who has fetched how much today: one small picture a person, which also print well. */
import type { Movement, Mover } from '../../../src/administration/watch/movement.ts'
import { SmallBars, SmallBarsKey } from '../../../src/charts/small-bars.tsx'
import { dayMs } from '../../../src/clock.ts'
import { Said } from '../../portal/layout.tsx'
import { formatBytes } from '../amounts.ts'
import type { ConsoleFrame } from '../console-page.ts'
import { Pages, watchPath, watchPathOf } from '../layout.tsx'

export function MovementSection({ frame, view, now }: { frame: ConsoleFrame; view: Movement; now: number }) {
  const say = frame.say.watch
  return (
    <section aria-labelledby="moved">
      <h2 id="moved">{say.moved.title}</h2>
      {view.movers.length === 0 ? (
        <p>{say.moved.nobody}</p>
      ) : (
        <>
          <p class="soft">{say.moved.lead}</p>
          <SmallBarsKey today={say.moved.today} before={say.moved.before} usual={say.moved.usual} />
          <ol class="movers">
            {view.movers.map(mover => (
              <MoverCard key={mover.account.id} frame={frame} mover={mover} now={now} />
            ))}
          </ol>
        </>
      )}
      {view.pages > 1 && (
        <p class="pages">
          <Pages frame={frame} page={view.page} pages={view.pages} to={at => `${watchPath}?page=${at}#moved`} />
        </p>
      )}
    </section>
  )
}

function MoverCard({ frame, mover, now }: { frame: ConsoleFrame; mover: Mover; now: number }) {
  const say = frame.say.watch
  const { tag } = frame.frame.say.entry
  const { account, bytes, usual, isUsualKnown, level, ownDays } = mover
  const format = (amount: number) => formatBytes(Math.round(amount), tag)
  const marks = [
    ...(account.suspended === null ? [] : [say.moved.suspended]),
    ...(level === 'quiet' ? [] : [say.level[level]]),
    ...(isUsualKnown && bytes > usual.busy ? [say.moved.aboveBusy] : [])
  ]
  return (
    <li>
      <p class="whose">
        <a href={watchPathOf(account.id)}>
          <bdi>{account.displayName}</bdi>
        </a>
        {marks.length > 0 && <strong>{marks.join(' · ')}</strong>}
      </p>
      <DaysPicture frame={frame} id={account.id} days={mover.days} usual={isUsualKnown ? usual : null} now={now} />
      <p>
        <Said
          text={
            isUsualKnown
              ? say.moved.sentence({ bytes: format(bytes), usual: format(usual.middle), busy: format(usual.busy) })
              : say.moved.notLearned({ bytes: format(bytes) })
          }
        />
      </p>
      {isUsualKnown && ownDays < fewDays && <p class="soft">{say.moved.new}</p>}
    </li>
  )
}

/** From this number of days on, the usual is mostly the person's own, not that of the groups. */
const fewDays = 5

interface DaysProps {
  frame: ConsoleFrame
  id: string
  days: readonly number[]
  /** Null for none. */
  usual: Mover['usual'] | null
  now: number
  width?: number
  height?: number
}

/** `days`: today last. */
export function DaysPicture({ frame: { frame, say }, id, days, usual, now, width, height }: DaysProps) {
  const { tag } = frame.say.entry
  const format = (amount: number) => formatBytes(Math.round(amount), tag)
  const at = (i: number) => frame.say.formats.shortDay(now - (days.length - 1 - i) * dayMs)
  const most = days.indexOf(Math.max(...days))
  const summary =
    (days[most] ?? 0) <= 0
      ? say.watch.moved.noDays
      : say.watch.moved.days({ most: format(days[most]!), when: at(most) })
  return (
    <SmallBars
      id={id}
      summary={summary}
      values={days}
      usual={usual === null ? null : { low: usual.low, middle: usual.middle, high: usual.busy }}
      ends={[at(0), say.watch.moved.today]}
      format={format}
      {...(width === undefined ? {} : { width })}
      {...(height === undefined ? {} : { height })}
    />
  )
}
