/** What the watch has said, from the journal, with its sentences. */
import type { Alarm, Alarms } from '../../../src/administration/watch/alarms.ts'
import { alarmKind } from '../../../src/administration/watch/alarms.ts'
import { Table } from '../../../src/charts/table.tsx'
import { utcMinute } from '../../../src/messages/utc-minute.ts'
import { Said } from '../../portal/layout.tsx'
import type { ConsoleFrame } from '../console-page.ts'
import { base, watchPathOf } from '../layout.tsx'

/** As far back as the page looks. */
export const alarmDays = 14

interface AlarmsProps {
  frame: ConsoleFrame
  view: Alarms
  /** The page that older alarms are on. */
  path: string
  isFirst: boolean
  /** The name by which the journal is searched; null for all people. */
  person: string | null
}

export function AlarmsSection({ frame, view, path, isFirst, person }: AlarmsProps) {
  const say = frame.say.watch.alarms
  const { alarms, next, isPartly, backTo } = view
  const columns = [say.when, say.what, ...(person === null ? [say.who] : []), say.why]
  const journal = new URLSearchParams({ kind: alarmKind, ...(person === null ? {} : { person }) })
  return (
    <section aria-labelledby="alarms">
      <h2 id="alarms">{say.title}</h2>
      {alarms.length === 0 ? (
        <p>{say.none({ days: alarmDays })}</p>
      ) : (
        <Table
          caption={say.title}
          columns={columns}
          rows={alarms.map((alarm, i) => ({ key: `${alarm.at} ${i}`, cells: cellsOf(frame, alarm, person === null) }))}
        />
      )}
      {isPartly && backTo !== null && <p class="soft">{say.partly({ when: utcMinute(backTo) })}</p>}
      <p class="pages">
        {!isFirst && <a href={`${path}#alarms`}>{say.newest}</a>}
        {next !== null && <a href={`${path}?${new URLSearchParams({ after: next })}#alarms`}>{say.older}</a>}
        <a href={`${base}/journal?${journal}`}>{say.journal}</a>
      </p>
    </section>
  )
}

function cellsOf({ say }: ConsoleFrame, alarm: Alarm, hasPerson: boolean) {
  const words = say.watch.alarms
  const steps = alarm.steps.filter(step => step !== 'journal')
  return [
    <span class="figures">{utcMinute(alarm.at)}</span>,
    <>
      <strong>{outcomeOf(say.watch, alarm)}</strong>
      <small>{wordOf(words.kind, alarm.kind.slice(alarmKind.length + 1))}</small>
    </>,
    ...(hasPerson ? [<Whom alarm={alarm} />] : []),
    <>
      <Said text={alarm.sentence} />
      {alarm.isLearning && <small>{words.learning}</small>}
      {!alarm.isLearning && steps.length > 0 && <small>{words.steps({ steps: steps.join(', ') })}</small>}
    </>
  ]
}

/** The journal's name, which may be a pseudonym; the id leads to the person. */
function Whom({ alarm: { account, name, app } }: { alarm: Alarm }) {
  const shown = name ?? account
  return (
    <>
      {account === null ? (
        <bdi>{shown}</bdi>
      ) : (
        <a href={watchPathOf(account)}>
          <bdi>{shown}</bdi>
        </a>
      )}
      {app !== null && <small>{app}</small>}
    </>
  )
}

function outcomeOf({ level, alarms }: ConsoleFrame['say']['watch'], { outcome }: Alarm): string {
  return wordOf({ ...level, ...alarms.outcome }, outcome)
}

/** What a newer release writes has no word here yet. */
function wordOf(words: Readonly<Record<string, string>>, name: string): string {
  return Object.hasOwn(words, name) ? (words[name] as string) : name.replaceAll('_', ' ')
}
