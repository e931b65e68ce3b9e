/** The decoys, and who has touched them lately. */
import type { DecoyUse } from '../../../src/administration/watch/decoy-touches.ts'
import { Table } from '../../../src/charts/table.tsx'
import { formatRelative } from '../../portal/relative-time.ts'
import type { ConsoleFrame } from '../console-page.ts'
import { alarmDays } from './alarms-section.tsx'

export function DecoysSection({ frame, uses, now }: { frame: ConsoleFrame; uses: readonly DecoyUse[]; now: number }) {
  const say = frame.say.watch.decoys
  return (
    <section aria-labelledby="decoys">
      <h2 id="decoys">{say.title}</h2>
      <p class="soft">{say.lead({ days: alarmDays })}</p>
      <Table
        caption={say.title}
        columns={[say.decoy, say.touched, say.last, say.follows]}
        rows={uses.map((use, i) => ({ key: String(i), cells: cellsOf(frame, use, now) }))}
      />
    </section>
  )
}

function cellsOf({ frame, say }: ConsoleFrame, use: DecoyUse, now: number) {
  const words = say.watch.decoys
  const { app, text, serve, steps, touches, people, strangers, lastAt } = use
  return [
    <>
      <code dir="ltr">{text}</code>
      <small>{serve === null ? app : words.served({ app, kind: serve })}</small>
    </>,
    <>
      {touches > 0 ? <strong>{words.byPeople({ touches, people })}</strong> : words.byNobody}
      {strangers > 0 && <small>{words.byStrangers({ touches: strangers })}</small>}
    </>,
    lastAt === null ? null : formatRelative(lastAt, now, frame.say),
    steps.join(', ')
  ]
}
